//! Which intensities are shown as black and as full brightness.

use crate::ViewError;

/// Values looked at when a display range is chosen; of more, every n-th is taken.
const MAX_SAMPLES: usize = 1 << 22;

/// The percentiles that become black and full brightness.
///
/// ```
/// use patchweave_view::Contrast;
///
/// let values: Vec<f32> = (0..=1000_u16).map(f32::from).collect();
/// let range = Contrast::default().range_of(values.into_iter())?;
/// assert_eq!((range.low(), range.high()), (3.0, 997.0));
/// let error = Contrast { low_percent: 60.0, high_percent: 40.0 }.range_of([1.0].into_iter()).unwrap_err();
/// assert_eq!(error.to_string(), "got percentiles 60 to 40, expected 0 <= low < high <= 100");
/// # Ok::<(), patchweave_view::ViewError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contrast {
    /// The percentile shown as black, at least 0.
    pub low_percent: f64,
    /// The percentile shown at full brightness, at most 100.
    pub high_percent: f64,
}

/// 0.3 % to 99.7 %, which hot pixels do not move.
impl Default for Contrast {
    fn default() -> Self {
        Contrast { low_percent: 0.3, high_percent: 99.7 }
    }
}

impl Contrast {
    /// The display range of some values, in their unit; NaN and infinities are left out.
    ///
    /// Where both percentiles fall on the same value, as in an image that is empty but for a few spots, the
    /// range is that of all values. Without finite values it is 0 to 1. A percentile is the nearest ranked
    /// value; of more than 4 194 304 values every n-th is looked at.
    ///
    /// # Errors
    /// [`ViewError::Percentiles`] unless `0 <= low_percent < high_percent <= 100`.
    pub fn range_of(&self, values: impl ExactSizeIterator<Item = f32>) -> Result<DisplayRange, ViewError> {
        let Contrast { low_percent: low, high_percent: high } = *self;
        if !(0.0 <= low && low < high && high <= 100.0) {
            return Err(ViewError::Percentiles { low, high });
        }
        let step = values.len().div_ceil(MAX_SAMPLES).max(1);
        let mut finite: Vec<f32> = values.step_by(step).filter(|value| value.is_finite()).collect();
        if finite.is_empty() {
            return Ok(DisplayRange { low: 0.0, high: 1.0 });
        }
        let mut percentile = |percent: f64| {
            let rank = nearest_rank(percent, finite.len());
            *finite.select_nth_unstable_by(rank, f32::total_cmp).1
        };
        let low = percentile(low);
        let high = percentile(high);
        if low < high {
            return Ok(DisplayRange { low, high });
        }
        Ok(DisplayRange {
            low: finite.iter().copied().fold(f32::INFINITY, f32::min),
            high: finite.iter().copied().fold(f32::NEG_INFINITY, f32::max),
        })
    }
}

fn nearest_rank(percent: f64, n_values: usize) -> usize {
    let last = n_values - 1;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a percentage of the last index, never negative"
    )]
    let rank = (percent / 100.0 * last as f64).round() as usize;
    rank.min(last)
}

/// The intensities shown as black and as full brightness.
///
/// ```
/// use patchweave_view::DisplayRange;
///
/// let range = DisplayRange::new(100.0, 200.0);
/// assert_eq!([50.0, 100.0, 150.0, 200.0, 900.0].map(|value| range.level(value)), [0, 0, 128, 255, 255]);
/// assert_eq!(range.level(f32::NAN), 0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DisplayRange {
    low: f32,
    high: f32,
}

impl DisplayRange {
    /// A range in the unit of the values; a reversed one is turned round.
    pub fn new(low: f32, high: f32) -> Self {
        DisplayRange { low: low.min(high), high: low.max(high) }
    }

    /// What is shown as black.
    pub fn low(&self) -> f32 {
        self.low
    }

    /// What is shown at full brightness.
    pub fn high(&self) -> f32 {
        self.high
    }

    /// The brightness of a value, 0 to 255; values outside are clipped, NaN is black.
    ///
    /// A range of a single value shows that value and all below as black.
    pub fn level(&self, value: f32) -> u8 {
        let low = f64::from(self.low);
        let high = f64::from(self.high);
        let value = f64::from(value);
        if value.is_nan() || value <= low {
            return 0;
        }
        if value >= high {
            return u8::MAX;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "strictly between 0 and 255 before rounding"
        )]
        let level = ((value - low) / (high - low) * 255.0).round() as u8;
        level
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn range_of(values: &[f32]) -> DisplayRange {
        Contrast::default().range_of(values.iter().copied()).unwrap()
    }

    proptest! {
        #[test]
        fn brightness_never_falls(low: f32, high: f32, a: f32, b: f32) {
            let range = DisplayRange::new(low, high);
            if a <= b {
                prop_assert!(range.level(a) <= range.level(b));
            }
        }

        #[test]
        fn range_lies_within_the_finite_values(values in prop::collection::vec(any::<f32>(), 1..200)) {
            let range = range_of(&values);
            let mut finite: Vec<f32> = values.into_iter().filter(|value| value.is_finite()).collect();
            finite.sort_by(f32::total_cmp);
            if let (Some(&least), Some(&greatest)) = (finite.first(), finite.last()) {
                prop_assert!(least <= range.low() && range.low() <= range.high());
                prop_assert!(range.high() <= greatest);
                prop_assert!(range.low() < range.high() || least == greatest);
            }
        }
    }

    #[test]
    fn hot_pixels_do_not_move_the_range() {
        let mut values: Vec<f32> = (0..=1000_u16).map(f32::from).collect();
        values[1000] = 1e9;
        assert_eq!(range_of(&values).high(), 997.0);
    }

    #[test]
    fn a_few_spots_on_nothing_are_seen() {
        let mut values = vec![0.0; 10_000];
        values[77] = 5.0;
        assert_eq!(range_of(&values), DisplayRange::new(0.0, 5.0));
    }

    #[test]
    fn constant_images_are_black() {
        for value in [0.0, -4.0, 1e30] {
            let range = range_of(&[value; 9]);
            assert_eq!((range.low(), range.high(), range.level(value)), (value, value, 0));
        }
    }

    #[test]
    fn values_that_are_no_numbers_are_left_out() {
        let range = range_of(&[f32::NAN, f32::INFINITY, 1.0, 2.0, f32::NEG_INFINITY]);
        assert_eq!(range, DisplayRange::new(1.0, 2.0));
        assert_eq!([f32::NEG_INFINITY, f32::NAN, f32::INFINITY].map(|v| range.level(v)), [0, 0, 255]);
        assert_eq!(range_of(&[f32::NAN; 3]), DisplayRange::new(0.0, 1.0));
        assert_eq!(range_of(&[]), DisplayRange::new(0.0, 1.0));
    }
}
