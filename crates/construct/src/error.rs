//! Why a constructor could not be built or a sample not be made.

use patchweave_geometry::{Extent, GeometryError, ImageShape};
use patchweave_patching::PatchingError;
use patchweave_stack::StackError;
use patchweave_transform::NormalizeError;

/// Why a constructor could not be built or a sample not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConstructError {
    /// The strategy refused.
    #[error(transparent)]
    Patching(#[from] PatchingError),
    /// An image could not be read.
    #[error(transparent)]
    Stack(#[from] StackError),
    /// The statistics do not fit the sample.
    #[error(transparent)]
    Normalize(#[from] NormalizeError),
    /// Windows that do not fit the image or the machine.
    #[error(transparent)]
    Geometry(#[from] GeometryError),
    /// Another number of shapes than of descriptions of images.
    #[error("got metadata of {n_metadata} images, expected one for each of the {n_shapes} shapes")]
    MetadataCount {
        /// Number of shapes.
        n_shapes: usize,
        /// Number of descriptions.
        n_metadata: usize,
    },
    /// No image at all.
    #[error("there are no images")]
    NoImages,
    /// Images that cannot be cut by one strategy.
    #[error(
        "{source_name} has shape {shape:?}, the first image has {first:?}: all need the same number of spatial axes and of channels"
    )]
    UnlikeImages {
        /// The image that differs.
        source_name: String,
        /// Its shape.
        shape: ImageShape,
        /// The shape of the first image.
        first: ImageShape,
    },
    /// A patch that is cut elsewhere in every epoch, where it has to stay.
    #[error(
        "patch {index} is not cut at one place in all epochs, so it cannot have a weight; patching sequential has places that stay, patching weighted draws places by weight"
    )]
    NoFixedPlace {
        /// Which patch.
        index: usize,
    },
    /// Different numbers of inputs and targets.
    #[error("got {n_targets} targets for {n_inputs} inputs, expected one target for every input")]
    TargetCount {
        /// Number of input images.
        n_inputs: usize,
        /// Number of target images.
        n_targets: usize,
    },
    /// A target that does not lie on its input.
    #[error(
        "target {target_name} has shape {target:?}, its input {input_name} has {input:?}: samples and sizes must agree"
    )]
    TargetShape {
        /// The input image.
        input_name: String,
        /// Its shape.
        input: ImageShape,
        /// The target image.
        target_name: String,
        /// Its shape.
        target: ImageShape,
    },
    /// A spec that points at an image that does not exist.
    #[error("patch {index} points at image {data_idx}, there are {n_images}")]
    NoSuchImage {
        /// The patch.
        index: usize,
        /// The image it points at.
        data_idx: usize,
        /// How many images there are.
        n_images: usize,
    },
    /// A spec of a kind that the constructor does not make.
    #[error("patch {index} has channels from different places, this constructor cuts one place")]
    UncorrelatedSpec {
        /// The patch.
        index: usize,
    },
    /// A channel selection that does not fit the images.
    #[error("channel selection {channels:?} does not fit images with {n_channels} channels")]
    Channels {
        /// The selection.
        channels: Vec<usize>,
        /// How many channels the images have.
        n_channels: usize,
    },
    /// Images of several channels where one is expected.
    #[error("{role} must have one channel, got {n_channels}")]
    SingleChannel {
        /// What the images are used as.
        role: &'static str,
        /// How many channels they have, or how many were selected.
        n_channels: usize,
    },
    /// Weights that cannot be drawn.
    #[error("got weights from {low} to {high}, expected two finite numbers in ascending order")]
    AlphaRange {
        /// The lower limit.
        low: f64,
        /// The upper limit.
        high: f64,
    },
    /// Another number of ranges of weights than of channels.
    #[error("got {n_ranges} ranges of weights for {n_channels} channels, expected one for each")]
    AlphaCount {
        /// How many ranges there are.
        n_ranges: usize,
        /// How many channels need one.
        n_channels: usize,
    },
    /// A probability outside 0 to 1.
    #[error("got a probability of {got}, expected 0 to 1")]
    Probability {
        /// The value.
        got: f64,
    },
    /// Channels that would be cut in different sizes.
    #[error(
        "got patches of size {patch_size:?} and {expected:?}, channels from different places need one size"
    )]
    UnequalPatches {
        /// The size that differs.
        patch_size: Extent,
        /// The size of the first patch.
        expected: Extent,
    },
    /// A pyramid with fewer levels than there are scales.
    #[error("{source_name} has {got} levels, expected at least {expected}, one for each scale")]
    TooFewLevels {
        /// The image.
        source_name: String,
        /// How many levels it has.
        got: usize,
        /// How many are needed.
        expected: usize,
    },
    /// A level of a pyramid that is not the full resolution shrunk by the factor of its scale.
    #[error(
        "{source_name} has size {got}, expected {expected} for scale {scale} of {full}: each level must halve the axes \
         that grow; with context_depth keep, Z does not"
    )]
    LevelSize {
        /// The level.
        source_name: String,
        /// Its size.
        got: Extent,
        /// The size it should have, or one pixel more or less along an axis.
        expected: Extent,
        /// Which scale is read from it.
        scale: usize,
        /// The size at full resolution.
        full: Extent,
    },
    /// Samples that do not belong to a single image.
    #[error("samples cannot be told apart by image: {reason}")]
    NoSingleStack {
        /// Why.
        reason: &'static str,
    },
    /// Memory of the wrong shape for a sample.
    #[error("got memory of shape {got:?} for the {role}, expected {expected:?}")]
    OutputShape {
        /// Input or target.
        role: &'static str,
        /// The shape of the memory.
        got: Vec<usize>,
        /// The shape of the sample.
        expected: Vec<usize>,
    },
    /// Quarter turns of patches that are not square.
    #[error("patch {patch_size:?} cannot be turned by 90°, its last two sizes must be equal")]
    NotSquare {
        /// The size of the patch.
        patch_size: Extent,
    },
    /// The caller asked to stop.
    #[error("interrupted")]
    Interrupted,
    /// Pixels that are infinite or no number, where statistics are computed.
    #[error(
        "{source_name}: the {role} of patch {index} holds pixels that are infinite or no number, statistics need finite ones; repair the image, or give statistics in the configuration"
    )]
    NotFinite {
        /// The image.
        source_name: String,
        /// Input or target.
        role: &'static str,
        /// The patch.
        index: usize,
    },
    /// Pixels that are infinite or no number, where they are refused.
    #[error(
        "{source_name}: the {role} of patch {index} holds pixels that are infinite or no number; repair the image, or \
         keep them with reading.non_finite: keep"
    )]
    PixelsNotFinite {
        /// The image.
        source_name: String,
        /// Input or target.
        role: &'static str,
        /// The patch.
        index: usize,
    },
    /// A sample that would take more memory than it may.
    #[error("sample {index} needs {needed} bytes, the limit is {limit}; use smaller patches")]
    TooLarge {
        /// The sample.
        index: usize,
        /// Bytes of its input and target.
        needed: usize,
        /// Bytes it may have.
        limit: usize,
    },
    /// Memory that the machine does not have.
    #[error("there is no memory for an array of shape {shape:?}")]
    OutOfMemory {
        /// The shape, `CZYX`.
        shape: [usize; 4],
    },
    /// A weight that cannot be drawn by.
    #[error(
        "{source_name}: sample {sample_idx} has weight {weight} at {zyx:?} (ZYX), expected a number of 0 or more"
    )]
    Weight {
        /// The image.
        source_name: String,
        /// Which sample.
        sample_idx: usize,
        /// Which pixel.
        zyx: [i64; 3],
        /// Its weight.
        weight: f64,
    },
    /// A tolerance where there is nothing to tolerate.
    #[error("got tolerance {tolerance}, expected a number above 0 and statistics of means")]
    Tolerance {
        /// The value.
        tolerance: f64,
    },
    /// Nothing to compute statistics from.
    #[error("statistics cannot be computed: there are no patches")]
    NoPatches,
    /// Any failure of a constructor outside this crate.
    #[error("the constructor failed")]
    Other(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl ConstructError {
    /// That of a constructor outside this crate.
    ///
    /// ```
    /// use patchweave_construct::ConstructError;
    ///
    /// let error = ConstructError::other("the simulator is out of photons");
    /// assert_eq!(error.to_string(), "the constructor failed");
    /// assert!(std::error::Error::source(&error).is_some());
    /// ```
    pub fn other(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        ConstructError::Other(source.into())
    }
}
