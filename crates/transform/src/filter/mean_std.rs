//! The filter that compares mean and standard deviation.

use ndarray::ArrayView4;

use super::error::{FilterError, check_not_negative, check_number};
use super::seen::{Judgement, Seen};
use crate::Moments;
use crate::contiguous::contiguous;

/// Takes for background what is dark, or what is dark or flat.
///
/// ```
/// use ndarray::array;
/// use patchweave_transform::MeanStdFilter;
///
/// let filter = MeanStdFilter::new(2.0, Some(1.0))?;
/// assert!(filter.is_background(array![[[[5.0, 5.5]]]].view()));
/// assert!(!filter.is_background(array![[[[4.0, 6.0]]]].view()));
/// // Images may have negative values, deviations have none.
/// assert!(!MeanStdFilter::new(-1.0, None)?.is_background(array![[[[-0.5, -0.5]]]].view()));
/// let error = MeanStdFilter::new(-1.0, Some(-1.0)).unwrap_err();
/// assert_eq!(error.to_string(), "got std_threshold -1, expected at least 0");
/// # Ok::<(), patchweave_transform::FilterError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeanStdFilter {
    mean: f64,
    std: Option<f64>,
}

impl MeanStdFilter {
    /// Background if the mean, or the population standard deviation if it has a threshold, is below its
    /// threshold; both in raw intensity units. The reference refuses a negative threshold of the mean.
    ///
    /// # Errors
    /// [`FilterError::Negative`] for the deviation, [`FilterError::NoNumber`].
    pub fn new(mean_threshold: f64, std_threshold: Option<f64>) -> Result<Self, FilterError> {
        let std = std_threshold.map(|std| check_not_negative("std_threshold", std)).transpose()?;
        Ok(MeanStdFilter { mean: check_number("mean_threshold", mean_threshold)?, std })
    }

    /// The threshold of the mean.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// The threshold of the standard deviation.
    pub fn std(&self) -> Option<f64> {
        self.std
    }

    /// Whether a block `CZYX` is background; it is not if a pixel is no number.
    pub fn is_background(&self, block: ArrayView4<'_, f32>) -> bool {
        self.judge(block).is_background
    }

    /// As [`is_background`](Self::is_background), with what was compared.
    pub(super) fn judge(&self, block: ArrayView4<'_, f32>) -> Judgement {
        let (mean, std) = Moments::of(&contiguous(&block)).population();
        Judgement {
            is_background: is_below(mean, self.mean)
                || self.std.is_some_and(|threshold| is_below(std, threshold)),
            seen: Seen::MeanStd { mean, std: self.std.map(|_| std) },
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "intensities are compared in f32")]
fn is_below(value: f64, threshold: f64) -> bool {
    (value as f32) < (threshold as f32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array4;
    use proptest::prelude::*;

    proptest! {
        /// Sums of small whole numbers are exact, so that even the edge cases have one answer.
        #[test]
        fn it_agrees_with_the_definition(
            pixels in prop::collection::vec(-4_i8..8, 1..100),
            mean_threshold in -3_i8..8,
            std_threshold in prop::option::of(0.0_f64..4.0),
        ) {
            let n = pixels.len() as f64;
            let sum: f64 = pixels.iter().copied().map(f64::from).sum();
            let squares: f64 = pixels.iter().map(|&pixel| f64::from(pixel).powi(2)).sum();
            let std = (squares / n - (sum / n).powi(2)).max(0.0).sqrt();
            prop_assume!(std_threshold.is_none_or(|threshold| (threshold - std).abs() > 1e-6));
            let expected = sum < n * f64::from(mean_threshold) || std_threshold.is_some_and(|t| std < t);
            let block = Array4::from_shape_fn([1, 1, 1, pixels.len()], |(.., x)| f32::from(pixels[x]));
            let filter = MeanStdFilter::new(mean_threshold.into(), std_threshold).unwrap();
            prop_assert_eq!(filter.is_background(block.view()), expected);
        }
    }

    #[test]
    fn a_pixel_that_equals_the_threshold_is_not_below_it() {
        let block = Array4::from_elem([1, 1, 3, 7], 0.7);
        assert!(!MeanStdFilter::new(0.7, None).unwrap().is_background(block.view()));
    }

    #[test]
    fn one_pixel_has_a_mean_and_no_deviation() {
        let block = Array4::from_elem([1, 1, 1, 1], 3.0);
        assert!(!MeanStdFilter::new(3.0, Some(0.0)).unwrap().is_background(block.view()));
        assert!(MeanStdFilter::new(4.0, None).unwrap().is_background(block.view()));
        assert!(MeanStdFilter::new(0.0, Some(0.1)).unwrap().is_background(block.view()));
    }

    #[test]
    fn thresholds_are_numbers() {
        assert!(MeanStdFilter::new(f64::NAN, None).is_err());
        assert!(MeanStdFilter::new(0.0, Some(-0.1)).is_err());
    }
}
