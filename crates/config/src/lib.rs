//! The YAML file of a run: from text to a checked plan, or all of its problems at once.
//!
//! [`parse`] gives a [`RunPlan`] whose values need no further check, or [`ConfigErrors`] with every problem of the file and
//! its line. [`check_images`] finds the problems that depend on the opened images. This crate opens no image, writes no file
//! and builds nothing of what a plan describes. No other crate parses YAML.
//!
//! The keys and rules of `data_config` are those of `DataConfig` and `MicroSplitDataConfig` of CAREamics, with additions of
//! our own. [`parse_data_config`] parses a `data_config` on its own, by our rules or by those of CAREamics;
//! [`DataPlan::to_reference_form`] writes it; [`DataPlan::converted`] converts that of a training to that of a validation or
//! prediction.

mod images;
mod plan;
mod read;
mod text;

pub use images::{
    ByRole, Findings, ImageFacts, ImageRole, OpenedImages, RoleSource, SampleForm, ValidationRoom,
    check_images,
};
pub use plan::{
    AlphaRange, AugmentPlan, AugmentationPlan, AxesSource, AxisSizes, Background, BadTilePlan, BioimagePlan,
    BlendPlan, CompressionPlan, ConstructorPlan, ContextDepth, ContextSource, DataPlan, DataType, Durability,
    FitSource, InputStatistics, IntensitiesPlan, LateralPlan, LevelAxesPlan, LevelCount, LoaderParams,
    LoadingPlan, MaskFilterPlan, MeanStd, MinMax, MissingPlanes, MixPlan, MixedFile, Mode, ModelEntry,
    ModelPlan, NonFinitePlan, NormalizationPlan, OnnxPlan, OrderPlan, OutputFormat, OutputPlan, PaddingPlan,
    PatchFilterPlan, PatchingPlan, PixelTypeChoice, PredictPlan, QuantileLevels, QuantileMethod, ReadingPlan,
    RemotePlan, RepeatsPlan, ResultPlan, ResultsPlan, RunPlan, RuntimePlan, SimulatePlan, SkipPlan,
    TargetKind, TargetStatistics, TileImagesPlan, TilingPlan, TrainPlan, ValuesPlan,
};
pub use read::{
    AxesQuestion, ChannelChange, ConfigTree, ConversionError, ConversionOptions, DataRules, LoadError,
    Outside, UnknownAxes, load, load_and_check, parse, parse_and_check, parse_data_config,
};
pub use text::{ConfigErrors, ConfigValue, Excerpt, Problem, Warning};
