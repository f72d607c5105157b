//! From the tree of a file to its plan: a file for every section.
//!
//! A function that reads a value reports what is wrong with it and returns `None`; its caller reads on, so that one run
//! reports every problem.

mod bad_tiles;
mod blends;
mod data;
mod formats;
mod load;
mod model_use;
mod models;
mod outputs;
mod outside;
mod pixel_types;
mod predict;
mod reading;
mod remote;
mod rules;
mod run;
mod simulate;
mod skip;
mod train;
mod tree;
mod values;

pub use data::{
    AxesQuestion, ChannelChange, ConversionError, ConversionOptions, UnknownAxes, parse_data_config,
};
pub use load::{LoadError, load, load_and_check};
pub use outside::Outside;
pub use rules::DataRules;
pub use run::{parse, parse_and_check};
pub use tree::ConfigTree;
