//! Quantiles of a stream of pixels that is too long to be sorted.

mod channels;
mod edges;
mod histogram;
mod rebin;

pub use channels::ChannelQuantiles;
pub use histogram::QuantileHistogram;
