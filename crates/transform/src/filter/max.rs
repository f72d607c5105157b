//! The filter that asks how much of a region is near bright pixels.

use ndarray::ArrayView4;

use super::error::{FilterError, check_coverage};
use super::seen::{Judgement, Seen};
use super::share::share;
use super::sliding_max::{Border, sliding_max};
use crate::contiguous::contiguous;
use crate::extremes::Extremes;

/// Takes for background what has no bright pixels, or too little near them.
///
/// Bright pixels are widened by a maximum filter with half the size of the block along each axis, and zeros
/// beyond the block; the share of pixels above the threshold that this leaves is compared with `coverage`.
///
/// ```
/// use ndarray::Array4;
/// use patchweave_transform::MaxFilter;
///
/// let mut block = Array4::zeros([1, 1, 8, 8]);
/// block[[0, 0, 4, 4]] = 100.0;
/// assert!(!MaxFilter::new(50.0, 0.25)?.is_background(block.view()));
/// assert!(MaxFilter::new(50.0, 0.26)?.is_background(block.view()));
/// assert!(MaxFilter::new(50.0, 1.1).is_err());
/// # Ok::<(), patchweave_transform::FilterError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MaxFilter {
    threshold: f64,
    coverage: f64,
}

impl MaxFilter {
    /// Background if the share of widened pixels above `threshold`, in raw intensity units, is below
    /// `coverage`.
    ///
    /// # Errors
    /// [`FilterError::NoNumber`] or [`FilterError::Coverage`].
    pub fn new(threshold: f64, coverage: f64) -> Result<Self, FilterError> {
        if threshold.is_nan() {
            return Err(FilterError::NoNumber { name: "threshold", got: threshold });
        }
        Ok(MaxFilter { threshold, coverage: check_coverage(coverage)? })
    }

    /// The threshold in raw intensity units.
    pub fn threshold(&self) -> f64 {
        self.threshold
    }

    /// The share of pixels near bright ones that foreground has at least.
    pub fn coverage(&self) -> f64 {
        self.coverage
    }

    /// Whether a block `CZYX` is background; pixels that are no number are below every threshold.
    pub fn is_background(&self, block: ArrayView4<'_, f32>) -> bool {
        self.judge(block).is_background
    }

    /// As [`is_background`](Self::is_background), with what was compared.
    pub(super) fn judge(&self, block: ArrayView4<'_, f32>) -> Judgement {
        #[expect(clippy::cast_possible_truncation, reason = "intensities are compared in f32")]
        let threshold = self.threshold as f32;
        let pixels = contiguous(&block);
        let largest = Extremes::of(&pixels).high;
        // Where none is a number, the largest one is not there either.
        let is_bright = largest >= threshold && pixels.iter().any(|&pixel| pixel >= threshold);
        let share =
            if is_bright { self.share_near_bright(pixels.into_owned(), &block, threshold) } else { 0.0 };
        Judgement {
            is_background: !is_bright || share < self.coverage,
            seen: Seen::Max { pixel: largest, share },
        }
    }

    /// The share of pixels above the threshold once bright ones were widened.
    fn share_near_bright(&self, mut pixels: Vec<f32>, block: &ArrayView4<'_, f32>, threshold: f32) -> f64 {
        let shape: [usize; 4] = block.dim().into();
        sliding_max(&mut pixels, shape, shape.map(|n| (n / 2).max(1)), Border::Zeros);
        let n_bright = pixels.iter().filter(|pixel| **pixel > threshold).count();
        share(n_bright, pixels.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array4;

    /// Windows of 2 reach beyond the upper and the left border, where zeros are brighter than the block.
    #[test]
    fn zeros_lie_beyond_the_borders() {
        let block = Array4::from_elem([1, 1, 4, 4], -5.0);
        assert!(!MaxFilter::new(-5.0, 7.0 / 16.0).unwrap().is_background(block.view()));
        assert!(MaxFilter::new(-5.0, 0.44).unwrap().is_background(block.view()));
        assert!(MaxFilter::new(-4.0, 0.0).unwrap().is_background(block.view()));
    }

    #[test]
    fn no_number_is_not_bright() {
        let block = Array4::from_elem([1, 1, 4, 4], f32::NAN);
        assert!(MaxFilter::new(f64::NEG_INFINITY, 1.0).unwrap().is_background(block.view()));
    }
}
