//! From a checked plan to running objects: simulated data, opened images, loaders and predictions.
//!
//! Front ends call these steps in order and show what they like: [`load_plan`], [`simulated_data`],
//! [`open_images`], [`training`], [`prediction`]. Nothing here prints or reads the command line.

mod error;
mod images;
mod normalizer;
mod outputs;
mod patching;
mod pictures;
mod prediction;
mod simulated;
mod training;
mod verify;
mod written;

pub use error::PipelineError;
pub use images::{Images, NamedImages, load_plan, open_images};
pub use normalizer::Statistics;
pub use outputs::write_statistics;
pub use pictures::{Montage, prediction_picture};
pub use prediction::{Prediction, PredictionImage, prediction};
pub use simulated::{SimulatedData, simulated_data, simulation_of};
pub use training::{Training, training};
pub use verify::{Comparison, compare};
