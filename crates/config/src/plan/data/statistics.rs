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
    /// Finite.
    pub mean: f64,
    /// Finite; at least 0 in the plan of a run.
    pub std: f64,
}

/// What normalising by mean and deviation adds to the deviation.
const STD_EPSILON: f64 = 1e-6;
/// What normalising by a range adds to its width.
const RANGE_EPSILON: f64 = 1e-8;

impl MeanStd {
    /// What becomes of pixels where the deviation is 0 or so small that what normalising adds to it counts more.
    ///
    /// ```
    /// use patchweave_config::MeanStd;
    ///
    /// let warning = MeanStd { mean: 700.0, std: 0.0 }.warning().unwrap();
    /// assert_eq!(
    ///     warning,
    ///     "the standard deviation is 0: normalised values are (pixel - 700) / 1e-6, which is 0 for pixels of 700 and a \
    ///      million times the difference for others"
    /// );
    /// let warning = MeanStd { mean: 0.0, std: 1e-7 }.warning().unwrap();
    /// assert_eq!(
    ///     warning,
    ///     "the standard deviation is 1e-7, to which normalising adds 1e-6: normalised values have a deviation of 9.1e-2"
    /// );
    /// ```
    pub fn warning(&self) -> Option<String> {
        let MeanStd { mean, std } = *self;
        // As it will be used.
        #[expect(clippy::cast_possible_truncation, reason = "statistics are used in f32")]
        let is_zero = std as f32 == 0.0;
        if is_zero {
            let std = if std == 0.0 { "0".to_owned() } else { format!("{std:e}") };
            return Some(format!(
                "the standard deviation is {std}: normalised values are (pixel - {mean}) / 1e-6, which is 0 for pixels of \
                 {mean} and a million times the difference for others"
            ));
        }
        (std.abs() < STD_EPSILON).then(|| {
            format!(
                "the standard deviation is {std:e}, to which normalising adds 1e-6: normalised values have a deviation \
                 of {:.1e}",
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
    /// Finite.
    pub min: f64,
    /// Finite and above `min`.
    pub max: f64,
}

impl MinMax {
    /// What becomes of pixels where the range is so small that what normalising adds to it counts more.
    ///
    /// ```
    /// use patchweave_config::MinMax;
    ///
    /// assert_eq!(MinMax { min: 0.0, max: 1.0 }.warning(), None);
    /// let warning = MinMax { min: 0.0, max: 1e-9 }.warning().unwrap();
    /// assert_eq!(
    ///     warning,
    ///     "the range is 1e-9 wide, to which normalising adds 1e-8: normalised values end at 9.1e-2 instead of 1"
    /// );
    /// // Limits are used as `f32`, in which these are the same.
    /// let warning = MinMax { min: 700.00000003, max: 700.000003 }.warning().unwrap();
    /// assert_eq!(
    ///     warning,
    ///     "the range from 700.00000003 to 700.000003 is 0 wide as float32: normalised values are (pixel - 700) / 1e-8, which \
    ///      is 0 for pixels of 700 and a hundred million times the difference for others"
    /// );
    /// ```
    pub fn warning(&self) -> Option<String> {
        #[expect(clippy::cast_possible_truncation, reason = "statistics are used in f32")]
        let (low, width) = (self.min as f32, self.max as f32 - self.min as f32);
        if width == 0.0 {
            return Some(format!(
                "the range from {} to {} is 0 wide as float32: normalised values are (pixel - {low}) / 1e-8, which is 0 for \
                 pixels of {low} and a hundred million times the difference for others",
                self.min, self.max
            ));
        }
        let exact = f64::from(width);
        (exact < RANGE_EPSILON).then(|| {
            format!(
                "the range is {width:e} wide, to which normalising adds 1e-8: normalised values end at {:.1e} instead of 1",
                exact / (exact + RANGE_EPSILON)
            )
        })
    }

    /// Whether the ends are different numbers also as `f32`, as they are used.
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
    pub(super) fn skip(&mut self) {
        let unused = match std::mem::replace(self, TargetStatistics::NotGiven) {
            TargetStatistics::Given(given) => Some(given),
            TargetStatistics::Skip { unused } => unused,
            TargetStatistics::NotGiven => None,
        };
        *self = TargetStatistics::Skip { unused };
    }
}
