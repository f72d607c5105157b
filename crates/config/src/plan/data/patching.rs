//! How images are cut: into patches for training, into tiles for prediction.

use patchweave_geometry::{Extent, Overlaps};

use super::patching_kind::PatchingKind;

/// How the images of a data set are cut.
///
/// ```
/// use patchweave_config::{PatchingPlan, TilingPlan};
///
/// assert_eq!(PatchingPlan::Tiling(TilingPlan::Whole).name(), "whole");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum PatchingPlan {
    /// Random positions, drawn anew in every epoch; for training.
    Random {
        /// The size of a patch, equal along `Y` and `X`.
        patch_size: Extent,
        /// The seed of the block, or else the global seed.
        seed: u64,
    },
    /// Random positions, drawn once; for validation.
    FixedRandom {
        /// The size of a patch, equal along `Y` and `X`.
        patch_size: Extent,
        /// The seed of the block, or else the global seed.
        seed: u64,
    },
    /// About one random position per cell of a grid, drawn anew in every epoch; for training. Only this patching can leave
    /// out background, and cells that are reserved for validation.
    Stratified {
        /// The size of a patch, equal along `Y` and `X`.
        patch_size: Extent,
        /// The seed of the block, or else the global seed.
        seed: u64,
    },
    /// Random positions, more often where an image of weights is large; for training.
    Weighted {
        /// The size of a patch, equal along `Y` and `X`.
        patch_size: Extent,
        /// The seed of the block, or else the global seed.
        seed: u64,
        /// The fraction of patches that follow the weights, above 0 and at most 1; the others are drawn uniformly.
        share: f64,
    },
    /// Random positions, more often around bright pixels; for training.
    Foreground {
        /// The size of a patch, equal along `Y` and `X`.
        patch_size: Extent,
        /// The seed of the block, or else the global seed.
        seed: u64,
        /// The intensity that the centre of such a patch exceeds, in raw units.
        threshold: f64,
        /// The channel of the image that decides.
        ref_channel: usize,
        /// The fraction of such patches, above 0 and at most 1; the others are drawn uniformly.
        share: f64,
    },
    /// A regular grid; for training.
    Sequential {
        /// The size of a patch.
        patch_size: Extent,
        /// The overlap of neighbours, smaller than the patch.
        overlaps: Overlaps,
    },
    /// Tiles or whole images; for prediction.
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
        /// The overlap of neighbours: even, smaller than the tile.
        overlaps: Overlaps,
    },
    /// Overlapping tiles as large as models and memory allow (`patch_size: auto`).
    Largest {
        /// The overlap of neighbours: even; as the halo of the models wants it, if there is none.
        overlaps: Option<Overlaps>,
    },
    /// Every sample as a whole.
    Whole,
}

impl PatchingPlan {
    /// The name in a configuration.
    pub fn name(&self) -> &'static str {
        self.kind().name()
    }

    fn kind(&self) -> PatchingKind {
        match self {
            PatchingPlan::Random { .. } => PatchingKind::Random,
            PatchingPlan::FixedRandom { .. } => PatchingKind::FixedRandom,
            PatchingPlan::Stratified { .. } => PatchingKind::Stratified,
            PatchingPlan::Weighted { .. } => PatchingKind::Weighted,
            PatchingPlan::Foreground { .. } => PatchingKind::Foreground,
            PatchingPlan::Sequential { .. } => PatchingKind::Sequential,
            PatchingPlan::Tiling(TilingPlan::Tiled { .. } | TilingPlan::Largest { .. }) => {
                PatchingKind::Tiled
            }
            PatchingPlan::Tiling(TilingPlan::Whole) => PatchingKind::Whole,
        }
    }

    /// The size of a patch that must fit into the images; `None` for tiles, which may exceed an image.
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

    /// The size of patches that need not be square; `None` for strategies whose patches are, and for tiles.
    pub(crate) fn oblong_size(&self) -> Option<&Extent> {
        match self {
            PatchingPlan::Sequential { patch_size, .. } => Some(patch_size),
            PatchingPlan::Random { .. }
            | PatchingPlan::FixedRandom { .. }
            | PatchingPlan::Stratified { .. }
            | PatchingPlan::Weighted { .. }
            | PatchingPlan::Foreground { .. }
            | PatchingPlan::Tiling(_) => None,
        }
    }

    /// Whether a training has the same positions in every epoch.
    pub(crate) fn has_fixed_positions(&self) -> bool {
        match self {
            PatchingPlan::Sequential { .. } => true,
            PatchingPlan::Random { .. }
            | PatchingPlan::Stratified { .. }
            | PatchingPlan::Weighted { .. }
            | PatchingPlan::Foreground { .. }
            // These two have no place in a training.
            | PatchingPlan::FixedRandom { .. }
            | PatchingPlan::Tiling(_) => false,
        }
    }
}
