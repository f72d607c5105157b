//! Where the results of a prediction go.

use patchweave_geometry::{ImageShape, TileGrid};
use patchweave_model::OutputInfo;
use patchweave_pixel::{Lost, PixelMap};
use patchweave_sink::{Job, Location};

/// One image that a prediction makes: an output of a model, for an image of the data set.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct OutputImage<'a> {
    /// The image of the data set.
    pub data_idx: usize,
    /// The model, by its place.
    pub model_idx: usize,
    /// The output of the model, by its place.
    pub output_idx: usize,
    /// What the model says of the output.
    pub info: &'a OutputInfo,
    /// Samples, channels and size of the result.
    pub shape: ImageShape,
    /// The tiles that it is made of, in its own pixels; where the input was made larger for the model they reach further than
    /// the result.
    pub tiles: TileGrid,
}

/// A place that one image is written to, and how predictions become pixels of its type.
pub struct Target {
    /// Writes the image; its layout has the shape of the [`OutputImage`].
    pub job: Job,
    /// How predictions become pixels.
    pub map: PixelMap,
}

/// An image that was written.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Finished {
    /// The image of the data set.
    pub data_idx: usize,
    /// The model, by its place.
    pub model_idx: usize,
    /// The output of the model, by its place.
    pub output_idx: usize,
    /// Which of the targets of this output.
    pub target_idx: usize,
    /// Where it is.
    pub location: Location,
    /// What was lost where predictions became pixels, in the units that this run wrote.
    pub lost: Lost,
}
