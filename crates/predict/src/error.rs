//! Why a prediction ended early, or patches cannot be put together.

use patchweave_geometry::{Coords, Extent, GeometryError, PerAxis, Region};
use patchweave_loader::LoaderError;
use patchweave_quilt::StitchError;
use patchweave_sink::SinkError;
use patchweave_slices::SlicesError;
use patchweave_transform::NormalizeError;

use crate::ModelError;

/// Why a prediction ended early, or patches cannot be put together; what was being written has left nothing behind.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PredictError {
    /// A tile could not be read.
    #[error(transparent)]
    Loader(#[from] LoaderError),
    /// The model failed.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The model gave something of another shape than promised.
    #[error(
        "model {model} gave an array of shape {got:?} for inputs of shape {inputs:?}, expected the same sizes but for the channels"
    )]
    Shape {
        /// Name of the model.
        model: String,
        /// Shape of its result, `BCZYX`.
        got: Vec<usize>,
        /// Shape of its inputs.
        inputs: Vec<usize>,
    },
    /// Predictions cannot be brought back to raw intensities.
    #[error("a prediction of image {data_idx} ({image}) cannot be brought back to raw intensities")]
    Normalize {
        /// The image.
        data_idx: usize,
        /// Its source.
        image: String,
        /// The reason.
        source: NormalizeError,
    },
    /// A tile does not fit its image.
    #[error("a tile of image {data_idx} ({image}) cannot be placed")]
    Stitch {
        /// The image.
        data_idx: usize,
        /// Its source.
        image: String,
        /// The reason.
        source: StitchError,
    },
    /// A result that has no place in the axes of its image.
    #[error("the result of image {data_idx} cannot be laid out")]
    Layout {
        /// The image.
        data_idx: usize,
        /// The reason.
        source: GeometryError,
    },
    /// A result could not be written.
    #[error(transparent)]
    Sink(#[from] SinkError),
    /// Channels from different places, which belong to no image.
    #[error("patch {index} has channels from different places and cannot be placed in an image")]
    Uncorrelated {
        /// The patch.
        index: usize,
    },
    /// Images that do not come one after the other.
    #[error("patch {index} belongs to image {data_idx} ({image}), which is already finished")]
    ImageOrder {
        /// The patch.
        index: usize,
        /// The image.
        data_idx: usize,
        /// Its source.
        image: String,
    },
    /// An image that the data set does not have.
    #[error("patch {index} points at image {data_idx}, there are {n_images}")]
    NoSuchImage {
        /// The patch.
        index: usize,
        /// The image.
        data_idx: usize,
        /// How many there are.
        n_images: usize,
    },
    /// Patches that do not come one after the other.
    #[error("got patch {got}, expected {expected}; a prediction needs a loader in sequential order")]
    PatchOrder {
        /// The patch.
        got: usize,
        /// The patch that is next.
        expected: usize,
    },
    /// A loader that left patches out.
    #[error(
        "got {got} patches, expected all {expected}; a prediction needs a loader that keeps the last batch"
    )]
    MissingPatches {
        /// Patches delivered.
        got: usize,
        /// Patches of the data set.
        expected: usize,
    },
    /// A patch that is neither a tile nor a whole sample, and so has no place in an image.
    #[error(
        "patch {index} of image {data_idx} ({image}): got {} at {:?}, expected a tile or all of {expected}",
        got.size,
        got.start
    )]
    NotWhole {
        /// The patch.
        index: usize,
        /// The image.
        data_idx: usize,
        /// Its source.
        image: String,
        /// What the patch covers.
        got: Region,
        /// Size of the image.
        expected: Extent,
    },
    /// A whole sample that is not the next one of its image.
    #[error("patch {index} of image {data_idx} ({image}): got sample {got}, expected {expected}")]
    SampleOrder {
        /// The patch.
        index: usize,
        /// The image.
        data_idx: usize,
        /// Its source.
        image: String,
        /// The sample.
        got: usize,
        /// The sample that is next.
        expected: usize,
    },
    /// Tiles that leave a gap along the last axis.
    #[error(
        "image {data_idx} ({image}): got a row of tiles up to X = {got}, expected it to reach {expected}"
    )]
    Gap {
        /// The image.
        data_idx: usize,
        /// Its source.
        image: String,
        /// Where the gap starts.
        got: usize,
        /// Where it ends: the start of the next tile, or the width of the image.
        expected: usize,
    },
    /// A tile whose part of the image was there before.
    #[error(
        "patch {index} of image {data_idx} ({image}): got the tile at {stitch_coords:?} of sample {sample_idx} a second \
         time"
    )]
    TileTwice {
        /// The patch.
        index: usize,
        /// The image.
        data_idx: usize,
        /// Its source.
        image: String,
        /// The sample.
        sample_idx: usize,
        /// First pixel of the part.
        stitch_coords: Coords,
    },
    /// An image of tiles that do not cover it.
    #[error(
        "image {data_idx} ({image}): got no tile over the pixel {at:?} of sample {sample_idx}, expected tiles over all \
         pixels"
    )]
    Uncovered {
        /// The image.
        data_idx: usize,
        /// Its source.
        image: String,
        /// The sample.
        sample_idx: usize,
        /// The first such pixel, `(Z)YX`.
        at: PerAxis<usize>,
    },
    /// An image without tiles that did not get all of its samples.
    #[error("image {data_idx} ({image}): got {got} samples, expected {expected}")]
    ImageIncomplete {
        /// The image.
        data_idx: usize,
        /// Its source.
        image: String,
        /// Samples written.
        got: usize,
        /// Samples that it has.
        expected: usize,
    },
    /// An image that got no patch at all.
    #[error("got no patch of image {data_idx}, expected patches of each of the {n_images} images")]
    ImageMissing {
        /// The image.
        data_idx: usize,
        /// How many there are.
        n_images: usize,
    },
    /// A row of tiles for which there is no memory.
    #[error(
        "a row of tiles of image {data_idx} ({image}) needs {shape:?} values (CZYX), which cannot be held in memory"
    )]
    RowTooLarge {
        /// The image.
        data_idx: usize,
        /// Its source.
        image: String,
        /// Shape of the row, `CZYX`.
        shape: [usize; 4],
    },
    /// A plan that does not belong to its stack of slices.
    #[error(transparent)]
    Slices(#[from] SlicesError),
    /// The caller asked to stop.
    #[error("interrupted")]
    Interrupted,
}
