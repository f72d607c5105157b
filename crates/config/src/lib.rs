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

mod images;
mod plan;
mod read;
mod text;

pub use images::{Findings, ImageFacts, OpenedImages, SampleForm, ValidationRoom, check_images};
pub use plan::{
    AlphaRange, AugmentationPlan, AxesSource, Background, ConstructorPlan, ContextDepth, ContextSource,
    DataPlan, DataType, Durability, FailurePlan, FitSource, InputStatistics, LateralPlan, LoaderParams,
    LoadingPlan, MaskFilterPlan, MeanStd, MinMax, MissingPlanes, MixPlan, MixUntil, MixedFile, Mode,
    ModelPlan, NonFinitePlan, NormalizationPlan, OrderPlan, OutputFormat, PaddingPlan, PatchFilterPlan,
    PatchingPlan, PixelTypeChoice, PredictPlan, QuantileLevels, QuantileMethod, ReadingPlan, RemotePlan,
    RunPlan, ShapesPlan, ShardPlan, SimulatePlan, TargetKind, TargetStatistics, TilingPlan, TrainPlan,
    UnevenPlan,
};
pub use read::{
    AxesQuestion, ChannelChange, ConversionError, ConversionOptions, DataRules, LoadError, Outside,
    UnknownAxes, load, load_and_check, parse, parse_and_check, parse_data_config,
};
pub use text::{ConfigErrors, ConfigValue, Excerpt, Problem, Warning};
