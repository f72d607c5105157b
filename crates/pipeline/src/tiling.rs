//! The tiles that a plan cuts images into for prediction.

use std::sync::Arc;

use patchweave_config::TilingPlan;
use patchweave_geometry::ImageShape;
use patchweave_patching::{Patching, PatchingError, TiledPatching, WholePatching};
use patchweave_predict::Tiling;

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
