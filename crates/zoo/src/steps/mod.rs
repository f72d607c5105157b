//! What is done to tensors before and after a network: a pure function for every step, on blocks `CZYX`.
//!
//! Settings that may differ between channels are slices of one number for all channels, or one for each. Values are computed in
//! `f64` and kept as `f32`. Statistics are given, so that those of a whole image serve for its tiles.

mod binarize;
mod by_channel;
mod clip;
mod ensure_dtype;
mod scale_linear;
mod scale_mean_variance;
mod scale_range;
mod sigmoid;
mod softmax;
mod zero_mean_unit_variance;

pub use binarize::binarize;
pub use clip::clip;
pub use ensure_dtype::ensure_dtype;
pub use scale_linear::scale_linear;
pub use scale_mean_variance::scale_mean_variance;
pub use scale_range::scale_range;
pub use sigmoid::sigmoid;
pub use softmax::softmax;
pub use zero_mean_unit_variance::zero_mean_unit_variance;
