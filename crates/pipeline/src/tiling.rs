//! The tiles that a plan cuts images into for prediction, and how they are joined.

use std::sync::Arc;

use patchweave_config::{BlendPlan, PredictPlan, TilingPlan};
use patchweave_geometry::ImageShape;
use patchweave_model::Model;
use patchweave_patching::{Patching, PatchingError, TiledPatching, WholePatching};
use patchweave_predict::{Blend, Border, PredictError, Tiling, largest_tiles};

/// How a plan cuts images, which have these shapes and of which models are shown so many channels.
///
/// # Errors
/// [`PredictError`] if tiles are to be as large as possible and none fit.
pub(crate) fn tiling(
    predict: &PredictPlan,
    models: &[&dyn Model],
    images: &[ImageShape],
    n_channels: usize,
) -> Result<Tiling, PredictError> {
    match predict.patching {
        TilingPlan::Largest { overlaps } => {
            largest_tiles(models, images, overlaps, n_channels, predict.batch_size, predict.memory_bytes)
        }
        ref given => Ok(given_tiling(given)),
    }
}

/// How a plan cuts images that says so itself, as all but the section `predict` do.
pub(crate) fn given_tiling(plan: &TilingPlan) -> Tiling {
    match *plan {
        TilingPlan::Tiled { patch_size, overlaps } => Tiling::Tiles { size: patch_size, overlaps },
        TilingPlan::Largest { .. } | TilingPlan::Whole => Tiling::Whole,
    }
}

/// Patches that are the tiles of images of these shapes.
pub(crate) fn patching(tiling: &Tiling, shapes: &[ImageShape]) -> Result<Arc<dyn Patching>, PatchingError> {
    Ok(match *tiling {
        Tiling::Tiles { size, overlaps } => Arc::new(TiledPatching::new(shapes, size, Some(overlaps))?),
        Tiling::Whole => Arc::new(WholePatching::new(shapes)?),
    })
}

/// How a plan has overlapping tiles joined.
pub(crate) fn blend(plan: BlendPlan) -> Blend {
    match plan {
        BlendPlan::Crop => Blend::Crop,
        BlendPlan::Constant => Blend::Constant,
        BlendPlan::Border { width, weight } => {
            Blend::Border { width: Border::Every(i64::try_from(width).unwrap_or(i64::MAX)), weight }
        }
        BlendPlan::Linear => Blend::Linear,
        BlendPlan::Hann => Blend::Hann,
        BlendPlan::Gaussian { width } => Blend::Gaussian { width },
    }
}
