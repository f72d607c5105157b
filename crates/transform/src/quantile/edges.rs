//! Equally spaced bins and which of them a value lies in; no counts.

/// Bins of every histogram: one for each value of 16-bit pixels, if they use the whole range.
pub(super) const N_BINS: usize = 65_536;
const LAST_BIN: f64 = 65_535.0;

/// How far bins reach beyond the values on either side, as a share of their range.
const MARGIN: f64 = 0.1;

/// Values whose bins are computed at once.
const BATCH: usize = 64;

/// Adding this to a small number leaves its nearest whole number in the low bits.
const WHOLE: f64 = 6_755_399_441_055_744.0;

/// The borders of [`N_BINS`] bins of equal width.
///
/// Bin `i` holds values from `at(i)` to below `at(i + 1)`, the last one those at its upper edge as well.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Edges {
    first: f64,
    last: f64,
    step: f64,
    /// Whether bins are so wide, compared with the rounding of their edges, that computing a bin from the
    /// width is off by one at most. They are not if all values are the same large number.
    is_regular: bool,
}

impl Edges {
    /// Bins for the values from `low` to `high` and a margin; bins for a range of 1 if these are the same.
    pub(super) fn around(low: f64, high: f64) -> Self {
        let range = if high == low { 1.0 } else { high - low };
        let first = low - MARGIN * range;
        let last = high + MARGIN * range;
        #[expect(clippy::cast_precision_loss, reason = "2^16 has few bits")]
        let step = (last - first) / N_BINS as f64;
        let is_regular = step > 8.0 * f64::EPSILON * first.abs().max(last.abs());
        Edges { first, last, step, is_regular }
    }

    /// The same bins, or wider ones for a stream that has values from `low` to `high` as well.
    pub(super) fn grown_to(&self, low: f64, high: f64) -> Self {
        if self.first <= low && high <= self.last {
            return *self;
        }
        Edges::around(self.first.min(low), self.last.max(high))
    }

    /// The lower edge of a bin, or for [`N_BINS`] the upper edge of the last one.
    pub(super) fn at(&self, edge: usize) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "edges are few")]
        let place = edge as f64;
        if edge == N_BINS { self.last } else { place * self.step + self.first }
    }

    /// The width of the bins.
    pub(super) fn width(&self) -> f64 {
        self.step
    }

    /// The bin of a value; of values outside the outermost bin.
    pub(super) fn bin_of(&self, value: f64) -> usize {
        if self.is_regular {
            return self.regular_bins(&[value.clamp(self.first, self.last)])[0];
        }
        let mut below = 0;
        let mut above = N_BINS;
        while above - below > 1 {
            let middle = below.midpoint(above);
            if self.at(middle) <= value {
                below = middle;
            } else {
                above = middle;
            }
        }
        below
    }

    /// Counts every value in its bin. All values must lie between the outermost edges.
    pub(super) fn count(&self, values: &[f32], counts: &mut [u64]) {
        if !self.is_regular {
            values.iter().for_each(|&value| counts[self.bin_of(value.into())] += 1);
            return;
        }
        let batches = values.chunks_exact(BATCH);
        let rest = batches.remainder();
        let mut wide = [0.0; BATCH];
        for batch in batches {
            wide.iter_mut().zip(batch).for_each(|(wide, &value)| *wide = f64::from(value));
            self.regular_bins(&wide).into_iter().for_each(|bin| counts[bin] += 1);
        }
        rest.iter().for_each(|&value| counts[self.bin_of(value.into())] += 1);
    }

    /// The bins of values between the outermost edges: from the width, then corrected by the edges.
    fn regular_bins<const N: usize>(&self, values: &[f64; N]) -> [usize; N] {
        let per_unit = 1.0 / self.step;
        values.map(|value| {
            let place = (value - self.first) * per_unit - 0.5;
            let bin = (place + WHOLE) - WHOLE;
            let is_above = if bin * self.step + self.first > value { 1.0 } else { 0.0 };
            let is_below = if (bin + 1.0) * self.step + self.first <= value { 1.0 } else { 0.0 };
            let bin = (bin - is_above + is_below).clamp(0.0, LAST_BIN);
            #[expect(clippy::cast_possible_truncation, reason = "the bin is in the low 16 bits")]
            let bin = (bin + WHOLE).to_bits() as u16;
            usize::from(bin)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// `at(i) <= v < at(i + 1)`, whatever the scale, and at the edges themselves.
        #[test]
        fn a_value_lies_in_its_bin(
            scale in prop::sample::select(vec![1e-30, 1e-3, 1.0, 1e6, 3e30]),
            low in -1.0_f32..1.0,
            range in 0.0_f32..1.0,
            share in 0.0_f32..=1.0,
            edge in 0..=N_BINS,
        ) {
            let low = f64::from(low) * scale;
            let edges = Edges::around(low, low + f64::from(range) * scale);
            let between = edges.first + f64::from(share) * (edges.last - edges.first);
            for value in [between, low, edges.at(edge), edges.last] {
                let bin = edges.bin_of(value);
                prop_assert!(edges.at(bin) <= value);
                prop_assert!(value < edges.at(bin + 1) || bin == N_BINS - 1);
            }
        }

        /// All at once is one by one.
        #[test]
        fn counting_agrees_with_finding(values in prop::collection::vec(-3.0_f32..5.0, 1..300)) {
            let edges = Edges::around(-3.0, 5.0);
            let mut fast = vec![0; N_BINS];
            let mut slow = vec![0; N_BINS];
            edges.count(&values, &mut fast);
            values.iter().for_each(|&value| slow[edges.bin_of(value.into())] += 1);
            prop_assert_eq!(fast, slow);
        }
    }

    /// 65536 bins within a range that has a handful of numbers.
    #[test]
    fn bins_without_width_are_passed_over() {
        let value = 1e16;
        let edges = Edges::around(value, value);
        assert!(!edges.is_regular);
        let bin = edges.bin_of(value);
        assert!(edges.at(bin) <= value && (value < edges.at(bin + 1) || bin == N_BINS - 1));
        let mut counts = vec![0; N_BINS];
        edges.count(&[1e16; 3], &mut counts);
        assert_eq!(counts.iter().sum::<u64>(), 3);
    }
}
