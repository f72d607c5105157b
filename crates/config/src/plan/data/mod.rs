//! The plan of `data_config`: what the images are and how samples are made of them.

mod augmentation;
mod axes_source;
mod data_plan;
mod data_type;
mod filters;
mod lateral;
mod loader_params;
mod mode;
mod normalization;
mod patching;
mod patching_kind;
mod reference_form;
mod space;
mod statistics;

pub use augmentation::AugmentationPlan;
pub use axes_source::AxesSource;
pub use data_plan::DataPlan;
pub use data_type::DataType;
pub use filters::{Background, MaskFilterPlan, PatchFilterPlan};
pub use lateral::{AlphaRange, ContextDepth, ContextSource, LateralPlan, PaddingPlan};
pub use loader_params::LoaderParams;
pub use mode::Mode;
pub use normalization::{NormalizationPlan, QuantileMethod};
pub use patching::{PatchingPlan, TilingPlan};
pub use statistics::{InputStatistics, MeanStd, MinMax, QuantileLevels, TargetStatistics};

pub(crate) use patching_kind::PatchingKind;
pub(crate) use space::Space;
