//! Why a prediction ended early, or patches cannot be put together.

use std::path::PathBuf;
use std::sync::Arc;

use patchweave_construct::ConstructError;
use patchweave_geometry::{GeometryError, RegionSpec};
use patchweave_loader::LoaderError;
use patchweave_model::ModelError;
use patchweave_pixel::MoveError;
use patchweave_quilt::QuiltError;
use patchweave_sink::SinkError;
use patchweave_slices::SlicesError;
use patchweave_stack::StackError;
use patchweave_transform::NormalizeError;

/// Why a prediction ended early, or patches cannot be put together; images that were finished before stay.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PredictError {
    /// A tile could not be read.
    #[error(transparent)]
    Loader(#[from] LoaderError),
    /// The data set has no such sample.
    #[error(transparent)]
    Construct(#[from] ConstructError),
    /// A model failed, or does not take such tiles.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// An image of which a model wants statistics and a tile cannot be read.
    #[error("model {model} predicts with statistics of the whole image {image}, which cannot be read")]
    StatisticsOfImage {
        /// The model.
        model: String,
        /// The source of the image.
        image: String,
        /// The reason.
        source: Arc<ConstructError>,
    },
    /// Images of which a model wants statistics together and one cannot be read.
    #[error(
        "model {model} predicts with statistics of all images together, and {image} cannot be read: the results of all images \
         would change without it, so it is neither skipped nor filled; repair it, or predict without it"
    )]
    StatisticsOfAll {
        /// The model.
        model: String,
        /// The source of the image.
        image: String,
        /// The reason.
        source: Arc<ConstructError>,
    },
    /// Tiles cannot be blended as asked.
    #[error("tiles cannot be blended")]
    Blend(#[from] QuiltError),
    /// Images and tiles do not go together.
    #[error("images cannot be cut into tiles")]
    Tiling(#[from] GeometryError),
    /// The data set has other tiles than the tiling says.
    #[error("got {got} tiles, expected {expected}; cut the data set as the prediction is told")]
    TileCount {
        /// Tiles of the data set.
        got: usize,
        /// Tiles of the tiling.
        expected: usize,
    },
    /// Memory that not even the smallest tiles fit into.
    #[error(
        "the smallest tiles that the models take need {} MiB, which do not fit into {} MiB; allow for more memory",
        needed.div_ceil(1 << 20),
        memory >> 20
    )]
    NoRoom {
        /// Bytes that they need.
        needed: usize,
        /// Bytes that there are.
        memory: usize,
    },
    /// A mask that does not belong to its image.
    #[error(
        "mask {mask} of image {data_idx} has the shape SC(Z)YX {got:?}, expected {expected:?} as the image, of one channel"
    )]
    MaskShape {
        /// The image.
        data_idx: usize,
        /// The source of the mask.
        mask: String,
        /// The shape of the mask.
        got: Vec<usize>,
        /// The shape that it should have.
        expected: Vec<usize>,
    },
    /// A mask that cannot be read; without it nobody knows where there is something to predict.
    #[error("mask {mask} of image {data_idx} ({image}) cannot be read, expected one that can be, or none")]
    Mask {
        /// The source of the mask.
        mask: String,
        /// The image.
        data_idx: usize,
        /// Its source.
        image: String,
        /// Why.
        source: StackError,
    },
    /// A sample that is not the tile of its number.
    #[error(
        "tile {tile_idx} of image {data_idx} ({image}): got {got:?}, expected the tile that the prediction is told of"
    )]
    NotTheTile {
        /// The image.
        data_idx: usize,
        /// Its source.
        image: String,
        /// The tile.
        tile_idx: usize,
        /// What was delivered.
        got: Box<RegionSpec>,
    },
    /// Tiles that an output with fewer pixels than its input would cut in the middle of a pixel.
    #[error(
        "output {output} of model {model} has a pixel for every {expected} of the input along {axis}: got {what} of {got} \
         pixels, expected a multiple of {expected}"
    )]
    NotWholePixels {
        /// The model.
        model: String,
        /// Its output.
        output: String,
        /// Tiles or overlaps.
        what: &'static str,
        /// The axis.
        axis: &'static str,
        /// Pixels along it.
        got: usize,
        /// Pixels of the input under one of the output.
        expected: usize,
    },
    /// A target for an image of another shape.
    #[error(
        "{path}: got an image of shape {got:?} (NC(Z)YX), expected {expected:?}, which is that of the output"
    )]
    TargetShape {
        /// The target.
        path: PathBuf,
        /// Its shape.
        got: Vec<usize>,
        /// The shape of the output.
        expected: Vec<usize>,
    },
    /// A target for something that an output does not have.
    #[error("output {output}: got {got}, expected {expected}")]
    Content {
        /// The output.
        output: String,
        /// What the target is to hold.
        got: String,
        /// What the output has.
        expected: &'static str,
    },
    /// Predictions cannot be brought back to raw intensities.
    #[error(
        "a prediction of image {data_idx} ({image}) cannot be brought back to raw intensities; of models whose outputs are \
         none, say so (intensities: own)"
    )]
    Normalize {
        /// The image.
        data_idx: usize,
        /// Its source.
        image: String,
        /// The reason.
        source: NormalizeError,
    },
    /// A result that has no place in the axes of its image.
    #[error("the result of image {data_idx} cannot be laid out")]
    Layout {
        /// The image.
        data_idx: usize,
        /// The reason.
        source: GeometryError,
    },
    /// Pixels that do not fit the axes of their target.
    #[error("pixels of image {data_idx} cannot be brought to the axes of the result")]
    Axes {
        /// The image.
        data_idx: usize,
        /// The reason.
        source: MoveError,
    },
    /// No memory for a part of a result.
    #[error(
        "a part of the result of image {data_idx} needs {shape:?} values (CZYX), which cannot be held in memory"
    )]
    OutOfMemory {
        /// The image.
        data_idx: usize,
        /// Shape of the part, `CZYX`.
        shape: [usize; 4],
    },
    /// A result could not be written.
    #[error(transparent)]
    Sink(#[from] SinkError),
    /// A plan that does not belong to its stack of slices.
    #[error(transparent)]
    Slices(#[from] SlicesError),
    /// The caller asked to stop.
    #[error("interrupted")]
    Interrupted,
}
