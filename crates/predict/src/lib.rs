//! The predictor that cuts tiles, runs models and weaves the results back into images.
//!
//! A [`Predictor`] shows every tile to all models in one pass, keeps what they make of it until the units of the results are
//! whole, and has these written while it goes on. A [`StitchingPlan`] says where patches of planes that were made of
//! neighbouring slices belong.

mod batch_model;
mod blend;
mod error;
mod held;
mod open_image;
mod output_grid;
mod predictor;
mod stitching_plan;
mod target;
mod tile_order;
mod tiling;
mod unit_box;
mod unit_writer;
mod weighted_mean;

pub use blend::Blend;
pub use error::PredictError;
pub use output_grid::{cut_shape, output_shape};
pub use patchweave_quilt::Border;
pub use predictor::{PredictOptions, Predictor, Progress};
pub use stitching_plan::{PatchMapping, StitchingPlan};
pub use target::{Finished, OutputImage, Target};
pub use tiling::Tiling;
