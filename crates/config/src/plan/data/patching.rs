//! How images are cut: into patches for training, into tiles for prediction.

use patchweave_geometry::{Extent, Overlaps};

/// How the images of a data set are cut.
///
/// ```
/// use patchweave_config::{PatchingPlan, TilingPlan};
///
/// assert_eq!(PatchingPlan::Tiling(TilingPlan::Whole).name(), "whole");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum PatchingPlan {
    /// Anywhere, drawn anew in every epoch; for training.
    Random {
        /// The size of a patch; `Y` and `X` are the same.
        patch_size: Extent,
        /// The block's own seed, or the global one.
        seed: u64,
    },
    /// Anywhere, drawn once; for validating.
    FixedRandom {
        /// The size of a patch; `Y` and `X` are the same.
        patch_size: Extent,
        /// The block's own seed, or the global one.
        seed: u64,
    },
    /// About once in every cell of a grid, drawn anew in every epoch; for training. Can leave out background,
    /// and cells that are kept for validation.
    Stratified {
        /// The size of a patch; `Y` and `X` are the same.
        patch_size: Extent,
        /// The block's own seed, or the global one.
        seed: u64,
    },
    /// Anywhere, more often where an image of weights says so; for training.
    Weighted {
        /// The size of a patch; `Y` and `X` are the same.
        patch_size: Extent,
        /// The block's own seed, or the global one.
        seed: u64,
        /// The share of patches that follow the weights, above 0 and at most 1; the rest is drawn anywhere.
        share: f64,
    },
    /// Anywhere, more often around bright pixels; for training.
    Foreground {
        /// The size of a patch; `Y` and `X` are the same.
        patch_size: Extent,
        /// The block's own seed, or the global one.
        seed: u64,
        /// What the centre of such a patch is brighter than, in raw intensity units.
        threshold: f64,
        /// The channel of the image that is looked at.
        ref_channel: usize,
        /// The share of such patches, 0 to 1; the rest is drawn anywhere.
        share: f64,
    },
    /// Side by side in a regular grid; for training.
    Sequential {
        /// The size of a patch.
        patch_size: Extent,
        /// How far neighbours overlap, smaller than the patch.
        overlaps: Overlaps,
    },
    /// As for prediction.
    Tiling(TilingPlan),
}

/// How images are cut for prediction.
///
/// ```
/// use patchweave_config::TilingPlan;
/// use patchweave_geometry::{Extent, PerAxis};
///
/// let tiled = TilingPlan::Tiled { patch_size: Extent::new(&[64, 64])?, overlaps: PerAxis::new(&[16, 16])? };
/// assert_ne!(tiled, TilingPlan::Whole);
/// # Ok::<(), patchweave_geometry::GeometryError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum TilingPlan {
    /// Overlapping tiles.
    Tiled {
        /// The size of a tile.
        patch_size: Extent,
        /// How far neighbours overlap: even, smaller than the tile.
        overlaps: Overlaps,
    },
    /// Each sample in one piece.
    Whole,
}

impl PatchingPlan {
    /// The name in a configuration.
    pub fn name(&self) -> &'static str {
        match self {
            PatchingPlan::Random { .. } => "random",
            PatchingPlan::FixedRandom { .. } => "fixed_random",
            PatchingPlan::Stratified { .. } => "stratified",
            PatchingPlan::Weighted { .. } => "weighted",
            PatchingPlan::Foreground { .. } => "foreground",
            PatchingPlan::Sequential { .. } => "sequential",
            PatchingPlan::Tiling(TilingPlan::Tiled { .. }) => "tiled",
            PatchingPlan::Tiling(TilingPlan::Whole) => "whole",
        }
    }

    /// The size of the patches that training needs room for; tiles may exceed the image.
    pub fn training_size(&self) -> Option<Extent> {
        match self {
            PatchingPlan::Random { patch_size, .. }
            | PatchingPlan::FixedRandom { patch_size, .. }
            | PatchingPlan::Stratified { patch_size, .. }
            | PatchingPlan::Weighted { patch_size, .. }
            | PatchingPlan::Foreground { patch_size, .. }
            | PatchingPlan::Sequential { patch_size, .. } => Some(*patch_size),
            PatchingPlan::Tiling(_) => None,
        }
    }
}
