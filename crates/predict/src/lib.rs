//! Models, and the predictor that cuts tiles, runs a model and weaves the results back into images.
//!
//! Images are written band by band as tiles arrive, so that memory does not grow with their size.

mod band;
mod error;
mod gaussian;
mod model;
mod predictor;
mod writer;

pub use error::PredictError;
pub use gaussian::Gaussian;
pub use model::{Identity, Likeness, Model, ModelError, NativeScale};
pub use predictor::{Predictor, Progress};
