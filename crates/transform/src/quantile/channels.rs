//! Quantiles of every channel of a stream of blocks, as the reference estimates them.

use ndarray::{ArrayView4, Axis, Slice};

use crate::contiguous::contiguous;
use crate::{NormalizeError, QuantileHistogram, check_levels};

/// One [`QuantileHistogram`] per channel, or one over all channels; [`PixelCounts`](crate::PixelCounts) is exact.
///
/// Blocks have to come in the same order for the same result. A histogram has half a megabyte, so keep one
/// per thread rather than one per task, and merge threads in their order.
///
/// ```
/// use ndarray::Array4;
/// use patchweave_transform::ChannelQuantiles;
///
/// let block = Array4::from_shape_fn([2, 1, 1, 100], |(c, _, _, x)| (1000 * c + x) as f32);
/// let mut quantiles = ChannelQuantiles::new(2, true);
/// quantiles.update(block.view())?;
/// let medians = quantiles.quantiles(&[0.5])?;
/// assert!((medians[0] - 50.0).abs() < 1.0 && (medians[1] - 1050.0).abs() < 1.0);
///
/// let mut quantiles = ChannelQuantiles::new(2, false);
/// quantiles.update(block.view())?;
/// let error = quantiles.quantiles(&[0.5, 0.5]).unwrap_err();
/// assert_eq!(error.to_string(), "got 2 quantile levels for statistics of 1 channels, expected 1 or 1");
/// # Ok::<(), patchweave_transform::NormalizeError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ChannelQuantiles {
    n_channels: usize,
    histograms: Vec<QuantileHistogram>,
    per_channel: bool,
}

impl ChannelQuantiles {
    /// Nothing seen yet of `n_channels` channels, which share a histogram unless `per_channel` is set.
    pub fn new(n_channels: usize, per_channel: bool) -> Self {
        let n_histograms = if per_channel { n_channels } else { 1 };
        ChannelQuantiles {
            n_channels,
            histograms: vec![QuantileHistogram::default(); n_histograms],
            per_channel,
        }
    }

    /// Adds a block `CZYX`; channels beyond those announced are ignored.
    ///
    /// # Errors
    /// [`NormalizeError::OutOfMemory`].
    pub fn update(&mut self, block: ArrayView4<'_, f32>) -> Result<(), NormalizeError> {
        if self.per_channel {
            let mut channels = self.histograms.iter_mut().zip(block.axis_iter(Axis(0)));
            return channels.try_for_each(|(histogram, pixels)| histogram.update(&contiguous(&pixels)));
        }
        let n_channels = self.n_channels.min(block.len_of(Axis(0)));
        let announced = block.slice_axis(Axis(0), Slice::from(..n_channels));
        // All channels in one step, for they decide together which bins there are.
        self.histograms.iter_mut().try_for_each(|histogram| histogram.update(&contiguous(&announced)))
    }

    /// Adds what `other` has seen, see [`QuantileHistogram::merge`].
    ///
    /// # Errors
    /// [`NormalizeError::OutOfMemory`].
    pub fn merge(&mut self, other: &ChannelQuantiles) -> Result<(), NormalizeError> {
        let mut pairs = self.histograms.iter_mut().zip(&other.histograms);
        pairs.try_for_each(|(histogram, new)| histogram.merge(new))
    }

    /// Whether no pixel given so far was infinite or no number; blocks that have one are not counted.
    pub fn is_finite(&self) -> bool {
        self.histograms.iter().all(QuantileHistogram::is_finite)
    }

    /// The quantile of every channel, or one over all of them; `levels` are one for all or one for each.
    ///
    /// # Errors
    /// [`NormalizeError::LevelCount`] for any other number of levels.
    pub fn quantiles(&self, levels: &[f64]) -> Result<Vec<f64>, NormalizeError> {
        check_levels(levels.len(), self.histograms.len())?;
        let levels = levels.iter().cycle();
        Ok(self.histograms.iter().zip(levels).map(|(histogram, &level)| histogram.quantile(level)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array4;

    fn block(first: f32) -> Array4<f32> {
        Array4::from_shape_fn([3, 2, 2, 5], |(c, z, y, x)| first + (100 * c + 10 * z + 5 * y + x) as f32)
    }

    #[test]
    fn channels_without_own_statistics_are_one_list() {
        let mut shared = ChannelQuantiles::new(2, false);
        let mut flat = QuantileHistogram::default();
        for first in [0.0, 500.0] {
            shared.update(block(first).view()).unwrap();
            flat.update(&block(first).as_slice().unwrap()[..40]).unwrap();
        }
        assert_eq!(shared.histograms, [flat]);
    }

    #[test]
    fn every_channel_has_its_level() {
        let mut own = ChannelQuantiles::new(2, true);
        own.update(block(0.0).view()).unwrap();
        let mut merged = ChannelQuantiles::new(2, true);
        merged.merge(&own).unwrap();
        assert_eq!(merged.quantiles(&[0.0, 1.0]).unwrap(), [0.0, 119.0]);
        assert!(own.quantiles(&[0.1, 0.2, 0.3]).is_err());
    }
}
