//! Why a step of a run failed.

use std::io;
use std::path::PathBuf;

use patchweave_config::ConfigErrors;
use patchweave_construct::ConstructError;
use patchweave_geometry::GeometryError;
use patchweave_loader::LoaderError;
use patchweave_patching::PatchingError;
use patchweave_predict::{ModelError, PredictError};
use patchweave_simulate::SimulateError;
use patchweave_sink::SinkError;
use patchweave_stack::StackError;
use patchweave_transform::{AugmentError, NormalizeError};
use patchweave_view::ViewError;

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
