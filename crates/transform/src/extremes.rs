//! Smallest and largest pixel of a stream, mergeable.

use ndarray::{ArrayView4, Axis};

use crate::contiguous::contiguous;

/// Smallest and largest pixel seen so far.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Extremes {
    pub(crate) low: f32,
    pub(crate) high: f32,
    pub(crate) is_finite: bool,
}

impl Extremes {
    /// Nothing seen yet.
    pub(crate) const NONE: Self = Extremes { low: f32::INFINITY, high: f32::NEG_INFINITY, is_finite: true };

    /// The extremes of one block of pixels; NaN is ignored, but remembered.
    pub(crate) fn of(pixels: &[f32]) -> Self {
        // Eight lanes, because the compiler may not reorder these operations by itself.
        let mut lows = [f32::INFINITY; 8];
        let mut highs = [f32::NEG_INFINITY; 8];
        // Stays 0 until an infinity or NaN makes it NaN.
        let mut zeros = [0.0_f32; 8];
        let blocks = pixels.chunks_exact(8);
        let rest = blocks.remainder();
        for block in blocks {
            for (lane, &pixel) in block.iter().enumerate() {
                lows[lane] = if pixel < lows[lane] { pixel } else { lows[lane] };
                highs[lane] = if pixel > highs[lane] { pixel } else { highs[lane] };
                zeros[lane] += pixel * 0.0;
            }
        }
        Extremes {
            low: lows.into_iter().chain(rest.iter().copied()).fold(f32::INFINITY, f32::min),
            high: highs.into_iter().chain(rest.iter().copied()).fold(f32::NEG_INFINITY, f32::max),
            is_finite: zeros.iter().all(|zero| !zero.is_nan()) && rest.iter().all(|pixel| pixel.is_finite()),
        }
    }

    /// Adds the pixels that `other` has seen.
    pub(crate) fn merge(&mut self, other: &Extremes) {
        self.low = self.low.min(other.low);
        self.high = self.high.max(other.high);
        self.is_finite &= other.is_finite;
    }

    fn is_empty(&self) -> bool {
        self.low > self.high
    }
}

/// Smallest and largest pixel of every channel of a stream of blocks.
///
/// ```
/// use ndarray::Array4;
/// use patchweave_transform::ChannelExtremes;
///
/// let mut extremes = ChannelExtremes::new(2);
/// extremes.update(Array4::from_shape_fn([2, 1, 1, 3], |(c, _, _, x)| (10 * c + x) as f32).view());
/// assert_eq!((extremes.lows(true), extremes.highs(true)), (vec![0.0, 10.0], vec![2.0, 12.0]));
/// assert_eq!((extremes.lows(false), extremes.highs(false)), (vec![0.0], vec![12.0]));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ChannelExtremes {
    channels: Vec<Extremes>,
}

impl ChannelExtremes {
    /// Nothing seen yet of `n_channels` channels.
    pub fn new(n_channels: usize) -> Self {
        ChannelExtremes { channels: vec![Extremes::NONE; n_channels] }
    }

    /// Adds a block `CZYX`; channels beyond those announced are ignored.
    pub fn update(&mut self, block: ArrayView4<'_, f32>) {
        for (channel, pixels) in self.channels.iter_mut().zip(block.axis_iter(Axis(0))) {
            channel.merge(&Extremes::of(&contiguous(&pixels)));
        }
    }

    /// Adds what `other` has seen; the order of merging does not matter.
    pub fn merge(&mut self, other: &ChannelExtremes) {
        for (channel, extremes) in self.channels.iter_mut().zip(&other.channels) {
            channel.merge(extremes);
        }
    }

    /// Whether no pixel seen so far was infinite or no number.
    pub fn is_finite(&self) -> bool {
        self.channels.iter().all(|extremes| extremes.is_finite)
    }

    /// The smallest pixel of every channel, or one over all of them; NaN before the first pixel.
    pub fn lows(&self, per_channel: bool) -> Vec<f64> {
        self.reduced(per_channel, |extremes| extremes.low)
    }

    /// The largest pixel of every channel, or one over all of them; NaN before the first pixel.
    pub fn highs(&self, per_channel: bool) -> Vec<f64> {
        self.reduced(per_channel, |extremes| extremes.high)
    }

    fn reduced(&self, per_channel: bool, end: impl Fn(&Extremes) -> f32) -> Vec<f64> {
        let seen = |extremes: &Extremes| if extremes.is_empty() { f64::NAN } else { end(extremes).into() };
        if per_channel {
            return self.channels.iter().map(seen).collect();
        }
        let mut all = Extremes::NONE;
        self.channels.iter().for_each(|channel| all.merge(channel));
        vec![seen(&all)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// However a stream is cut into blocks, the result is that of one pass over it.
        #[test]
        fn cutting_does_not_matter(pixels in prop::collection::vec(-1e4_f32..1e4, 1..200), cut in 0_usize..200) {
            let (head, tail) = pixels.split_at(cut % pixels.len());
            let mut merged = Extremes::of(head);
            merged.merge(&Extremes::of(tail));
            prop_assert_eq!(merged.low, pixels.iter().copied().fold(f32::INFINITY, f32::min));
            prop_assert_eq!(merged.high, pixels.iter().copied().fold(f32::NEG_INFINITY, f32::max));
            prop_assert!(merged.is_finite);
        }

        #[test]
        fn what_is_no_number_is_noticed_anywhere(
            n in 1_usize..40,
            at in 0_usize..40,
            bad in prop::sample::select(vec![f32::NAN, f32::INFINITY, f32::NEG_INFINITY]),
        ) {
            let mut pixels = vec![1.5; n];
            pixels[at % n] = bad;
            prop_assert!(!Extremes::of(&pixels).is_finite);
        }
    }

    #[test]
    fn nothing_has_no_extremes() {
        let extremes = ChannelExtremes::new(1);
        assert!(extremes.lows(true)[0].is_nan() && extremes.highs(false)[0].is_nan());
        assert!(extremes.is_finite());
    }
}
