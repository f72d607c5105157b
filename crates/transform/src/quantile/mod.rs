//! Quantiles of a stream of pixels that is too long to be sorted: exact ones, and those of the reference.

mod channels;
mod classes;
mod counts;
mod edges;
mod exact;
mod histogram;
mod ranks;
mod rebin;

use crate::NormalizeError;

pub use channels::ChannelQuantiles;
pub use exact::{FinePixelCounts, OpenQuantiles, PixelCounts};
pub use histogram::QuantileHistogram;
pub use ranks::BetweenPixels;

/// Levels are one for all channels or one for each.
pub(crate) fn check_levels(n_levels: usize, n_channels: usize) -> Result<(), NormalizeError> {
    if n_levels == 1 || n_levels == n_channels {
        return Ok(());
    }
    Err(NormalizeError::LevelCount { n_levels, n_channels })
}
