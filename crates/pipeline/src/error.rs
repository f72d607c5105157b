//! Why a step of a run failed.

use std::io;
use std::path::PathBuf;

use patchweave_config::ConfigErrors;
use patchweave_construct::ConstructError;
use patchweave_convert::ConvertError;
use patchweave_geometry::{Extent, GeometryError};
use patchweave_loader::LoaderError;
use patchweave_model::ModelError;
use patchweave_patching::{Leak, PatchingError};
use patchweave_predict::PredictError;
use patchweave_simulate::SimulateError;
use patchweave_sink::SinkError;
use patchweave_stack::StackError;
use patchweave_transform::{AugmentError, FilterError, NormalizeError};
use patchweave_view::ViewError;

use crate::LeakDoubt;
use crate::missing_units::MissingUnits;

/// How many results a message names.
const NAMED: usize = 5;

/// Why a step of a run failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PipelineError {
    /// The configuration does not fit its images; nothing was done.
    #[error(transparent)]
    Config(#[from] ConfigErrors),
    /// Data could not be simulated.
    #[error("the data cannot be simulated")]
    Simulate(#[from] SimulateError),
    /// The caller asked to stop.
    #[error("interrupted")]
    Interrupted,
    /// A file that would have to be overwritten but was not made by a simulation.
    #[error("{} is in the way: it was not made by a simulation in this folder; move it or simulate elsewhere", path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
    },
    /// A value of the configuration that leaves nothing, which only pixels tell; [`at`](Self::at) gives it a line.
    #[error("{key}: {found}, expected {expected}")]
    Unusable {
        /// The key that is to blame.
        key: String,
        /// What was found in the images.
        found: String,
        /// What would be accepted.
        expected: String,
    },
    /// A split that was to be free of leaks and is not, because an image is used more than once.
    #[error("leak: {leak}, in {}; leak_free needs every image listed once", path.display())]
    Leak {
        /// The image.
        path: PathBuf,
        /// The pixel and who uses it.
        leak: Box<Leak>,
    },
    /// A split that was to be free of leaks, which cannot be proven of it.
    #[error("leak_free cannot be proven: {doubt}")]
    UnknownLeak {
        /// Why.
        doubt: LeakDoubt,
    },
    /// Patches that follow weights, without weights.
    #[error("patching weighted needs train.weights")]
    NoWeights,
    /// An order by weight without what gives the weights.
    #[error("order {order} needs train.{key}")]
    NoOrderWeights {
        /// The order.
        order: &'static str,
        /// The key that names the images.
        key: &'static str,
    },
    /// A file that says nothing of where loading stands.
    #[error("{} is not a state file, or is damaged; pass the file that `--state` wrote, or a path that does not exist", path.display())]
    State {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A file that says where loading stands in the terms of another version.
    #[error(
        "{} was written by another version (format {got}, expected {expected}) and cannot be resumed; remove the file to start \
         with the first epoch, or resume with that version",
        path.display()
    )]
    StateFormat {
        /// The file.
        path: PathBuf,
        /// Its format.
        got: u64,
        /// The format of this version.
        expected: u64,
    },
    /// A constructor of lateral context without it.
    #[error("the constructor needs lateral context: multiscale_count in data_config")]
    NoContext,
    /// Lateral context where the constructor makes none.
    #[error("the constructor is basic, which has no lateral context: multiscale_count in data_config")]
    UnusedContext,
    /// An image that patches do not fit into.
    #[error("image {source_name} has size {size}, expected at least the patch size {patch_size}")]
    SmallImage {
        /// The image.
        source_name: String,
        /// Its size.
        size: Extent,
        /// The size of a patch.
        patch_size: Extent,
    },
    /// Whole images of different size that would share a batch.
    #[error(
        "image {source_name} has size {size}, the first image has {first}: batches of {batch_size} whole images need \
         one size, or a loader that groups shapes (Shapes::Grouped)"
    )]
    UnequalSizes {
        /// Images per batch.
        batch_size: usize,
        /// The image that differs.
        source_name: String,
        /// Its size.
        size: Extent,
        /// The size of the first image.
        first: Extent,
    },
    /// Another number of strategies than of sources that are drawn from.
    #[error("got {got} strategies for {expected} sources, expected one for each")]
    StrategyCount {
        /// How many there are.
        got: usize,
        /// How many sources there are.
        expected: usize,
    },
    /// Statistics of whole images where inputs are mixed from patches.
    #[error(
        "inputs that are mixed from channels have no images of their own; use train.statistics {{from: patches}}"
    )]
    MixedInputs,
    /// Values that are all the same, where a range is needed.
    #[error(
        "channel {channel} of the {role}, from {images}, ranges from {low} to {high}: all its values are the same as float32, \
         which no range can be normalised by; use mean_std or none"
    )]
    NoRange {
        /// Input or target.
        role: &'static str,
        /// Which channel, or 0 for all together.
        channel: usize,
        /// The images they come from.
        images: String,
        /// The lower limit found.
        low: f64,
        /// The upper limit found.
        high: f64,
    },
    /// Quantiles that are equal, where a range is needed.
    #[error(
        "channel {channel} of the {role}, from {images}, has quantiles {low} and {high}: between them all its values are \
         the same as float32, which no range can be normalised by; use quantiles that are further apart, mean_std or none"
    )]
    EqualQuantiles {
        /// Input or target.
        role: &'static str,
        /// Which channel, or 0 for all together.
        channel: usize,
        /// The images they come from.
        images: String,
        /// The lower limit found.
        low: f64,
        /// The upper limit found.
        high: f64,
    },
    /// Statistics of all images to predict, one of which cannot be read.
    #[error(
        "the normalization has statistics of all images to predict, one of which cannot be read: \
         predict.on_failure neither skips nor fills it, because the results of all images would change; repair it, take it \
         out of predict.input, or give the statistics in data_config.normalization"
    )]
    StatisticsOfAll(#[source] StackError),
    /// A filter could not be built.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// A file that could not be read or removed.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// An image could not be read.
    #[error(transparent)]
    Stack(#[from] StackError),
    /// Images could not be read in parts.
    #[error(transparent)]
    Convert(#[from] ConvertError),
    /// A strategy could not be built.
    #[error(transparent)]
    Patching(#[from] PatchingError),
    /// A constructor could not be built, or statistics not be computed.
    #[error(transparent)]
    Construct(#[from] ConstructError),
    /// Statistics do not fit.
    #[error(transparent)]
    Normalize(#[from] NormalizeError),
    /// An augmentation could not be built.
    #[error(transparent)]
    Augment(#[from] AugmentError),
    /// A loader could not be built or failed.
    #[error(transparent)]
    Loader(#[from] LoaderError),
    /// A model could not be built.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A prediction that was begun and not finished, which nobody said to go on with.
    #[error(
        "{} holds a prediction that was begun and not finished: --resume goes on with it, --restart begins anew",
        folder.display()
    )]
    Begun {
        /// The output folder.
        folder: PathBuf,
    },
    /// A result in an object store that one of several parts would replace.
    #[error(
        "{} exists, and parts replace nothing in an object store: remove it, take another `output`, or predict in one process",
        path.display()
    )]
    PartReplaces {
        /// The result.
        path: PathBuf,
    },
    /// Results that cannot be finished because units are missing.
    #[error(
        "{}; run the parts again that did not end well, those that did have nothing left to do, or `--resume` in one process",
        told(missing)
    )]
    Missing {
        /// The results.
        missing: Vec<MissingUnits>,
    },
    /// A prediction ended early.
    #[error(transparent)]
    Predict(#[from] PredictError),
    /// A file could not be written.
    #[error(transparent)]
    Sink(#[from] SinkError),
    /// A picture could not be drawn.
    #[error("a picture cannot be drawn")]
    View(#[from] ViewError),
    /// Axes or shapes that do not fit.
    #[error(transparent)]
    Geometry(#[from] GeometryError),
}

impl PipelineError {
    /// Whether this is the caller's own wish to stop rather than a failure.
    pub fn is_interrupted(&self) -> bool {
        matches!(
            self,
            PipelineError::Interrupted
                | PipelineError::Simulate(SimulateError::Interrupted)
                | PipelineError::Construct(ConstructError::Interrupted)
                | PipelineError::Predict(PredictError::Interrupted)
        )
    }
}

/// Results with missing units, not all of many.
fn told(missing: &[MissingUnits]) -> String {
    let one = |result: &MissingUnits| {
        let MissingUnits { path, n_missing, n_units } = result;
        format!("{} is not finished: {n_missing} of {n_units} units are missing", path.display())
    };
    let shown: Vec<String> = missing.iter().take(NAMED).map(one).collect();
    let more = match missing.len().saturating_sub(NAMED) {
        0 => String::new(),
        n => format!("; and {n} more results"),
    };
    format!("{}{more}", shown.join("; "))
}
