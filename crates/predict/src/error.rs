//! Why a prediction ended early.

use patchweave_geometry::GeometryError;
use patchweave_loader::LoaderError;
use patchweave_quilt::StitchError;
use patchweave_sink::SinkError;
use patchweave_transform::NormalizeError;

use crate::ModelError;

/// Why a prediction ended early; what it was writing has left nothing behind.
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
    #[error("a prediction of image {data_idx} cannot be brought back to raw intensities")]
    Normalize {
        /// The image.
        data_idx: usize,
        /// The reason.
        source: NormalizeError,
    },
    /// A tile does not fit its image.
    #[error("a tile of image {data_idx} cannot be placed")]
    Stitch {
        /// The image.
        data_idx: usize,
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
    #[error("patch {index} belongs to image {data_idx}, which is already finished")]
    ImageOrder {
        /// The patch.
        index: usize,
        /// The image.
        data_idx: usize,
    },
    /// The caller asked to stop.
    #[error("interrupted")]
    Interrupted,
}
