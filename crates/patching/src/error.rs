//! Why a strategy could not be built or asked.

use patchweave_geometry::{Extent, GeometryError, Overlaps, PerAxis};

use crate::GridCell;

/// Why a strategy could not be built or asked.
///
/// A strategy of your own tells its own errors by [`Other`](Self::Other):
///
/// ```
/// use patchweave_patching::PatchingError;
///
/// let read = |text: &str| text.parse::<usize>().map_err(PatchingError::other);
/// let error = read("three").unwrap_err();
/// assert_eq!(error.to_string(), "the strategy failed");
/// assert!(std::error::Error::source(&error).is_some());
/// ```
#[derive(Debug, thiserror::Error)]
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
    /// A sample that does not exist.
    #[error("sample {sample_idx} of image {data_idx} does not exist")]
    NoSample {
        /// Which image.
        data_idx: usize,
        /// Which sample of it.
        sample_idx: usize,
    },
    /// A cell outside the grid of an image.
    #[error("cell {cell:?} does not exist, the grid of image {data_idx} is {grid:?}")]
    NoCell {
        /// Which image.
        data_idx: usize,
        /// The cell asked for.
        cell: GridCell,
        /// Cells along each axis.
        grid: PerAxis<usize>,
    },
    /// A factor that is no share.
    #[error("cell {cell:?} of image {data_idx}, sample {sample_idx}: got factor {factor}, expected 0 to 1")]
    Factor {
        /// Which image.
        data_idx: usize,
        /// Which sample of it.
        sample_idx: usize,
        /// The cell.
        cell: GridCell,
        /// The factor given.
        factor: f64,
    },
    /// A cell that is excluded already or given twice.
    #[error("cell {cell:?} of image {data_idx}, sample {sample_idx} is taken already")]
    CellTaken {
        /// Which image.
        data_idx: usize,
        /// Which sample of it.
        sample_idx: usize,
        /// The cell.
        cell: GridCell,
    },
    /// As many validation patches as there are patches, or more.
    #[error("got {n_val} validation patches, expected fewer than the {n_patches} patches of all images")]
    ValidationCount {
        /// How many were asked for.
        n_val: usize,
        /// How many patches there are.
        n_patches: usize,
    },
    /// More validation patches than there are places for them.
    #[error(
        "got {n_val} validation patches, expected at most {n_cells}, the number of free cells inside the images"
    )]
    ValidationCells {
        /// How many were asked for.
        n_val: usize,
        /// How many can be placed.
        n_cells: usize,
    },
    /// Validation patches whose pixels are needed by all training patches.
    #[error(
        "all {n_patches} patches of the images use pixels of the {n_val} validation patches, none is left to train on"
    )]
    NoTrainingLeft {
        /// How many validation patches there are.
        n_val: usize,
        /// How many patches there were before.
        n_patches: usize,
    },
    /// A stack about which nothing is known.
    #[error("there is no image {data_idx}")]
    NoImage {
        /// The stack.
        data_idx: usize,
    },
    /// A strategy that does not tell where its patches can start.
    #[error(
        "the strategy does not tell where its patches of image {data_idx}, sample {sample_idx} can start"
    )]
    UnknownStarts {
        /// Which image.
        data_idx: usize,
        /// Which sample of it.
        sample_idx: usize,
    },
    /// Blocks of weights of another rank than their image.
    #[error("blocks {block:?} do not go with an image of size {image:?}")]
    WeightRank {
        /// Size of the image.
        image: Extent,
        /// Size of a block.
        block: Extent,
    },
    /// Another number of weights than there are blocks.
    #[error("got {got} weights, expected one for each of {expected} blocks")]
    WeightCount {
        /// How many there are.
        got: usize,
        /// How many blocks cover the image.
        expected: usize,
    },
    /// A weight below 0 or not a number, or one that lets the sum of all weights overflow.
    #[error("block {block:?}: got weight {weight}, expected at least 0 and a finite sum of all weights")]
    Weight {
        /// Position among the blocks.
        block: PerAxis<usize>,
        /// The weight.
        weight: f64,
    },
    /// A share of patches outside of what makes sense.
    #[error("got share {share}, expected more than 0 and at most 1")]
    Share {
        /// The share.
        share: f64,
    },
    /// Another number of maps than samples.
    #[error("got {got} maps of weights, expected one for each of {expected} samples")]
    MapCount {
        /// How many maps there are.
        got: usize,
        /// How many samples there are.
        expected: usize,
    },
    /// A map of another size than its sample.
    #[error(
        "the map of weights of image {data_idx}, sample {sample_idx} has size {map:?}, expected {image:?}"
    )]
    MapSize {
        /// Which image.
        data_idx: usize,
        /// Which sample of it.
        sample_idx: usize,
        /// Size of the map in pixels.
        map: Extent,
        /// Size of the image.
        image: Extent,
    },
    /// Images that do not lie on those a strategy was made for.
    #[error(
        "image {data_idx} of {got} does not lie on its partner among the {n_images} images of the strategy: samples and \
         sizes must agree"
    )]
    OtherImages {
        /// The first image that differs or is missing.
        data_idx: usize,
        /// How many images the strategy has.
        n_images: usize,
        /// How many images were given.
        got: usize,
    },
    /// A geometric failure inside a strategy.
    #[error(transparent)]
    Geometry(#[from] GeometryError),
    /// Any failure of a strategy outside this crate.
    #[error("the strategy failed")]
    Other(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl PatchingError {
    /// That of a strategy outside this crate.
    pub fn other(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        PatchingError::Other(source.into())
    }
}
