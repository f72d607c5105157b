//! Where the results of a prediction go.

use patchweave_geometry::{ImageShape, TileGrid};
use patchweave_model::OutputInfo;
use patchweave_pixel::{Lost, PixelMap};
use patchweave_sink::{Job, Location};

use crate::Content;

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
    /// Samples, channels and size of the output; a target may get [something else](Content) than all of its channels.
    pub shape: ImageShape,
    /// The tiles that it is made of, in its own pixels; where the input was made larger for the model they reach further than
    /// the result.
    pub tiles: TileGrid,
}

/// A place that one image is written to, what of an output it gets, and how that becomes pixels of its type.
#[non_exhaustive]
pub struct Target {
    /// Writes the image; its layout has the shape of the [`OutputImage`], with the channels of the content.
    pub job: Job,
    /// How predictions become pixels.
    pub map: PixelMap,
    /// What of the output it gets.
    pub content: Content,
}

impl Target {
    /// A target for all values of an output.
    #[must_use]
    pub fn new(job: Job, map: PixelMap) -> Self {
        Target { job, map, content: Content::default() }
    }

    /// With something else of the output.
    #[must_use]
    pub fn with_content(mut self, content: Content) -> Self {
        self.content = content;
        self
    }
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
