//! The tiles that a plan cuts images into for prediction.

use std::sync::Arc;

use patchweave_config::TilingPlan;
use patchweave_geometry::ImageShape;
use patchweave_patching::{Patching, PatchingError, TiledPatching, WholePatching};

pub(crate) fn tiling(plan: &TilingPlan, shapes: &[ImageShape]) -> Result<Arc<dyn Patching>, PatchingError> {
    Ok(match *plan {
        TilingPlan::Tiled { patch_size, overlaps } => {
            Arc::new(TiledPatching::new(shapes, patch_size, Some(overlaps))?)
        }
        TilingPlan::Whole => Arc::new(WholePatching::new(shapes)?),
    })
}
