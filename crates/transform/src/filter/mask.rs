//! The filter that reads a mask.

use ndarray::ArrayView4;

use super::error::{FilterError, check_coverage};
use super::seen::{Judgement, Seen};
use super::share::share;

/// Takes for background what a mask covers too little of.
///
/// ```
/// use ndarray::array;
/// use patchweave_transform::MaskFilter;
///
/// let filter = MaskFilter::new(0.5)?;
/// assert!(filter.is_background(array![[[[0.0, 0.0, 0.0, 255.0]]]].view()));
/// assert!(!filter.is_background(array![[[[0.0, 0.0, 1.0, 255.0]]]].view()));
/// let error = MaskFilter::new(1.5).unwrap_err();
/// assert_eq!(error.to_string(), "got coverage 1.5, expected a number from 0 to 1");
/// # Ok::<(), patchweave_transform::FilterError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MaskFilter {
    coverage: f64,
}

impl MaskFilter {
    /// Background if less than the share `coverage` of the pixels is not 0.
    ///
    /// # Errors
    /// [`FilterError::Coverage`] if it is not from 0 to 1.
    pub fn new(coverage: f64) -> Result<Self, FilterError> {
        Ok(MaskFilter { coverage: check_coverage(coverage)? })
    }

    /// The share of pixels that foreground has at least.
    pub fn coverage(&self) -> f64 {
        self.coverage
    }

    /// Whether a block `CZYX` of the mask is background; pixels that are no number count as covered.
    pub fn is_background(&self, block: ArrayView4<'_, f32>) -> bool {
        self.judge(block).is_background
    }

    /// As [`is_background`](Self::is_background), with what was compared.
    pub(super) fn judge(&self, block: ArrayView4<'_, f32>) -> Judgement {
        let share = covered_share(block);
        Judgement { is_background: share < self.coverage, seen: Seen::Mask { share } }
    }
}

/// The share of pixels that are not 0.
pub(super) fn covered_share(block: ArrayView4<'_, f32>) -> f64 {
    share(block.iter().filter(|pixel| **pixel != 0.0).count(), block.len())
}
