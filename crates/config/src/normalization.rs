//! How pixel values are brought to a common scale: the plans, and where their statistics come from.
//!
//! The block that they are read from is in [`statistics_block`](crate::statistics_block).

/// How pixel values are brought to a common scale.
///
/// ```
/// use patchweave_config::{InputStatistics, MeanStd, NormalizationPlan, TargetStatistics};
///
/// let given = NormalizationPlan::MeanStd {
///     per_channel: false,
///     input: InputStatistics::Given(vec![MeanStd { mean: 100.0, std: 20.0 }]),
///     target: TargetStatistics::NotGiven,
/// };
/// assert_eq!(given.name(), "mean_std");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum NormalizationPlan {
    /// Values stay as they are.
    None,
    /// Mean 0 and standard deviation 1.
    MeanStd {
        /// Whether fitted statistics are one per channel rather than one for all.
        per_channel: bool,
        /// For the input.
        input: InputStatistics<MeanStd>,
        /// For the target.
        target: TargetStatistics<MeanStd>,
    },
    /// The smallest value to 0 and the largest one to 1.
    MinMax {
        /// Whether fitted statistics are one per channel rather than one for all.
        per_channel: bool,
        /// For the input.
        input: InputStatistics<MinMax>,
        /// For the target.
        target: TargetStatistics<MinMax>,
    },
    /// One quantile to 0 and another one to 1.
    Quantile {
        /// Whether fitted statistics are one per channel rather than one for all.
        per_channel: bool,
        /// Which quantiles, for all channels or one entry per channel.
        levels: Vec<QuantileLevels>,
        /// For the input.
        input: InputStatistics<MinMax>,
        /// For the target.
        target: TargetStatistics<MinMax>,
    },
}

impl NormalizationPlan {
    /// Whether targets keep their values.
    ///
    /// ```
    /// use patchweave_config::{InputStatistics, NormalizationPlan, TargetStatistics};
    ///
    /// let (input, target) = (InputStatistics::Fit, TargetStatistics::NotGiven);
    /// assert!(!NormalizationPlan::MinMax { per_channel: true, input, target }.skips_target());
    /// assert!(NormalizationPlan::None.skips_target());
    /// ```
    pub fn skips_target(&self) -> bool {
        match self {
            NormalizationPlan::None => true,
            NormalizationPlan::MeanStd { target, .. } => matches!(target, TargetStatistics::Skip { .. }),
            NormalizationPlan::MinMax { target, .. } | NormalizationPlan::Quantile { target, .. } => {
                matches!(target, TargetStatistics::Skip { .. })
            }
        }
    }

    /// Lets targets keep their values.
    pub(crate) fn skip_target(&mut self) {
        match self {
            NormalizationPlan::None => {}
            NormalizationPlan::MeanStd { target, .. } => target.skip(),
            NormalizationPlan::MinMax { target, .. } | NormalizationPlan::Quantile { target, .. } => {
                target.skip();
            }
        }
    }

    /// The name in a configuration.
    pub fn name(&self) -> &'static str {
        match self {
            NormalizationPlan::None => "none",
            NormalizationPlan::MeanStd { .. } => "mean_std",
            NormalizationPlan::MinMax { .. } => "min_max",
            NormalizationPlan::Quantile { .. } => "quantile",
        }
    }
}

/// Mean and standard deviation of one channel, in raw intensity units.
///
/// ```
/// let channel = patchweave_config::MeanStd { mean: 100.0, std: 20.0 };
/// assert_eq!((140.0 - channel.mean) / channel.std, 2.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeanStd {
    /// Finite.
    pub mean: f64,
    /// Finite; at least 0 in the plan of a run.
    pub std: f64,
}

/// The range of one channel, in raw intensity units: its extremes, or two of its quantiles.
///
/// ```
/// let channel = patchweave_config::MinMax { min: 100.0, max: 300.0 };
/// assert_eq!((150.0 - channel.min) / (channel.max - channel.min), 0.25);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MinMax {
    /// Finite.
    pub min: f64,
    /// Finite and above `min`.
    pub max: f64,
}

/// Which two quantiles of a channel are used.
///
/// ```
/// let levels = patchweave_config::QuantileLevels::default();
/// assert_eq!((levels.lower, levels.upper), (0.01, 0.99));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QuantileLevels {
    /// At least 0 and below `upper`.
    pub lower: f64,
    /// At most 1.
    pub upper: f64,
}

impl Default for QuantileLevels {
    fn default() -> Self {
        QuantileLevels { lower: 0.01, upper: 0.99 }
    }
}

/// Where the statistics of the input come from.
///
/// ```
/// use patchweave_config::{InputStatistics, MeanStd};
///
/// assert_ne!(InputStatistics::<MeanStd>::Fit, InputStatistics::Given(vec![]));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum InputStatistics<T> {
    /// Computed before the first epoch.
    Fit,
    /// One entry for all channels, or one per channel.
    Given(Vec<T>),
}

/// Where the statistics of the target come from.
///
/// ```
/// use patchweave_config::{MeanStd, TargetStatistics};
///
/// assert_ne!(TargetStatistics::<MeanStd>::Skip { unused: None }, TargetStatistics::NotGiven);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum TargetStatistics<T> {
    /// The target keeps its values, and predictions are not scaled back.
    Skip {
        /// Values that the file gives all the same; nothing uses them.
        unused: Option<Vec<T>>,
    },
    /// None in the file: fitted if there are targets; without targets predictions are scaled back as inputs.
    NotGiven,
    /// One entry for all channels, or one per channel.
    Given(Vec<T>),
}

impl<T> TargetStatistics<T> {
    fn skip(&mut self) {
        let unused = match std::mem::replace(self, TargetStatistics::NotGiven) {
            TargetStatistics::Given(given) => Some(given),
            TargetStatistics::Skip { unused } => unused,
            TargetStatistics::NotGiven => None,
        };
        *self = TargetStatistics::Skip { unused };
    }
}
