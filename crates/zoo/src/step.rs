//! A step of the preprocessing or postprocessing of a package.

use std::fmt;

use crate::{DataType, Over};

/// A bound of `clip`.
///
/// ```
/// use patchweave_zoo::Bound;
///
/// assert_eq!(Bound::Percentile(99.8).to_string(), "99.8 %");
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    /// This value.
    Value(f64),
    /// This percentile of the tensor: the smallest value that is not below so many of a hundred values.
    Percentile(f64),
}

/// A step of the preprocessing or postprocessing of a package; [`steps`](crate::steps) has the formulas.
///
/// Lists have one number for all channels, or one for each. Statistics are those of the tensor as it is before its first step.
///
/// ```
/// use patchweave_zoo::{Over, Scope, Step};
///
/// let over = Over { scope: Scope::Sample, per_channel: false };
/// let step = Step::ZeroMeanUnitVariance { over, eps: 1e-6 };
/// assert_eq!(step.to_string(), "zero_mean_unit_variance, statistics of each image");
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Step {
    /// [`ensure_dtype`](crate::steps::ensure_dtype).
    EnsureDtype(DataType),
    /// [`binarize`](crate::steps::binarize).
    Binarize {
        /// What values have to be above.
        threshold: Vec<f64>,
    },
    /// [`clip`](crate::steps::clip).
    Clip {
        /// The smallest value, if there is one.
        low: Option<Bound>,
        /// The largest value, if there is one.
        high: Option<Bound>,
        /// What percentiles are of.
        over: Over,
    },
    /// [`scale_linear`](crate::steps::scale_linear).
    ScaleLinear {
        /// What values are multiplied by.
        gain: Vec<f64>,
        /// What is added then.
        offset: Vec<f64>,
    },
    /// [`sigmoid`](crate::steps::sigmoid).
    Sigmoid,
    /// [`softmax`](crate::steps::softmax) over the channels.
    Softmax,
    /// [`zero_mean_unit_variance`](crate::steps::zero_mean_unit_variance) with these statistics.
    FixedZeroMeanUnitVariance {
        /// Means.
        mean: Vec<f64>,
        /// Standard deviations.
        std: Vec<f64>,
        /// Added to the deviation.
        eps: f64,
    },
    /// [`zero_mean_unit_variance`](crate::steps::zero_mean_unit_variance) with statistics of the tensor.
    ZeroMeanUnitVariance {
        /// What statistics are of.
        over: Over,
        /// Added to the deviation.
        eps: f64,
    },
    /// [`scale_range`](crate::steps::scale_range).
    ScaleRange {
        /// The lower and the upper one, interpolated linearly between values.
        percentiles: [f64; 2],
        /// What percentiles are of.
        over: Over,
        /// Added to the range.
        eps: f64,
        /// Whether percentiles are those of the input, before any step.
        of_input: bool,
    },
    /// [`scale_mean_variance`](crate::steps::scale_mean_variance), towards the input before any step.
    ScaleMeanVariance {
        /// What statistics are of.
        over: Over,
        /// Added to the deviations.
        eps: f64,
    },
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bound::Value(value) => write!(f, "{value}"),
            Bound::Percentile(percentile) => write!(f, "{percentile} %"),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::EnsureDtype(data_type) => write!(f, "ensure_dtype {data_type}"),
            Step::Binarize { threshold } => write!(f, "binarize above {}", some(threshold)),
            Step::Clip { low, high, over } => {
                f.write_str("clip")?;
                if let Some(low) = low {
                    write!(f, " from {low}")?;
                }
                if let Some(high) = high {
                    write!(f, " to {high}")?;
                }
                let bounds = [low, high];
                let has_percentile = bounds.iter().any(|bound| matches!(bound, Some(Bound::Percentile(_))));
                if has_percentile { write!(f, " {over}") } else { Ok(()) }
            }
            Step::ScaleLinear { gain, offset } => {
                write!(f, "scale_linear by {}, plus {}", some(gain), some(offset))
            }
            Step::Sigmoid => f.write_str("sigmoid"),
            Step::Softmax => f.write_str("softmax over channels"),
            Step::FixedZeroMeanUnitVariance { mean, std, .. } => {
                write!(f, "zero_mean_unit_variance, mean {}, deviation {}", some(mean), some(std))
            }
            Step::ZeroMeanUnitVariance { over, .. } => {
                write!(f, "zero_mean_unit_variance, statistics {over}")
            }
            Step::ScaleRange { percentiles: [low, high], over, of_input, .. } => {
                let of = if *of_input { "of the input, " } else { "" };
                write!(f, "scale_range from {low} % to {high} %, {of}{over}")
            }
            Step::ScaleMeanVariance { over, .. } => {
                write!(f, "scale_mean_variance to that of the input, {over}")
            }
        }
    }
}

fn some(numbers: &[f64]) -> String {
    numbers.iter().map(f64::to_string).collect::<Vec<_>>().join(", ")
}
