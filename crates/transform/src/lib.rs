//! Normalisation with its statistics, flips and quarter turns: pixels in, pixels out.
//!
//! Blocks are `CZYX` in `f32`, planes have depth 1. Nothing here opens a file or knows a patch's place.

mod augment;
mod moments;
mod normalize;
mod symmetry;

pub use augment::{AugmentError, Augmentation, XyFlip, XyRandomRotate90};
pub use moments::{ChannelMoments, Moments};
pub use normalize::{NormalizeError, Normalizer, Scaling, TargetScaling};
pub use symmetry::PlaneSymmetry;
