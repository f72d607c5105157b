//! How channels are mixed into one synthetic image: the weights, and where random decisions come from.

use patchweave_patching::PatchRng;
use rand::RngExt;

use crate::ConstructError;

/// The weights that a channel may get in a mixture, `[low, high)`; always `low` if both are the same.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AlphaRange {
    low: f64,
    high: f64,
}

impl AlphaRange {
    /// A range of weights.
    ///
    /// # Errors
    /// [`ConstructError::AlphaRange`] unless both are finite and in order.
    pub fn new(low: f64, high: f64) -> Result<Self, ConstructError> {
        if low.is_finite() && high.is_finite() && low <= high {
            Ok(AlphaRange { low, high })
        } else {
            Err(ConstructError::AlphaRange { low, high })
        }
    }

    /// The smallest weight.
    pub fn low(&self) -> f64 {
        self.low
    }

    /// What all weights stay below, unless it is the smallest one.
    pub fn high(&self) -> f64 {
        self.high
    }
}

/// The random decisions of constructors that mix channels; [`PatchRng`] makes them.
///
/// Another implementation pins decisions, to repeat a mixture that was seen elsewhere.
pub trait MixDraws {
    /// A number uniform in `[0, 1)`.
    fn unit(&mut self) -> f64;

    /// For each count an index uniform in `[0, count)`.
    fn indices(&mut self, counts: &[usize]) -> Vec<usize>;

    /// For each range a weight uniform in it.
    fn weights(&mut self, ranges: &[AlphaRange]) -> Vec<f64>;

    /// What patching strategies draw from.
    fn rng(&mut self) -> &mut PatchRng;
}

impl MixDraws for PatchRng {
    fn unit(&mut self) -> f64 {
        self.random()
    }

    fn indices(&mut self, counts: &[usize]) -> Vec<usize> {
        counts.iter().map(|&count| self.random_range(0..count.max(1))).collect()
    }

    fn weights(&mut self, ranges: &[AlphaRange]) -> Vec<f64> {
        ranges.iter().map(|range| range.low + self.random::<f64>() * (range.high - range.low)).collect()
    }

    fn rng(&mut self) -> &mut PatchRng {
        self
    }
}

/// The weights of a number of channels.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Weights {
    /// One over the number of channels, without any draw.
    Equal(Vec<f32>),
    /// Drawn from one range for each channel.
    Drawn(Vec<AlphaRange>),
}

impl Weights {
    /// One weight for each of `n_channels` channels.
    pub fn new(n_channels: usize, ranges: Option<Vec<AlphaRange>>) -> Result<Self, ConstructError> {
        match ranges {
            Some(ranges) if ranges.len() == n_channels => Ok(Weights::Drawn(ranges)),
            Some(ranges) => Err(ConstructError::AlphaCount { n_ranges: ranges.len(), n_channels }),
            None => {
                #[expect(clippy::cast_precision_loss, reason = "images have few channels")]
                let weight = 1.0 / n_channels as f32;
                Ok(Weights::Equal(vec![weight; n_channels]))
            }
        }
    }

    pub fn draw(&self, draws: &mut dyn MixDraws) -> Vec<f32> {
        match self {
            Weights::Equal(weights) => weights.clone(),
            Weights::Drawn(ranges) => {
                #[expect(clippy::cast_possible_truncation, reason = "pixels are f32")]
                let round = |weight: f64| weight as f32;
                draws.weights(ranges).into_iter().map(round).collect()
            }
        }
    }
}
