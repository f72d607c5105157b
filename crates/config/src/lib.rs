//! The YAML file of a run: from text to a checked plan, or all of its problems at once.
//!
//! [`parse`] gives a [`RunPlan`] whose values need no further check, or [`ConfigErrors`] that name every
//! problem of the file with its line. [`check_images`] adds what only the opened images can tell.
//! Nothing here opens an image, writes a file or builds what the plan describes, and no other crate
//! knows how the text is parsed.
//!
//! The field names and rules of `data_config` are those of CAREamics' `DataConfig` and `MicroSplitDataConfig`,
//! with additions of our own. [`parse_data_config`] reads such a block by itself, by our rules or by theirs,
//! [`DataPlan::to_reference_form`] writes it, and [`DataPlan::converted`] makes that of a validation or
//! prediction from that of a training.

mod augmentation;
mod axes;
mod axes_source;
mod config_value;
mod constructor;
mod convert;
mod data;
mod data_block;
mod data_text;
mod data_type;
mod durability;
mod extras;
mod filters;
mod fit_source;
mod format;
mod images;
mod lateral;
mod lateral_keys;
mod load;
mod loader_params;
mod loading;
mod location;
mod mix;
mod mode;
mod model;
mod normalization;
mod order;
mod origin;
mod outside;
mod patching;
mod patching_block;
mod paths;
mod predict;
mod problem;
mod reader;
mod reading;
mod reference_form;
mod remote;
mod rules;
mod run;
mod scalar;
mod simulate;
mod sizes;
mod sources;
mod statistics_block;
mod suggest;
mod target_kind;
mod train;
mod training_rules;
mod variables;
mod warning;
mod yaml;
mod yaml_text;

pub use augmentation::AugmentationPlan;
pub use axes_source::AxesSource;
pub use config_value::ConfigValue;
pub use constructor::ConstructorPlan;
pub use convert::{ChannelChange, ConversionError, ConversionOptions};
pub use data::DataPlan;
pub use data_text::parse_data_config;
pub use data_type::DataType;
pub use durability::Durability;
pub use filters::{Background, MaskFilterPlan, PatchFilterPlan};
pub use fit_source::FitSource;
pub use format::OutputFormat;
pub use images::{ImageFacts, OpenedImages, SampleForm, ValidationRoom, check_images};
pub use lateral::{AlphaRange, ContextDepth, ContextSource, LateralPlan, PaddingPlan};
pub use load::{LoadError, load, load_and_check};
pub use loader_params::LoaderParams;
pub use loading::{FailurePlan, LoadingPlan, ShapesPlan, ShardPlan, UnevenPlan};
pub use mix::{MixPlan, MixUntil, MixedFile};
pub use mode::Mode;
pub use model::ModelPlan;
pub use normalization::{
    InputStatistics, MeanStd, MinMax, NormalizationPlan, QuantileLevels, QuantileMethod, TargetStatistics,
};
pub use order::OrderPlan;
pub use outside::{AxesQuestion, Findings, Outside, UnknownAxes};
pub use patching::{PatchingPlan, TilingPlan};
pub use predict::{PixelTypeChoice, PredictPlan};
pub use problem::{ConfigErrors, Excerpt, Problem};
pub use reading::{MissingPlanes, NonFinitePlan, ReadingPlan};
pub use remote::RemotePlan;
pub use rules::DataRules;
pub use run::{RunPlan, parse, parse_and_check};
pub use simulate::SimulatePlan;
pub use target_kind::TargetKind;
pub use train::TrainPlan;
pub use warning::Warning;
