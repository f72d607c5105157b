//! The tiles that a plan cuts images into for prediction.

use std::sync::Arc;

use patchweave_config::{PredictPlan, TilingPlan};
use patchweave_geometry::ImageShape;
use patchweave_model::Model;
use patchweave_patching::{Patching, PatchingError, TiledPatching, WholePatching};
use patchweave_predict::{PredictError, Tiling, largest_tiles};

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
