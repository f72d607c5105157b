//! What can be wrong with axes, shapes and regions.

use crate::{Axes, Axis, Extent, PerAxis};

/// Why axes, a shape or a region was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GeometryError {
    /// A letter that names no axis.
    #[error("axes {axes:?} hold the letter {letter:?}, expected letters of STCZYX")]
    UnknownAxis {
        /// The string as given.
        axes: String,
        /// The letter that is no axis.
        letter: char,
    },
    /// An axis that is named twice.
    #[error("axes {axes:?} name {axis} twice")]
    RepeatedAxis {
        /// The string as given.
        axes: String,
        /// The axis named twice.
        axis: Axis,
    },
    /// Axes without `Y` or without `X`.
    #[error("axes {axes:?} lack {axis}, every image has Y and X")]
    MissingAxis {
        /// The string as given.
        axes: String,
        /// The axis that is missing.
        axis: Axis,
    },
    /// Axes and shape of different lengths.
    #[error("axes {axes} name {} dimensions, got an array of shape {shape:?}", axes.len())]
    AxesLength {
        /// The axes.
        axes: Axes,
        /// The shape they do not fit.
        shape: Vec<usize>,
    },
    /// A size that is zero, or whose product does not fit the address space.
    #[error("shape {shape:?} has no pixels or too many to address")]
    BadSize {
        /// The shape as given.
        shape: Vec<usize>,
    },
    /// No scale of lateral context, or too many.
    #[error("got {n_scales} scales of lateral context, expected 1 to {limit}")]
    ScaleCount {
        /// How many were asked for.
        n_scales: usize,
        /// The most there may be.
        limit: usize,
    },
    /// Not two or three spatial values.
    #[error("got {n_given} spatial values, expected 2 (YX) or 3 (ZYX)")]
    SpatialRank {
        /// How many values were given.
        n_given: usize,
    },
    /// Two spatial tuples of different length that have to agree.
    #[error("{what} has {got} spatial axes, the image has {expected}")]
    RankMismatch {
        /// The tuple that does not fit.
        what: &'static str,
        /// Its length.
        got: usize,
        /// The length of the image's extent.
        expected: usize,
    },
    /// A window, a step or an axis of nothing.
    #[error(
        "got windows of {window} pixels, {step} apart, along an axis of {size}, expected at least 1 of each"
    )]
    AxisGrid {
        /// Size of the axis.
        size: usize,
        /// Size of a window.
        window: usize,
        /// From one window to the next.
        step: usize,
    },
    /// A window that is larger than the image.
    #[error("got a window of {window} pixels, expected one that fits into the image of {image}")]
    Window {
        /// The window.
        window: Extent,
        /// The image.
        image: Extent,
    },
    /// A step of nothing.
    #[error("got the step {step:?}, expected at least 1 along every axis")]
    Step {
        /// The step.
        step: PerAxis<usize>,
    },
    /// An overlap that leaves no step to the next tile.
    #[error("got an overlap of {overlap} pixels, expected less than the {tile} of a tile")]
    Overlap {
        /// The overlap.
        overlap: usize,
        /// Size of a tile.
        tile: usize,
    },
    /// An array of the wrong rank where `SC(Z)YX` or `C(Z)YX` is needed.
    #[error("got an array of shape {shape:?}, expected {expected}")]
    ArrayRank {
        /// The shape as given.
        shape: Vec<usize>,
        /// The expected form in axis letters.
        expected: &'static str,
    },
    /// A sample that the image does not have.
    #[error("sample {sample_idx} does not exist, the image has {n_samples}")]
    SampleOutOfRange {
        /// The index asked for.
        sample_idx: usize,
        /// How many there are.
        n_samples: usize,
    },
    /// A channel that the image does not have.
    #[error("channel {channel_idx} does not exist, the image has {n_channels}")]
    ChannelOutOfRange {
        /// The index asked for.
        channel_idx: usize,
        /// How many there are.
        n_channels: usize,
    },
    /// A list of channels without entries.
    #[error("the list of channels is empty")]
    NoChannels,
    /// Target axes that do not belong to the original ones.
    #[error("an image with axes {original} cannot be given axes {target}: {reason}")]
    TargetAxes {
        /// Axes of the source.
        original: Axes,
        /// Axes asked for.
        target: Axes,
        /// What does not agree.
        reason: &'static str,
    },
    /// An array whose sizes contradict the layout it is to be given.
    #[error("an array of shape {shape:?} does not fit axes {axes} of shape {expected:?}")]
    ShapeMismatch {
        /// The array's shape.
        shape: Vec<usize>,
        /// The axes it should get.
        axes: Axes,
        /// The shape those axes had.
        expected: Vec<usize>,
    },
}
