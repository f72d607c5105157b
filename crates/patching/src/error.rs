//! Why a strategy could not be built or asked.

use patchweave_geometry::{Extent, GeometryError, Overlaps};

/// Why a strategy could not be built or asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatchingError {
    /// An index beyond the last patch.
    #[error("patch {index} does not exist, there are {n_patches}")]
    IndexOutOfRange {
        /// The index asked for.
        index: usize,
        /// How many patches there are.
        n_patches: usize,
    },
    /// Patch and image of different rank.
    #[error("patch {patch_size:?} does not fit image {data_idx}, which has {n_axes} spatial axes")]
    RankMismatch {
        /// The patch size.
        patch_size: Extent,
        /// Which image.
        data_idx: usize,
        /// Its number of spatial axes.
        n_axes: usize,
    },
    /// An image that is smaller than the patch where that is not allowed.
    #[error("patch {patch_size:?} does not fit image {data_idx} of size {image:?}")]
    TooSmall {
        /// The patch size.
        patch_size: Extent,
        /// Which image.
        data_idx: usize,
        /// Its size.
        image: Extent,
    },
    /// An overlap that leaves no step to the next patch.
    #[error("overlaps {overlaps:?} do not go with patch {patch_size:?}, each must be smaller than the patch")]
    Overlap {
        /// The overlaps.
        overlaps: Overlaps,
        /// The patch size.
        patch_size: Extent,
    },
    /// More patches than can be counted.
    #[error("image {data_idx} has more patches than can be counted")]
    TooMany {
        /// Which image.
        data_idx: usize,
    },
    /// A geometric failure inside a strategy.
    #[error(transparent)]
    Geometry(#[from] GeometryError),
}
