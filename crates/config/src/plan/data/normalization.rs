//! How pixel values are brought to a common scale.

use super::statistics::{InputStatistics, MeanStd, MinMax, QuantileLevels, TargetStatistics};

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
        /// How fitted quantiles are found.
        method: QuantileMethod,
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

/// How quantiles are found that the configuration does not give.
///
/// ```
/// use patchweave_config::QuantileMethod;
///
/// assert_eq!(QuantileMethod::default(), QuantileMethod::Exact);
/// assert_eq!(QuantileMethod::Streaming.name(), "streaming");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum QuantileMethod {
    /// As by sorting all pixels as `f32`; pixels are read twice where they are not integers of 8 or 16 bits.
    #[default]
    Exact,
    /// The estimate of CAREamics from a histogram that grows, which may be far off.
    Streaming,
}

impl QuantileMethod {
    /// The name in a configuration.
    pub fn name(self) -> &'static str {
        match self {
            QuantileMethod::Exact => "exact",
            QuantileMethod::Streaming => "streaming",
        }
    }
}
