//! Models: blocks of pixels in, blocks of pixels out, and what is known of them before the first call.
//!
//! [`Model`] is the contract. [`ModelInfo`] says which inputs a model takes and what shape, scale and meaning its outputs have;
//! [`halo::measure`] finds out how far an output sees. Models of files are in crates of their own. This crate opens no file,
//! cuts no tile and starts no thread of its own.

mod alone;
mod channel_mean;
mod closure;
mod contract;
mod error;
mod gaussian;
pub mod halo;
mod identity;
mod info;
mod native_scale;
mod output;
mod repeated;
mod scale;
mod seeds;
mod sides;
mod size_rule;
mod whole;

pub use alone::ModelExt;
pub use channel_mean::ChannelMean;
pub use closure::FnModel;
pub use contract::Model;
pub use error::{Cause, ModelError};
pub use gaussian::Gaussian;
pub use identity::Identity;
pub use info::{InputInfo, ModelInfo};
pub use native_scale::NativeScale;
pub use output::{ChannelRule, Likeness, OutputInfo, OutputType};
pub use repeated::{RepeatOptions, Repeated, Symmetries};
pub use scale::Scale;
pub use seeds::seeds_of;
pub use sides::Sides;
pub use size_rule::SizeRule;
pub use whole::{Whole, WholePixels};
