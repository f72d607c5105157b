//! Plans: what a configuration says, in types whose values are valid.
//!
//! Nothing here reads a key.

mod bad_tile;
mod blend;
mod data;
mod durability;
mod format;
mod model;
mod model_use;
mod output;
mod predict;
mod reading;
mod remote;
mod run_plan;
mod simulate;
mod skip;
mod train;

pub use bad_tile::BadTilePlan;
pub use blend::{BlendPlan, TileImagesPlan};
pub use data::{
    AlphaRange, AugmentationPlan, AxesSource, Background, ContextDepth, ContextSource, DataPlan, DataType,
    InputStatistics, LateralPlan, LoaderParams, MaskFilterPlan, MeanStd, MinMax, Mode, NormalizationPlan,
    PaddingPlan, PatchFilterPlan, PatchingPlan, QuantileLevels, QuantileMethod, TargetStatistics, TilingPlan,
};
pub use durability::Durability;
pub use format::OutputFormat;
pub use model::{BioimagePlan, IntensitiesPlan, ModelPlan, OnnxPlan, RuntimePlan};
pub use model_use::{AugmentPlan, ModelEntry, RepeatsPlan, ResultPlan, ResultsPlan, ValuesPlan};
pub use output::{AxisSizes, CompressionPlan, LevelAxesPlan, LevelCount, OutputPlan};
pub use predict::{PixelTypeChoice, PredictPlan};
pub use reading::{MissingPlanes, NonFinitePlan, ReadingPlan};
pub use remote::RemotePlan;
pub use run_plan::RunPlan;
pub use simulate::SimulatePlan;
pub use skip::SkipPlan;
pub use train::{
    ConstructorPlan, FitSource, LoadingPlan, MixPlan, MixedFile, OrderPlan, TargetKind, TrainPlan,
};

pub(crate) use data::{PatchingKind, Space};
