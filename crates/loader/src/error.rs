//! Why a batch could not be delivered.

use patchweave_construct::{ConstructError, SampleLayout};
use patchweave_memory::MemoryError;

use crate::{FailedSample, SampleId};

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
    /// A data set without patches beside others.
    #[error("data set {dataset} of the mixture has no patches")]
    EmptyPart {
        /// Which data set.
        dataset: usize,
    },
    /// An epoch with more patches than can be counted.
    #[error("{times} times {n_patches} patches are more than can be counted; lower the passes or ratios")]
    EpochLength {
        /// Patches of one pass, or of one cycle over several data sets.
        n_patches: usize,
        /// How many passes or cycles there are.
        times: usize,
    },
    /// An order by weight without weights.
    #[error("the weighted order needs the weights of all data sets")]
    NoWeights,
    /// A weight that cannot be one.
    #[error("patch {index}: got weight {weight}, expected at least 0 and a finite sum of all weights")]
    Weight {
        /// Which patch.
        index: usize,
        /// Its weight.
        weight: f64,
    },
    /// Weights of which none is above 0.
    #[error("got {n} weights, none of them above 0; expected at least one patch that can be drawn")]
    ZeroWeights {
        /// How many there are.
        n: usize,
    },
    /// Another number of weights than of patches.
    #[error("got {got} weights for data set {dataset}, expected one for each of its {expected} patches")]
    WeightCount {
        /// Which data set.
        dataset: usize,
        /// How many weights there are.
        got: usize,
        /// How many patches there are.
        expected: usize,
    },
    /// An order by image where patches belong to no single image.
    #[error("the grouped order needs patches that come from one image each; use the shuffled order")]
    NoGroups(#[source] ConstructError),
    /// An order by image where patches belong to none.
    #[error(
        "the grouped order needs patches that come from one image each: {got} of {expected} do; use the shuffled order"
    )]
    GroupCount {
        /// Patches of all images.
        got: usize,
        /// Patches of the data set.
        expected: usize,
    },
    /// An order by place where only making a patch tells its place.
    #[error(
        "the chunk-aware order needs a constructor that tells places without reading pixels; use the shuffled order, or implement `locate`"
    )]
    NoPlaces,
    /// A patch whose place could not be found.
    #[error("{id} could not be located")]
    Place {
        /// Which patch.
        id: SampleId,
        /// The reason.
        source: ConstructError,
    },
    /// A patch that could not be made when it was tried, without a batch.
    #[error("{id} failed when it was tried")]
    Probe {
        /// Which patch.
        id: SampleId,
        /// The reason; names the image.
        source: ConstructError,
    },
    /// A patch that could not be made.
    #[error("batch {batch_idx}: {sample} failed")]
    Patch {
        /// The batch it belongs to.
        batch_idx: usize,
        /// The patch, and where it is.
        sample: Box<FailedSample>,
        /// The reason; names the image.
        source: ConstructError,
    },
    /// A patch whose constructor panicked.
    #[error("batch {batch_idx}: {sample} panicked: {message}")]
    Panicked {
        /// The batch it belongs to.
        batch_idx: usize,
        /// The patch, and where it is.
        sample: Box<FailedSample>,
        /// What the panic said.
        message: String,
    },
    /// A batch whose patches were to be chosen when user code panicked.
    #[error("batch {batch_idx}: choosing its patches panicked: {message}")]
    PlanPanicked {
        /// The batch.
        batch_idx: usize,
        /// What the panic said.
        message: String,
    },
    /// A batch whose memory was to be allocated when user code panicked.
    #[error("batch {batch_idx}: allocating its memory panicked: {message}")]
    MemoryPanicked {
        /// The batch.
        batch_idx: usize,
        /// What the panic said.
        message: String,
    },
    /// A batch of which nothing is left.
    #[error("batch {batch_idx}: all of its {n} patches failed; this is why the first one did")]
    AllSkipped {
        /// The batch.
        batch_idx: usize,
        /// How many patches it should have.
        n: usize,
        /// What happened to the first one.
        source: Box<LoaderError>,
    },
    /// Patches of different shapes in one batch.
    #[error(
        "batch {batch_idx}: {sample} has shape {got:?}, the first of the batch {expected:?}; group by shape, or use batch size 1 for images of different shapes"
    )]
    MixedShapes {
        /// The batch.
        batch_idx: usize,
        /// The patch that differs.
        sample: Box<FailedSample>,
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
    /// Memory for a batch that the machine does not have.
    #[error(
        "there is no memory for {n_bytes} bytes of a batch; lower the batch size, the patch size or prefetch_batches"
    )]
    OutOfMemory {
        /// Bytes of its inputs or of its targets.
        n_bytes: usize,
    },
    /// A [`Memory`](patchweave_memory::Memory) failed, or returned a block that is too short or misaligned.
    #[error("the memory for batches cannot be used")]
    Memory(#[source] MemoryError),
    /// A pool of threads that could not be started.
    #[error("{n_threads} threads could not be started")]
    Threads {
        /// How many were asked for.
        n_threads: usize,
        /// The reason.
        source: rayon::ThreadPoolBuildError,
    },
    /// A state of another stream.
    #[error(
        "the state belongs to another stream, with other {}; resume with the data and settings it was taken with, or begin anew without it",
        differences.join(" and other ")
    )]
    OtherStream {
        /// What differs, in words.
        differences: Vec<String>,
    },
    /// A state whose numbers mean something else.
    #[error(
        "the state has format {got}, expected {expected}: another version wrote it; go on with that version, or begin anew without it"
    )]
    StateFormat {
        /// The format of the state.
        got: u64,
        /// The format of this version.
        expected: u64,
    },
    /// A loader that a forked process took over.
    #[error(
        "this process was forked while the loader existed, and threads do not survive that; build the loader in the process that uses it, or start processes with `spawn` instead of `fork`"
    )]
    Forked,
    /// Threads that could not be started.
    #[error("a worker thread could not be started")]
    Spawn(#[source] std::io::Error),
    /// Workers that ended although batches were missing, which user code cannot bring about.
    #[error("worker threads ended before the epoch did")]
    WorkersGone,
}

impl From<MemoryError> for LoaderError {
    fn from(error: MemoryError) -> Self {
        match error {
            MemoryError::Exhausted { n_bytes } => LoaderError::OutOfMemory { n_bytes },
            error => LoaderError::Memory(error),
        }
    }
}
