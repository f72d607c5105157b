//! The statistics of a normalization: their values, and where they come from.

/// Mean and standard deviation of one channel, in raw intensity units.
///
/// ```
/// let channel = patchweave_config::MeanStd { mean: 100.0, std: 20.0 };
/// assert_eq!((140.0 - channel.mean) / channel.std, 2.0);
/// assert_eq!(channel.warning(), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeanStd {
    /// The mean; finite.
    pub mean: f64,
    /// The standard deviation; finite, and at least 0 in the plan of a run.
    pub std: f64,
}

/// Added to the standard deviation before pixels are divided by it.
const STD_EPSILON: f64 = 1e-6;
/// Added to the width of a range before pixels are divided by it.
const RANGE_EPSILON: f64 = 1e-8;

impl MeanStd {
    /// A warning if the standard deviation is 0, or smaller than the 1e-6 that normalisation adds to it.
    ///
    /// ```
    /// use patchweave_config::MeanStd;
    ///
    /// let warning = MeanStd { mean: 700.0, std: 0.0 }.warning().unwrap();
    /// assert_eq!(
    ///     warning,
    ///     "the standard deviation is 0, so normalisation divides by 1e-6: pixels of 700 become 0, all others a million \
    ///      times their difference from 700"
    /// );
    /// let warning = MeanStd { mean: 0.0, std: 1e-7 }.warning().unwrap();
    /// assert_eq!(
    ///     warning,
    ///     "the standard deviation is 1e-7, and normalisation adds 1e-6 to it: normalised values have a standard \
    ///      deviation of 9.1e-2 instead of 1"
    /// );
    /// ```
    pub fn warning(&self) -> Option<String> {
        let MeanStd { mean, std } = *self;
        #[expect(clippy::cast_possible_truncation, reason = "statistics are used in f32")]
        let is_zero = std as f32 == 0.0;
        if is_zero {
            let std = if std == 0.0 { "0".to_owned() } else { format!("{std:e}") };
            return Some(format!(
                "the standard deviation is {std}, so normalisation divides by 1e-6: pixels of {mean} become 0, all others \
                 a million times their difference from {mean}"
            ));
        }
        (std.abs() < STD_EPSILON).then(|| {
            format!(
                "the standard deviation is {std:e}, and normalisation adds 1e-6 to it: normalised values have a standard \
                 deviation of {:.1e} instead of 1",
                std / (std + STD_EPSILON)
            )
        })
    }
}

/// The range of one channel, in raw intensity units: its extremes, or two of its quantiles.
///
/// ```
/// let channel = patchweave_config::MinMax { min: 100.0, max: 300.0 };
/// assert_eq!((150.0 - channel.min) / (channel.max - channel.min), 0.25);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MinMax {
    /// The lower limit, which normalisation maps to 0; finite.
    pub min: f64,
    /// The upper limit, which normalisation maps to 1; finite and above `min`.
    pub max: f64,
}

impl MinMax {
    /// A warning if the width of the range is 0 in `f32`, or smaller than the 1e-8 that normalisation adds to it.
    ///
    /// ```
    /// use patchweave_config::MinMax;
    ///
    /// assert_eq!(MinMax { min: 0.0, max: 1.0 }.warning(), None);
    /// let warning = MinMax { min: 0.0, max: 1e-9 }.warning().unwrap();
    /// assert_eq!(
    ///     warning,
    ///     "the range is 1e-9 wide, and normalisation adds 1e-8 to its width: the upper limit becomes 9.1e-2 instead of 1"
    /// );
    /// // Limits are used as `f32`, in which these are equal.
    /// let warning = MinMax { min: 700.00000003, max: 700.000003 }.warning().unwrap();
    /// assert_eq!(
    ///     warning,
    ///     "the range from 700.00000003 to 700.000003 has width 0 as float32, so normalisation divides by 1e-8: pixels of \
    ///      700 become 0, all others a hundred million times their difference from 700"
    /// );
    /// ```
    pub fn warning(&self) -> Option<String> {
        #[expect(clippy::cast_possible_truncation, reason = "statistics are used in f32")]
        let [low, high] = [self.min as f32, self.max as f32];
        let width = high - low;
        if width == 0.0 {
            return Some(format!(
                "the range from {} to {} has width 0 as float32, so normalisation divides by 1e-8: pixels of {low} become \
                 0, all others a hundred million times their difference from {low}",
                self.min, self.max
            ));
        }
        let exact = f64::from(width);
        (exact < RANGE_EPSILON).then(|| {
            format!(
                "the range is {width:e} wide, and normalisation adds 1e-8 to its width: the upper limit becomes {:.1e} \
                 instead of 1",
                exact / (exact + RANGE_EPSILON)
            )
        })
    }

    /// Whether `min` is below `max` also as `f32`, the type in which both are used.
    ///
    /// ```
    /// use patchweave_config::MinMax;
    ///
    /// assert!(MinMax { min: 700.0, max: 701.0 }.is_range());
    /// assert!(!MinMax { min: 700.0, max: 700.000001 }.is_range());
    /// ```
    #[expect(clippy::cast_possible_truncation, reason = "statistics are used in f32")]
    pub fn is_range(&self) -> bool {
        (self.min as f32) < (self.max as f32)
    }
}

/// The two quantiles of a channel that quantile normalisation uses.
///
/// ```
/// let levels = patchweave_config::QuantileLevels::default();
/// assert_eq!((levels.lower, levels.upper), (0.01, 0.99));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QuantileLevels {
    /// The quantile that normalisation maps to 0; at least 0 and below `upper`.
    pub lower: f64,
    /// The quantile that normalisation maps to 1; at most 1.
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
    /// They are computed before the first epoch.
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
        /// Values that the file gives nevertheless; they have no effect.
        unused: Option<Vec<T>>,
    },
    /// The file gives none: they are fitted if there are targets, otherwise predictions are scaled back with those of the
    /// input.
    NotGiven,
    /// One entry for all channels, or one per channel.
    Given(Vec<T>),
}

impl<T> TargetStatistics<T> {
    pub(super) fn skip(&mut self) {
        let unused = match std::mem::replace(self, TargetStatistics::NotGiven) {
            TargetStatistics::Given(given) => Some(given),
            TargetStatistics::Skip { unused } => unused,
            TargetStatistics::NotGiven => None,
        };
        *self = TargetStatistics::Skip { unused };
    }
}
