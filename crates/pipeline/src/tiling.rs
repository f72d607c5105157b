//! The strategies that a plan names.

use std::sync::Arc;

use patchweave_config::{PatchingPlan, TilingPlan};
use patchweave_geometry::ImageShape;
use patchweave_patching::{
    FixedRandomPatching, Patching, PatchingError, RandomPatching, SequentialPatching, TiledPatching,
    WholePatching,
};

pub(crate) fn patching(
    plan: &PatchingPlan,
    shapes: &[ImageShape],
) -> Result<Arc<dyn Patching>, PatchingError> {
    Ok(match *plan {
        PatchingPlan::Random { patch_size, seed } => {
            Arc::new(RandomPatching::new(shapes, patch_size)?.with_seed(seed))
        }
        PatchingPlan::FixedRandom { patch_size, seed } => {
            Arc::new(FixedRandomPatching::new(shapes, patch_size, seed)?)
        }
        PatchingPlan::Sequential { patch_size, overlaps } => {
            Arc::new(SequentialPatching::new(shapes, patch_size, Some(overlaps))?)
        }
        PatchingPlan::Tiling(ref plan) => return tiling(plan, shapes),
    })
}

pub(crate) fn tiling(plan: &TilingPlan, shapes: &[ImageShape]) -> Result<Arc<dyn Patching>, PatchingError> {
    Ok(match *plan {
        TilingPlan::Tiled { patch_size, overlaps } => {
            Arc::new(TiledPatching::new(shapes, patch_size, Some(overlaps))?)
        }
        TilingPlan::Whole => Arc::new(WholePatching::new(shapes)?),
    })
}
