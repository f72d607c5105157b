//! From a checked plan to running objects: simulated data, opened images, loaders and predictions.
//!
//! Front ends call these steps in order and show what they like: [`CheckedRun::load`], [`simulated_data`],
//! [`CheckedRun::into_images`], [`training`], [`prediction`]. [`dataset_of`] builds a single data set from
//! images that are at hand. Nothing here prints or reads the command line.

mod bad_tiles;
mod checked_run;
mod constructors;
mod coverage;
mod dataset;
mod deep;
mod durability;
mod error;
mod fingerprint;
mod fitting;
mod images;
mod label_like;
mod lacking;
mod leak_doubt;
mod leaks;
mod left_out;
mod listing;
mod marks;
mod missing_units;
mod mixture;
mod models;
mod normalizer;
mod notice;
mod opener;
mod opening;
mod output;
mod output_check;
mod output_folder;
mod output_names;
mod outputs;
mod overwriting;
mod overwriting_store;
mod pairing;
mod parts;
mod pictures;
mod predicting;
mod prediction;
mod prediction_image;
mod quality;
mod read_back;
mod read_plan;
mod renewed;
mod result_form;
mod result_jobs;
mod results;
mod role;
mod selection;
mod simulated;
mod sources;
mod split;
mod splitting;
mod state_file;
mod stream;
mod target_check;
mod tile_array;
mod tiling;
mod training;
mod verify;
mod whole_results;
mod written;

/// Asked between pieces of work, from any thread; `false` ends a step with [`PipelineError::is_interrupted`].
pub type KeepGoing<'a> = &'a (dyn Fn() -> bool + Sync);

pub use bad_tiles::{UnreadTile, remove_left_out, write_left_out};
pub use checked_run::{CheckedRun, open_images};
pub use dataset::{DatasetImages, dataset_of};
pub use deep::{DeepProgress, DeepReport};
pub use durability::durability_of;
pub use error::PipelineError;
pub use images::{Images, MixedImages, MixedPlan, NamedImages};
pub use leak_doubt::LeakDoubt;
pub use leaks::{LeakReport, find_leak};
pub use missing_units::MissingUnits;
pub use models::LabelledModel;
pub use normalizer::{ChannelPairs, Statistics, StatisticsOrigin};
pub use notice::Notice;
pub use opening::Opening;
pub use output::Output;
pub use output_folder::OutputFolder;
pub use output_names::{Origin, automatic_chunks, common_base, named_after};
pub use outputs::{write_mixed_statistics, write_statistics};
pub use overwriting::ExistingResults;
pub use pictures::Montage;
pub use predicting::{
    Outcome, Predicted, Predicting, PredictionStart, Unfinished, begun_statistics, is_begun,
};
pub use prediction::{Prediction, prediction};
pub use prediction_image::PredictionImage;
pub use quality::{ChannelQuality, InputQuality, Quality};
pub use results::ResultLabel;
pub use simulated::{SimulatedData, simulated_data, simulation_of};
pub use state_file::{read_state, write_state};
pub use stream::{chunk_aware, default_window};
pub use tile_array::{TileArray, TiledImage};
pub use training::{MixedData, Training, training};
pub use verify::{Comparison, compare};
