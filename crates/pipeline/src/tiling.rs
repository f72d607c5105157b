//! The tiles that a plan cuts images into for prediction, and how they are joined.

use std::sync::Arc;

use patchweave_config::{BlendPlan, TilingPlan};
use patchweave_geometry::ImageShape;
use patchweave_patching::{Patching, PatchingError, TiledPatching, WholePatching};
use patchweave_predict::{Blend, Border, Tiling};

/// How a plan cuts images.
pub(crate) fn tiling(plan: &TilingPlan) -> Tiling {
    match *plan {
        TilingPlan::Tiled { patch_size, overlaps } => Tiling::Tiles { size: patch_size, overlaps },
        TilingPlan::Whole => Tiling::Whole,
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
