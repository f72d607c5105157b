//! Why a batch could not be delivered.

use patchweave_construct::{ConstructError, SampleLayout};

/// Why a loader could not be built or a batch not be delivered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoaderError {
    /// An option out of its range.
    #[error("{option}: got {got}, expected {expected}")]
    Option {
        /// The option's name.
        option: &'static str,
        /// Its value.
        got: usize,
        /// The values it may have.
        expected: &'static str,
    },
    /// A patch that could not be made.
    #[error("batch {batch_idx}: patch {index} of epoch {epoch} failed")]
    Patch {
        /// The batch it belongs to.
        batch_idx: usize,
        /// The patch.
        index: usize,
        /// The epoch.
        epoch: u64,
        /// The reason; names the image.
        source: ConstructError,
    },
    /// A patch whose constructor panicked.
    #[error("batch {batch_idx}: patch {index} of epoch {epoch} panicked: {message}")]
    Panicked {
        /// The batch it belongs to.
        batch_idx: usize,
        /// The patch.
        index: usize,
        /// The epoch.
        epoch: u64,
        /// What the panic said.
        message: String,
    },
    /// Patches of different shapes in one batch.
    #[error(
        "batch {batch_idx}: patch {index} has shape {got:?}, the first of the batch {expected:?}; use batch size 1 for images of different shapes"
    )]
    MixedShapes {
        /// The batch.
        batch_idx: usize,
        /// The patch that differs.
        index: usize,
        /// Its shape.
        got: SampleLayout,
        /// The shape of the first patch.
        expected: SampleLayout,
    },
    /// A single batch that is larger than the budget for all of them.
    #[error(
        "one batch needs {needed} bytes, the prefetch budget is {budget}; lower the batch size or raise the budget"
    )]
    Budget {
        /// Bytes of one batch, values and bookkeeping.
        needed: usize,
        /// Bytes allowed in flight.
        budget: usize,
    },
    /// Threads that could not be started.
    #[error("a worker thread could not be started")]
    Spawn(#[source] std::io::Error),
    /// Workers that ended although batches were missing; only if a thread was killed from outside.
    #[error("all worker threads ended before the epoch did")]
    WorkersGone,
}
