//! The filter that compares the entropy of pixel values.

use ndarray::ArrayView4;

use super::error::{FilterError, check_not_negative};
use super::seen::{Judgement, Seen};
use crate::moments::to_f64;

/// Takes for background what has little variety of values.
///
/// ```
/// use ndarray::array;
/// use patchweave_transform::ShannonFilter;
///
/// let filter = ShannonFilter::new(1.5)?;
/// assert!(filter.is_background(array![[[[1.0, 1.0, 2.0, 2.0]]]].view()));
/// assert!(!filter.is_background(array![[[[1.0, 2.0, 3.0, 4.0]]]].view()));
/// assert!(ShannonFilter::new(-2.0).is_err());
/// # Ok::<(), patchweave_transform::FilterError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShannonFilter {
    threshold: f64,
}

impl ShannonFilter {
    /// Background if the entropy of the distinct values is below `threshold` bits.
    ///
    /// # Errors
    /// [`FilterError::Negative`] or [`FilterError::NoNumber`].
    pub fn new(threshold: f64) -> Result<Self, FilterError> {
        Ok(ShannonFilter { threshold: check_not_negative("threshold", threshold)? })
    }

    /// The threshold in bits.
    pub fn threshold(&self) -> f64 {
        self.threshold
    }

    /// Whether a block `CZYX` is background; all pixels that are no number count as one value.
    pub fn is_background(&self, block: ArrayView4<'_, f32>) -> bool {
        self.judge(block).is_background
    }

    /// As [`is_background`](Self::is_background), with what was compared.
    pub(super) fn judge(&self, block: ArrayView4<'_, f32>) -> Judgement {
        let bits = entropy(block);
        Judgement { is_background: bits < self.threshold, seen: Seen::Shannon { bits } }
    }
}

/// The entropy in bits of the distribution of distinct values, `−Σ f log2 f`.
pub(super) fn entropy(block: ArrayView4<'_, f32>) -> f64 {
    let mut keys: Vec<u32> = block.iter().map(|&pixel| key(pixel)).collect();
    keys.sort_unstable();
    let n = to_f64(keys.len() as u64);
    let mut runs = keys.chunk_by(PartialEq::eq).map(<[u32]>::len).peekable();
    if runs.peek().is_none_or(|&run| run == keys.len()) {
        return 0.0;
    }
    // `−Σ (c/n) log2(c/n) = log2 n − (Σ c log2 c) / n`, where values that occur once add nothing.
    let repeated = runs.filter(|&run| run > 1).map(|run| to_f64(run as u64));
    n.log2() - repeated.map(|run| run * run.log2()).sum::<f64>() / n
}

/// Equal for equal pixels, and for all that are no number.
fn key(pixel: f32) -> u32 {
    if pixel == 0.0 {
        0
    } else if pixel.is_nan() {
        f32::NAN.to_bits()
    } else {
        pixel.to_bits()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array4;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn it_is_the_sum_of_its_definition(values in prop::collection::vec(-4_i8..4, 1..200)) {
            let mut counts: BTreeMap<i8, f64> = BTreeMap::new();
            values.iter().for_each(|&value| *counts.entry(value).or_default() += 1.0);
            let n = values.len() as f64;
            let expected: f64 = counts.values().map(|count| -(count / n) * (count / n).log2()).sum();
            let pixels = values.iter().map(|&value| f32::from(value)).collect();
            let block = Array4::from_shape_vec([1, 1, 1, values.len()], pixels).unwrap();
            prop_assert!((entropy(block.view()) - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn zeros_are_equal_and_so_are_those_that_are_no_number() {
        let other_nan = f32::from_bits(f32::NAN.to_bits() | 1);
        let block = ndarray::array![[[[0.0, -0.0, f32::NAN, other_nan]]]];
        assert_eq!(entropy(block.view()), 1.0);
    }
}
