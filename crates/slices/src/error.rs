//! Why slices cannot be used as channels, or not be read.

use patchweave_geometry::{Axes, GeometryError};
use patchweave_pixel::PixelType;
use patchweave_stack::StackError;

/// Why a specification, a selection, a plan or an index was refused, or why reading failed.
///
/// ```
/// use patchweave_slices::{ChannelSpec, SlicesError};
///
/// let error = ChannelSpec::builder().build().unwrap_err();
/// assert!(matches!(error, SlicesError::NoOperations));
/// assert_eq!(
///     error.to_string(),
///     "the channel specification is empty, expected at least one of identity, mean and std"
/// );
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SlicesError {
    /// A name that stands for nothing.
    #[error("got the {what} {got:?}, expected {expected}")]
    UnknownName {
        /// What it should name.
        what: &'static str,
        /// The name.
        got: String,
        /// The names there are.
        expected: &'static str,
    },
    /// A specification that makes no channels.
    #[error("the channel specification is empty, expected at least one of identity, mean and std")]
    NoOperations,
    /// Members that do not fit their operation.
    #[error("{operation}: got {got}, expected {expected}")]
    Members {
        /// The operation as it was written.
        operation: String,
        /// What was found.
        got: String,
        /// What it takes.
        expected: &'static str,
    },
    /// An offset that no volume has slices for.
    #[error("{operation}: got the offset {offset}, expected at most {limit} slices in either direction")]
    OffsetTooFar {
        /// The operation as it was written.
        operation: String,
        /// The offset.
        offset: i64,
        /// The furthest one.
        limit: i64,
    },
    /// An image without slices.
    #[error("{stack}: has axes {axes}, expected a Z axis, because channels are made of slices")]
    NoSlices {
        /// The image.
        stack: String,
        /// Its axes.
        axes: Axes,
    },
    /// A mean or standard deviation of pixels that could not hold it.
    #[error(
        "{stack}: {operation} of pixels of type {pixel_type}, expected a floating type: the option pixel_type 'f32' \
         takes integers for floats"
    )]
    NotFloating {
        /// The image.
        stack: String,
        /// The operation as it was written.
        operation: String,
        /// The type of the pixels.
        pixel_type: PixelType,
    },
    /// A type that values are not read as.
    #[error(
        "{stack}: got the option pixel_type {pixel_type}, expected float32 or float64, because pixels arrive as floats"
    )]
    ReadAs {
        /// The image.
        stack: String,
        /// The type.
        pixel_type: PixelType,
    },
    /// An operation all of whose slices are left out.
    #[error("{stack}: {operation} produced no valid channels at slice {z}, all its slices are outside")]
    NoValidChannels {
        /// The image.
        stack: String,
        /// The operation as it was written.
        operation: String,
        /// The slice in whose place it is computed.
        z: usize,
    },
    /// An operation that would make fewer channels at some slices than at others.
    #[error(
        "{stack}: {operation} has {got} of its {expected} channels at slice {z}, expected all of them: \
         skip may leave out members of a mean or std, not channels"
    )]
    DroppedChannels {
        /// The image.
        stack: String,
        /// The operation as it was written.
        operation: String,
        /// The slice in whose place it is computed.
        z: usize,
        /// How many channels are left.
        got: usize,
        /// How many there must be.
        expected: usize,
    },
    /// A selection that selects nothing.
    #[error("the selection of slices is empty, there are {n_slices}")]
    EmptySelection {
        /// How many there are.
        n_slices: usize,
    },
    /// A slice with a step of nothing.
    #[error("got a slice with step 0, expected any other step")]
    ZeroStep,
    /// An index that the axis does not have.
    #[error("index {got} is out of range for axis {axis} of size {size}")]
    OutOfRange {
        /// `n`, `c`, `z`, `y` or `x`.
        axis: &'static str,
        /// The index as given.
        got: i64,
        /// The size of the axis.
        size: usize,
    },
    /// More indices than an image has axes.
    #[error("got {got} indices, expected at most 5 for n, c, z, y and x")]
    TooManyIndices {
        /// How many were given.
        got: usize,
    },
    /// No colours along an axis.
    #[error("got 0 colours along {axis}, expected at least 1")]
    NoColours {
        /// `y` or `x`.
        axis: &'static str,
    },
    /// A step without windows.
    #[error("got the step {step:?} without a window")]
    StepWithoutWindow {
        /// The step.
        step: Vec<usize>,
    },
    /// An entry of a plan that belongs to other data.
    #[error("patch {patch_idx} of the plan: got {what} {got}, expected {expected}")]
    Entry {
        /// The entry.
        patch_idx: usize,
        /// What does not fit.
        what: &'static str,
        /// What it says.
        got: String,
        /// What would fit.
        expected: String,
    },
    /// A part of a written plan that no plan has.
    #[error("got {what} {got} in a plan, expected {expected}")]
    Written {
        /// What is wrong.
        what: &'static str,
        /// What it says.
        got: String,
        /// What it should say.
        expected: String,
    },
    /// Parts of a written plan that contradict each other.
    #[error("the plan has {what} {got}, expected {expected}, as its patches say")]
    Contradiction {
        /// What is wrong.
        what: &'static str,
        /// What it says.
        got: String,
        /// What the patches say.
        expected: String,
    },
    /// An array that the machine has no memory for.
    #[error("there is no memory for an array of shape {shape:?}")]
    OutOfMemory {
        /// The shape.
        shape: Vec<usize>,
    },
    /// The image cannot be read.
    #[error(transparent)]
    Stack(#[from] StackError),
    /// Sizes that no array has, or windows that do not fit.
    #[error(transparent)]
    Geometry(#[from] GeometryError),
}
