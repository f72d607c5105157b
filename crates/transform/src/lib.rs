//! Normalisation with its statistics, flips and quarter turns, and filters for background: pixels in, pixels
//! out.
//!
//! Blocks are `CZYX` in `f32`, planes have depth 1. Nothing here opens a file or knows a patch's place.

mod augment;
mod contiguous;
mod extremes;
mod filter;
mod finite;
mod moments;
mod normalize;
mod patch_scatter;
mod quantile;
mod symmetry;

pub use augment::{AugmentError, Augmentation, XyFlip, XyRandomRotate90};
pub use extremes::ChannelExtremes;
pub use filter::{
    FilterError, FilterMap, FilterMapKind, Judgement, MaskFilter, MaxFilter, MeanStdFilter, PatchFilter,
    Seen, ShannonFilter,
};
pub use finite::all_finite;
pub use moments::{ChannelMoments, Moments};
pub use normalize::{NormalizeError, Normalizer, Scaling, TargetScaling};
pub use patch_scatter::PatchScatter;
pub(crate) use quantile::check_levels;
pub use quantile::{
    BetweenPixels, ChannelQuantiles, FinePixelCounts, OpenQuantiles, PixelCounts, QuantileHistogram,
};
pub use symmetry::PlaneSymmetry;
