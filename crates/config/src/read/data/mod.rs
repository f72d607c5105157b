//! The section `data_config`.

mod alone;
mod augmentations;
pub(super) mod axes;
mod batches;
mod convert;
mod data_type;
mod filters;
mod images;
mod lateral;
mod loader_params;
mod normalization;
pub(super) mod own_axes;
pub(super) mod patching;
pub(super) mod read_data;
mod samples;
pub(super) mod section;
mod surroundings;

pub use alone::parse_data_config;
pub use convert::{ChannelChange, ConversionError, ConversionOptions};
pub use own_axes::{AxesQuestion, UnknownAxes};
