//! The YAML file of a run: from text to a checked plan, or all of its problems at once.
//!
//! [`parse`] gives a [`RunPlan`] whose values need no further check, or [`ConfigErrors`] that name every
//! problem of the file with its line. [`check_images`] adds what only the opened images can tell.
//! Nothing here opens an image, writes a file or builds what the plan describes, and no other crate
//! knows how the text is parsed.
//!
//! The field names and rules of `data_config` are those of CAREamics, as far as this program has the
//! feature.

mod augmentation;
mod axes;
mod data;
mod format;
mod images;
mod load;
mod location;
mod model;
mod normalization;
mod origin;
mod patching;
mod paths;
mod predict;
mod problem;
mod reader;
mod run;
mod scalar;
mod simulate;
mod sizes;
mod suggest;
mod train;
mod yaml;

pub use augmentation::AugmentationPlan;
pub use data::{DataPlan, DataType, Mode};
pub use format::OutputFormat;
pub use images::{ImageFacts, OpenedImages, check_images};
pub use load::{LoadError, load, load_and_check};
pub use model::ModelPlan;
pub use normalization::{InputStatistics, MeanStd, MinMax, NormalizationPlan, TargetStatistics};
pub use patching::{PatchingPlan, TilingPlan};
pub use predict::{PixelTypeChoice, PredictPlan};
pub use problem::{ConfigErrors, Excerpt, Problem};
pub use run::{RunPlan, parse, parse_and_check};
pub use simulate::SimulatePlan;
pub use train::TrainPlan;
