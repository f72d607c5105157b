//! Mean and standard deviation of a stream of pixels, in `f64`, mergeable.

use ndarray::{ArrayView4, Axis};
use pulp::{Arch, NullaryFnOnce};

use crate::contiguous::contiguous;

/// Count, mean and sum of squared deviations of the pixels seen so far.
///
/// Method: per block two passes, between blocks the pairwise update of Chan, Golub and LeVeque (1979).
///
/// ```
/// use patchweave_transform::Moments;
///
/// let mut moments = Moments::of(&[1.0, 2.0, 3.0]);
/// moments.merge(&Moments::of(&[6.0]));
/// assert_eq!(moments.mean(), 3.0);
/// assert_eq!(moments.std(), 3.5_f64.sqrt());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Moments {
    count: u64,
    mean: f64,
    squared_deviations: f64,
}

impl Moments {
    /// The moments of one block of pixels.
    pub fn of(pixels: &[f32]) -> Self {
        if pixels.is_empty() {
            return Moments::default();
        }
        Arch::new().dispatch(TwoPasses { pixels })
    }

    /// Adds the pixels that `other` has seen.
    pub fn merge(&mut self, other: &Moments) {
        if other.count == 0 {
            return;
        }
        if self.count == 0 {
            *self = *other;
            return;
        }
        let own = to_f64(self.count);
        let new = to_f64(other.count);
        let total = own + new;
        let difference = other.mean - self.mean;
        self.count += other.count;
        self.mean += difference * (new / total);
        self.squared_deviations += other.squared_deviations + difference * difference * (own * new / total);
    }

    /// How many pixels were seen.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The mean; NaN before the second pixel.
    pub fn mean(&self) -> f64 {
        if self.count < 2 { f64::NAN } else { self.mean }
    }

    /// The population standard deviation; NaN before the second pixel.
    pub fn std(&self) -> f64 {
        if self.count < 2 { f64::NAN } else { self.population().1 }
    }

    /// Mean and population standard deviation, of a single pixel as well.
    pub(crate) fn population(&self) -> (f64, f64) {
        (self.mean, (self.squared_deviations / to_f64(self.count)).sqrt())
    }
}

/// The moments of a block that is not empty: first the mean, then the deviations from it.
///
/// Runs with the widest vectors of the machine; the bits do not depend on them.
struct TwoPasses<'a> {
    pixels: &'a [f32],
}

impl NullaryFnOnce for TwoPasses<'_> {
    type Output = Moments;

    #[inline(always)]
    fn call(self) -> Moments {
        let count = self.pixels.len() as u64;
        let mean = sum(self.pixels, |pixel| pixel) / to_f64(count);
        let squared_deviations = sum(self.pixels, |pixel| (pixel - mean) * (pixel - mean));
        Moments { count, mean, squared_deviations }
    }
}

/// A sum in `f64` over eight running totals, which vectorises and is the same on every machine.
#[inline(always)]
fn sum(row: &[f32], f: impl Fn(f64) -> f64) -> f64 {
    let mut totals = [0.0; 8];
    let blocks = row.chunks_exact(8);
    let rest = blocks.remainder();
    for block in blocks {
        for (total, &pixel) in totals.iter_mut().zip(block) {
            *total += f(f64::from(pixel));
        }
    }
    totals.into_iter().sum::<f64>() + rest.iter().map(|&pixel| f(f64::from(pixel))).sum::<f64>()
}

pub(crate) fn to_f64(count: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts beyond 2^53 pixels do not occur")]
    let count = count as f64;
    count
}

/// The moments of every channel of a stream of blocks.
///
/// ```
/// use ndarray::Array4;
/// use patchweave_transform::ChannelMoments;
///
/// let mut moments = ChannelMoments::new(2);
/// moments.update(Array4::from_shape_fn([2, 1, 1, 2], |(c, _, _, x)| (10 * c + x) as f32).view());
/// assert_eq!(moments.means(true), [0.5, 10.5]);
/// assert_eq!(moments.means(false), [5.5]);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ChannelMoments {
    channels: Vec<Moments>,
}

impl ChannelMoments {
    /// Nothing seen yet of `n_channels` channels.
    pub fn new(n_channels: usize) -> Self {
        ChannelMoments { channels: vec![Moments::default(); n_channels] }
    }

    /// Adds a block `CZYX`; channels beyond those announced are ignored.
    pub fn update(&mut self, block: ArrayView4<'_, f32>) {
        for (channel, pixels) in self.channels.iter_mut().zip(block.axis_iter(Axis(0))) {
            channel.merge(&Moments::of(&contiguous(&pixels)));
        }
    }

    /// Adds what `other` has seen; the result depends on the order of merging only by rounding.
    pub fn merge(&mut self, other: &ChannelMoments) {
        for (channel, moments) in self.channels.iter_mut().zip(&other.channels) {
            channel.merge(moments);
        }
    }

    /// Whether no pixel seen so far was infinite or no number.
    pub fn is_finite(&self) -> bool {
        self.channels.iter().all(|moments| moments.mean.is_finite() && moments.squared_deviations.is_finite())
    }

    /// The mean of every channel, or one over all of them.
    pub fn means(&self, per_channel: bool) -> Vec<f64> {
        self.reduced(per_channel).iter().map(Moments::mean).collect()
    }

    /// The standard deviation of every channel, or one over all of them.
    pub fn stds(&self, per_channel: bool) -> Vec<f64> {
        self.reduced(per_channel).iter().map(Moments::std).collect()
    }

    fn reduced(&self, per_channel: bool) -> Vec<Moments> {
        if per_channel {
            return self.channels.clone();
        }
        let mut all = Moments::default();
        self.channels.iter().for_each(|channel| all.merge(channel));
        vec![all]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// However a stream is cut into blocks, the result is that of one block.
        #[test]
        fn cutting_does_not_matter(pixels in prop::collection::vec(-1e4_f32..1e4, 2..300), cut in 0_usize..300) {
            let (head, tail) = pixels.split_at(cut % pixels.len());
            let mut merged = Moments::of(head);
            merged.merge(&Moments::of(tail));
            let whole = Moments::of(&pixels);
            prop_assert!((merged.mean() - whole.mean()).abs() <= 1e-9 * (1.0 + whole.mean().abs()));
            prop_assert!((merged.std() - whole.std()).abs() <= 1e-9 * (1.0 + whole.std()));
        }
    }

    #[test]
    fn a_large_mean_does_not_eat_the_deviation() {
        let moments = Moments::of(&[16_000_000.0, 16_000_002.0, 16_000_004.0]);
        assert_eq!(moments.mean(), 16_000_002.0);
        assert!((moments.std() - (8.0_f64 / 3.0).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn fewer_than_two_pixels_have_no_deviation() {
        assert!(Moments::of(&[3.0]).std().is_nan());
        assert!(Moments::default().mean().is_nan());
    }
}
