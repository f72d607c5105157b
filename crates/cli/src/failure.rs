//! How a command ends when it does not end well.

use std::io;
use std::path::PathBuf;

use patchweave_config::{ConfigErrors, LoadError};
use patchweave_convert::ConvertError;
use patchweave_loader::LoaderError;
use patchweave_pipeline::{LeakDoubt, PipelineError};
use patchweave_sink::SinkError;
use patchweave_stack::StackError;
use tracing::subscriber::SetGlobalDefaultError;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Load(LoadError),
    #[error(transparent)]
    Config(ConfigErrors),
    #[error(transparent)]
    Pipeline(PipelineError),
    #[error(transparent)]
    Stack(#[from] StackError),
    #[error("{0}")]
    Arguments(String),
    #[error("the answer cannot be written as JSON")]
    Json(#[source] serde_json::Error),
    #[error("the trace cannot be started")]
    TraceStart(#[source] SinkError),
    #[error("the trace cannot be started: this process has another listener to its spans")]
    TraceListener(#[source] SetGlobalDefaultError),
    #[error("the trace cannot be written")]
    TraceWrite(#[source] SinkError),
    #[error("{n_unreadable} of {n_files} files cannot be read")]
    Unreadable { n_unreadable: usize, n_files: usize },
    #[error("interrupted; nothing unfinished was left behind")]
    Interrupted,
    #[error("interrupted; the same command goes on where it stopped")]
    Stopped,
    #[error(
        "interrupted; `--resume` goes on with what was written of the prediction, of a part the same command"
    )]
    PredictionStopped,
    #[error(transparent)]
    Convert(ConvertError),
    #[error(transparent)]
    Sink(#[from] SinkError),
    #[cfg(feature = "onnx")]
    #[error(transparent)]
    Network(#[from] patchweave_onnx::OnnxError),
    #[cfg(feature = "onnx")]
    #[error(transparent)]
    Model(#[from] patchweave_model::ModelError),
    #[cfg(feature = "onnx")]
    #[error(transparent)]
    Package(#[from] patchweave_zoo::ZooError),
    #[cfg(feature = "onnx")]
    #[error("package {} does not reproduce its examples of {outputs}", path.display())]
    NotReproduced { path: PathBuf, outputs: String },
    #[error("{} differs from {input}: {what}", path.display())]
    NotTheSame { input: String, path: PathBuf, what: String },
    #[error(
        "{n_tiles} tiles could not be read{}; {} names them, all else is written",
        if *n_given_up > 0 { format!(", {n_given_up} images are left out") } else { String::new() },
        report.display()
    )]
    LeftOut { n_tiles: usize, n_given_up: usize, report: PathBuf },
    #[error("the signal handler cannot be set")]
    Signals(#[source] ctrlc::Error),
    #[error("the standard output cannot be written")]
    Output(#[source] io::Error),
    #[error(
        "leak: {leak}, in {images}; set train.leak_free: true with stratified patching, or validate on other images"
    )]
    Leak { images: String, leak: String },
    #[error("leaks: cannot be ruled out; {doubt}")]
    UnknownLeak { doubt: LeakDoubt },
    #[error("{} does not fit this run", path.display())]
    OtherState { path: PathBuf, source: LoaderError },
    #[error("identity: {n_different} of {n_pixels} pixels of {} differ from {input}, by up to {largest}", path.display())]
    NotIdentical { input: String, path: PathBuf, n_different: u64, n_pixels: u64, largest: f32 },
}

impl Failure {
    /// 2 for what the user has to change in the configuration or on the command line, 3 for a prediction that left out what it
    /// could not read, else 1.
    pub fn exit_code(&self) -> u8 {
        match self {
            Failure::Convert(
                ConvertError::Range { .. }
                | ConvertError::NoAxis { .. }
                | ConvertError::Geometry { .. }
                | ConvertError::Budget { .. },
            )
            | Failure::Sink(
                SinkError::Unfit { .. }
                | SinkError::Options { .. }
                | SinkError::UnknownFormat { .. }
                | SinkError::UnknownEnding { .. }
                | SinkError::Chunks { .. }
                | SinkError::NotBuilt { .. }
                | SinkError::TooLarge { .. },
            )
            | Failure::Load(_)
            | Failure::Config(_)
            | Failure::Arguments(_)
            | Failure::TraceStart(_)
            | Failure::Leak { .. }
            | Failure::OtherState { .. }
            | Failure::Pipeline(
                PipelineError::State { .. }
                | PipelineError::StateFormat { .. }
                | PipelineError::Begun { .. }
                | PipelineError::Sink(SinkError::OtherJournal { .. }),
            )
            | Failure::UnknownLeak { .. } => 2,
            Failure::LeftOut { .. } => 3,
            Failure::Pipeline(_)
            | Failure::Stack(_)
            | Failure::Json(_)
            | Failure::Unreadable { .. }
            | Failure::TraceListener(_)
            | Failure::TraceWrite(_)
            | Failure::Interrupted
            | Failure::Stopped
            | Failure::PredictionStopped
            | Failure::Convert(_)
            | Failure::Sink(_)
            | Failure::NotTheSame { .. }
            | Failure::Signals(_)
            | Failure::Output(_)
            | Failure::NotIdentical { .. } => 1,
            #[cfg(feature = "onnx")]
            Failure::Network(_) | Failure::Model(_) | Failure::Package(_) | Failure::NotReproduced { .. } => {
                1
            }
        }
    }
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Invalid(errors) => Failure::Config(errors),
            error => Failure::Load(error),
        }
    }
}

impl From<ConvertError> for Failure {
    fn from(error: ConvertError) -> Self {
        match error {
            ConvertError::Interrupted => Failure::Stopped,
            ConvertError::Read(error) => Failure::Stack(error),
            ConvertError::Write(error) => Failure::Sink(error),
            error => Failure::Convert(error),
        }
    }
}

impl From<ConfigErrors> for Failure {
    fn from(errors: ConfigErrors) -> Self {
        Failure::Config(errors)
    }
}

impl From<PipelineError> for Failure {
    fn from(error: PipelineError) -> Self {
        match error {
            PipelineError::Config(errors) => Failure::Config(errors),
            error if error.is_interrupted() => Failure::Interrupted,
            error => Failure::Pipeline(error),
        }
    }
}

impl From<LoaderError> for Failure {
    fn from(error: LoaderError) -> Self {
        PipelineError::from(error).into()
    }
}
