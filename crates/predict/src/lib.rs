//! Models, and the predictor that cuts tiles, runs a model and weaves the results back into images.
//!
//! Images are written band by band as tiles arrive, so that memory holds one row of tiles and a few bytes for every other
//! row. A [`StitchingPlan`] says where patches of planes that were made of neighbouring slices belong.

mod band;
mod error;
mod gaussian;
mod model;
mod predictor;
mod stitching_plan;
mod writer;

pub use error::PredictError;
pub use gaussian::Gaussian;
pub use model::{Identity, Likeness, Model, ModelError, NativeScale};
pub use predictor::{Predictor, Progress};
pub use stitching_plan::{PatchMapping, StitchingPlan};
