//! How pixel values are normalised.

use super::statistics::{InputStatistics, MeanStd, MinMax, QuantileLevels, TargetStatistics};

/// How pixel values are normalised.
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
    /// Pixels keep their values.
    None,
    /// To mean 0 and standard deviation 1.
    MeanStd {
        /// Whether statistics are fitted per channel rather than over all channels.
        per_channel: bool,
        /// Statistics of the input.
        input: InputStatistics<MeanStd>,
        /// Statistics of the target.
        target: TargetStatistics<MeanStd>,
    },
    /// The minimum to 0 and the maximum to 1.
    MinMax {
        /// Whether statistics are fitted per channel rather than over all channels.
        per_channel: bool,
        /// Statistics of the input.
        input: InputStatistics<MinMax>,
        /// Statistics of the target.
        target: TargetStatistics<MinMax>,
    },
    /// A lower quantile to 0 and an upper quantile to 1.
    Quantile {
        /// Whether statistics are fitted per channel rather than over all channels.
        per_channel: bool,
        /// The quantiles: one entry for all channels, or one per channel.
        levels: Vec<QuantileLevels>,
        /// How quantiles are computed.
        method: QuantileMethod,
        /// Statistics of the input.
        input: InputStatistics<MinMax>,
        /// Statistics of the target.
        target: TargetStatistics<MinMax>,
    },
}

impl NormalizationPlan {
    /// Whether targets are left unnormalised.
    ///
    /// ```
    /// use patchweave_config::{InputStatistics, NormalizationPlan, TargetStatistics};
    ///
    /// let input = InputStatistics::Fit;
    /// let target = TargetStatistics::NotGiven;
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

    /// Leaves targets unnormalised.
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

/// How quantiles are computed.
///
/// ```
/// use patchweave_config::QuantileMethod;
///
/// assert_eq!(QuantileMethod::default(), QuantileMethod::Exact);
/// assert_eq!(QuantileMethod::Streaming.name(), "streaming");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum QuantileMethod {
    /// Exactly, as if all pixels were sorted as `f32`. Pixels are read twice unless they are integers of 8 or 16 bits.
    #[default]
    Exact,
    /// Estimated from a growing histogram, as CAREamics does; the error may be large.
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
