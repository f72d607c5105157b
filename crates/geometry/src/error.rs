//! What can be wrong with axes, shapes and regions.

use crate::{Axes, Axis};

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
