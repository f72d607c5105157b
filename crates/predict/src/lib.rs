//! The predictor that cuts tiles, runs models and weaves the results back into images.
//!
//! A [`Predictor`] shows every tile to all models in one pass, keeps what they make of it until the units of the results are
//! whole, and has these written while it goes on. A [`StitchingPlan`] says where patches of planes that were made of
//! neighbouring slices belong.

mod bad_tile;
mod batch_model;
mod blend;
mod by_image;
mod content;
mod error;
mod held;
mod largest_tiles;
mod masks;
mod memory;
mod open_image;
mod options;
mod output_grid;
mod part;
mod predictor;
mod skip;
mod stitching_plan;
mod target;
mod tile_order;
mod tiling;
mod times;
mod unit_box;
mod unit_writer;
mod weighted_mean;
mod whole_tiles;
mod writing;

pub use bad_tile::{AnewTile, BadTile, OnBadTile};
pub use blend::Blend;
pub use content::{Content, Values};
pub use error::PredictError;
pub use largest_tiles::largest_tiles;
pub use memory::MemoryForecast;
pub use options::{PredictOptions, Progress};
pub use output_grid::{cut_shape, output_shape};
pub use part::Part;
pub use patchweave_quilt::Border;
pub use predictor::Predictor;
pub use skip::Skip;
pub use stitching_plan::{PatchMapping, StitchingPlan};
pub use target::{Finished, OutputImage, Target};
pub use tiling::Tiling;
pub use times::{Bound, PredictTimes};
