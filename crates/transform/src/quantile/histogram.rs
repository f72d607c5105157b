//! The histogram of one channel that widens its bins as values come in.

use super::counts::zeros;
use super::edges::{Edges, N_BINS};
use super::rebin::move_counts;
use crate::NormalizeError;
use crate::extremes::Extremes;
use crate::moments::to_f64;

/// Estimates quantiles of a stream of pixels from 65536 counts.
///
/// The bins reach a tenth of the range of the first pixels beyond them. When later pixels leave the bins,
/// wider ones are made in the same way and the counts are moved there in proportion to the overlap. This is
/// the estimator of the reference, count by count.
///
/// # Accuracy
///
/// Within a bin pixels are taken to be spread evenly, so without re-binning a quantile is off by less than
/// one [`bin_width`](Self::bin_width). Re-binning moves a count by less than one bin of that moment, and
/// bins become wider by at least 1.2 each time, so that all of it together adds less than 5 of the final
/// bins. [`merge`](Self::merge) adds less than one bin of `other` for the counts of `other`.
///
/// Memory is 512 KiB from the first pixel on.
///
/// ```
/// use patchweave_transform::QuantileHistogram;
///
/// let mut histogram = QuantileHistogram::default();
/// histogram.update(&[0.0, 1.0, 2.0])?;
/// histogram.update(&[3.0, 4.0])?;
/// assert_eq!(histogram.count(), 5);
/// assert_eq!((histogram.quantile(0.0), histogram.quantile(1.0)), (0.0, 4.0));
/// assert!((histogram.quantile(0.5) - 2.0).abs() < histogram.bin_width());
/// # Ok::<(), patchweave_transform::NormalizeError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct QuantileHistogram {
    extremes: Extremes,
    count: u64,
    bins: Option<Bins>,
}

#[derive(Debug, Clone, PartialEq)]
struct Bins {
    edges: Edges,
    counts: Vec<u64>,
}

impl Bins {
    fn around(low: f64, high: f64) -> Result<Self, NormalizeError> {
        Ok(Bins { edges: Edges::around(low, high), counts: zeros(N_BINS)? })
    }

    /// Makes wider bins if there are values that the present ones do not hold.
    fn grow_to(&mut self, low: f64, high: f64) -> Result<(), NormalizeError> {
        let edges = self.edges.grown_to(low, high);
        if edges != self.edges {
            let mut counts = zeros(N_BINS)?;
            let everywhere = (f64::NEG_INFINITY, f64::INFINITY);
            move_counts((&self.edges, &self.counts), everywhere, (&edges, &mut counts));
            *self = Bins { edges, counts };
        }
        Ok(())
    }
}

impl Default for QuantileHistogram {
    /// Nothing seen yet.
    fn default() -> Self {
        QuantileHistogram { extremes: Extremes::NONE, count: 0, bins: None }
    }
}

impl QuantileHistogram {
    /// Adds pixels in raw intensity units.
    ///
    /// All of them are left out if one is infinite or no number, see [`is_finite`](Self::is_finite).
    ///
    /// # Errors
    /// [`NormalizeError::OutOfMemory`].
    pub fn update(&mut self, pixels: &[f32]) -> Result<(), NormalizeError> {
        let seen = Extremes::of(pixels);
        if pixels.is_empty() || !seen.is_finite {
            self.extremes.is_finite &= seen.is_finite;
            return Ok(());
        }
        self.extremes.merge(&seen);
        self.count += pixels.len() as u64;
        let (low, high) = self.range();
        let bins = match &mut self.bins {
            Some(bins) => bins,
            none => none.insert(Bins::around(low, high)?),
        };
        bins.grow_to(low, high)?;
        bins.edges.count(pixels, &mut bins.counts);
        Ok(())
    }

    /// Adds the pixels that `other` has seen, as exactly as its bins tell where they are.
    ///
    /// The own bins are widened as by [`update`](Self::update) if they do not hold all pixels; then the
    /// counts of `other` are moved into them. The result depends on the order of merging by the bins that
    /// come out and by the [accuracy](Self#accuracy) of moving counts.
    ///
    /// # Errors
    /// [`NormalizeError::OutOfMemory`].
    pub fn merge(&mut self, other: &QuantileHistogram) -> Result<(), NormalizeError> {
        let Some(new) = &other.bins else {
            self.extremes.is_finite &= other.extremes.is_finite;
            return Ok(());
        };
        self.extremes.merge(&other.extremes);
        self.count += other.count;
        let (low, high) = self.range();
        match &mut self.bins {
            None => self.bins = Some(new.clone()),
            Some(own) => {
                own.grow_to(low, high)?;
                move_counts((&new.edges, &new.counts), other.range(), (&own.edges, &mut own.counts));
            }
        }
        Ok(())
    }

    /// How many pixels were counted.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Whether no pixel given so far was infinite or no number.
    pub fn is_finite(&self) -> bool {
        self.extremes.is_finite
    }

    /// The width of the bins in raw intensity units; NaN before the first pixel.
    pub fn bin_width(&self) -> f64 {
        self.bins.as_ref().map_or(f64::NAN, |bins| bins.edges.width())
    }

    /// The value below which the share `level` of the pixels lies; NaN before the first pixel.
    ///
    /// From level 0 down it is the smallest and from level 1 up the largest pixel, both exact.
    pub fn quantile(&self, level: f64) -> f64 {
        let Some(Bins { edges, counts }) = &self.bins else { return f64::NAN };
        let (low, high) = self.range();
        if level <= 0.0 {
            return low;
        }
        if level >= 1.0 {
            return high;
        }
        let target = to_f64(self.count) * level;
        let mut n_before = 0;
        for (bin, &n) in counts.iter().enumerate() {
            if to_f64(n_before + n) >= target {
                let start = edges.at(bin);
                let share = if n == 0 { 0.0 } else { (target - to_f64(n_before)).max(0.0) / to_f64(n) };
                return start + share * (edges.at(bin + 1) - start);
            }
            n_before += n;
        }
        f64::NAN
    }

    fn range(&self) -> (f64, f64) {
        (self.extremes.low.into(), self.extremes.high.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn total(histogram: &QuantileHistogram) -> u64 {
        histogram.bins.as_ref().map_or(0, |bins| bins.counts.iter().sum())
    }

    /// Streams of blocks whose scales differ, so that bins have to grow.
    fn any_blocks() -> impl Strategy<Value = Vec<Vec<f32>>> {
        let block = (prop::sample::select(vec![0.0_f32, 1e-3, 1.0, 300.0]), -5.0_f32..5.0).prop_flat_map(
            |(scale, shift)| {
                prop::collection::vec((-1.0_f32..1.0).prop_map(move |x| x * scale + shift), 1..80)
            },
        );
        prop::collection::vec(block, 1..12)
    }

    /// How far the estimate is from the pixels between which the quantile may lie: the last ones of which
    /// less than, and not more than, the share `level` is before them.
    fn error(histogram: &QuantileHistogram, sorted: &[f32], level: f64) -> f64 {
        let target = level * sorted.len() as f64;
        let last = |is_low: &dyn Fn(f64) -> bool| {
            let before = (0..sorted.len()).take_while(|&n| is_low(n as f64)).count();
            f64::from(sorted[before.max(1) - 1])
        };
        let low = last(&|n| n < target);
        let high = last(&|n| n <= target);
        let estimate = histogram.quantile(level);
        (low - estimate).max(estimate - high).max(0.0)
    }

    proptest! {
        #[test]
        fn no_pixel_is_lost_and_quantiles_are_near(blocks in any_blocks(), level in 0.001_f64..0.999) {
            let mut histogram = QuantileHistogram::default();
            for block in &blocks {
                histogram.update(block).unwrap();
                prop_assert_eq!(total(&histogram), histogram.count());
            }
            let mut sorted = blocks.concat();
            sorted.sort_by(f32::total_cmp);
            prop_assert_eq!(histogram.count(), sorted.len() as u64);
            prop_assert!(error(&histogram, &sorted, level) <= 6.0 * histogram.bin_width());
        }

        #[test]
        fn one_block_is_exact_to_a_bin(block in prop::collection::vec(-1e3_f32..1e3, 1..500), level in 0.001_f64..0.999) {
            let mut histogram = QuantileHistogram::default();
            histogram.update(&block).unwrap();
            let mut sorted = block.clone();
            sorted.sort_by(f32::total_cmp);
            prop_assert!(error(&histogram, &sorted, level) <= histogram.bin_width());
        }

        #[test]
        fn merging_loses_no_pixel_either(blocks in any_blocks(), cut in 0_usize..12, level in 0.001_f64..0.999) {
            let mut parts = [QuantileHistogram::default(), QuantileHistogram::default()];
            for (at, block) in blocks.iter().enumerate() {
                parts[usize::from(at >= cut)].update(block).unwrap();
            }
            let [mut merged, tail] = parts;
            let other_width = if tail.count() > 0 { tail.bin_width() } else { 0.0 };
            merged.merge(&tail).unwrap();
            let mut sorted = blocks.concat();
            sorted.sort_by(f32::total_cmp);
            prop_assert_eq!(total(&merged), sorted.len() as u64);
            prop_assert_eq!(merged.quantile(0.0), f64::from(sorted[0]));
            prop_assert!(error(&merged, &sorted, level) <= 6.0 * (merged.bin_width() + other_width));
        }
    }

    #[test]
    fn constant_pixels_of_any_size_are_counted() {
        for value in [0.0, 7.0, 1e12, -3e30] {
            let mut histogram = QuantileHistogram::default();
            histogram.update(&[value; 16]).unwrap();
            histogram.update(&[value; 3]).unwrap();
            histogram.update(&[value + 2.0 * value.abs() + 5.0; 5]).unwrap();
            assert_eq!(total(&histogram), 24);
            assert!((histogram.quantile(0.5) - f64::from(value)).abs() <= 2.0 * histogram.bin_width());
        }
    }

    #[test]
    fn pixels_that_are_no_numbers_are_left_out() {
        let mut histogram = QuantileHistogram::default();
        histogram.update(&[1.0, f32::NAN]).unwrap();
        assert!(histogram.quantile(0.5).is_nan() && histogram.bin_width().is_nan());
        let mut other = QuantileHistogram::default();
        other.update(&[2.0, 4.0]).unwrap();
        other.merge(&histogram).unwrap();
        assert_eq!((other.is_finite(), other.count()), (false, 2));
    }
}
