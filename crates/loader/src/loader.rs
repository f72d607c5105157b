//! A data set, an order and the threads to deliver it.

use std::fmt;
use std::sync::Arc;

use patchweave_construct::{Dataset, Sources};
use patchweave_memory::{Memory, SystemMemory};
use patchweave_stack::Process;

use crate::epoch::{Batching, EpochOrder, MAX_PARTS};
use crate::mix::{MixPart, epoch_len};
use crate::order::check_order;
use crate::plan::Planner;
use crate::pool::Pool;

use crate::{Batches, LoaderError, LoaderOptions, LoaderState, StreamPrint};

/// Delivers the samples of a data set as batches.
///
/// The stream of an epoch depends on the data set, its seed, the epoch, the batch size and the order; not on
/// the number of threads and not on how far they run ahead.
///
/// This needs constructors that write every value of a sample: memory is used again. Debug builds fill it
/// with NaN before each sample, so that a value nobody wrote is seen.
///
/// ```
/// use std::sync::Arc;
///
/// use ndarray::Array;
/// use patchweave_construct::{BasicPatchConstr, Dataset, PatchExtractor};
/// use patchweave_geometry::Extent;
/// use patchweave_loader::{Loader, LoaderOptions, Order};
/// use patchweave_patching::RandomPatching;
/// use patchweave_stack::ArrayStack;
///
/// let image = Array::from_shape_fn((128, 128), |(y, x)| (y ^ x) as u8).into_dyn();
/// let input = PatchExtractor::new(vec![Arc::new(ArrayStack::new(image, &"YX".parse()?)?)])?;
/// let patching = RandomPatching::new(input.shapes(), Extent::new(&[32, 32])?)?;
/// let dataset = Dataset::new(Arc::new(BasicPatchConstr::new(patching, input, None, None)?), 42);
///
/// let options = LoaderOptions { batch_size: 6, n_workers: 2, order: Order::Shuffled, ..Default::default() };
/// let loader = Loader::new(dataset, options)?;
/// let sizes: Vec<usize> = loader.epoch(0)?.map(|batch| batch.map(|batch| batch.len())).collect::<Result<_, _>>()?;
/// assert_eq!(sizes, [6, 6, 4]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Loader {
    parts: Arc<[MixPart]>,
    /// What is known about the images, of every data set.
    sources: Arc<[Sources]>,
    options: LoaderOptions,
    /// How many samples an epoch has.
    n_places: usize,
    /// What decides about the stream.
    print: StreamPrint,
    pool: Pool,
    process: Process,
}

impl Loader {
    /// Checks the options; no thread is started yet.
    ///
    /// # Errors
    /// [`LoaderError::Option`] for an option out of its range, [`LoaderError::NoGroups`], [`LoaderError::GroupCount`],
    /// [`LoaderError::NoPlaces`], [`LoaderError::Place`], [`LoaderError::NoWeights`] for an order that the data set cannot have, [`LoaderError::EpochLength`] for too many
    /// passes.
    pub fn new(dataset: Dataset, options: LoaderOptions) -> Result<Self, LoaderError> {
        Loader::mixed(vec![MixPart::new(dataset)], options)
    }

    /// Delivers several data sets in one stream, by their ratios; the first one's seed decides about their order.
    ///
    /// Samples of a batch must share a shape, unless [`Shapes::Grouped`](crate::Shapes::Grouped) keeps shapes apart.
    ///
    /// # Errors
    /// As [`new`](Self::new), and [`LoaderError::EmptyPart`], [`LoaderError::WeightCount`].
    pub fn mixed(parts: Vec<MixPart>, options: LoaderOptions) -> Result<Self, LoaderError> {
        let at_least_one = [
            ("batch_size", options.batch_size),
            ("n_workers", options.n_workers),
            ("prefetch_batches", options.prefetch_batches),
            ("passes", options.passes),
            ("max_patches", options.max_patches.unwrap_or(1)),
            ("world_size", options.shard.world_size),
            ("number of data sets", parts.len()),
        ];
        let ratios = parts.iter().map(|part| ("ratio", part.ratio));
        if let Some((option, got)) = at_least_one.into_iter().chain(ratios).find(|(_, got)| *got == 0) {
            return Err(LoaderError::Option { option, got, expected: "at least 1" });
        }
        if parts.len() > MAX_PARTS {
            let option = "number of data sets";
            let got = parts.len();
            return Err(LoaderError::Option { option, got, expected: "at most 65536" });
        }
        if options.shard.rank >= options.shard.world_size {
            let got = options.shard.rank;
            let expected = "less than world_size; ranks are counted from 0";
            return Err(LoaderError::Option { option: "rank", got, expected });
        }
        for (dataset, part) in parts.iter().enumerate() {
            check_order(options.order, dataset, part)?;
        }
        let n_places = epoch_len(&parts, options.passes, options.mix_length)?;
        let n_places = options.max_patches.map_or(n_places, |max| max.min(n_places));
        let pool = Pool::new(options.prefetch_bytes, Arc::new(SystemMemory));
        let sources: Arc<[Sources]> =
            parts.iter().map(|part| part.dataset.constr().sources().clone()).collect();
        let print = StreamPrint::of(&parts, &sources, &options);
        let process = Process::current();
        Ok(Loader { parts: parts.into(), sources, options, n_places, print, pool, process })
    }

    /// Delivers the same data sets with other options, from new memory of the same [`Memory`](Self::with_memory).
    ///
    /// # Errors
    /// As [`mixed`](Self::mixed).
    pub fn with_options(&self, options: LoaderOptions) -> Result<Self, LoaderError> {
        Ok(Loader::mixed(self.parts.to_vec(), options)?.with_memory(self.pool.memory()))
    }

    /// Takes the memory of batches from somewhere else than the system, such as pages that a GPU can copy from.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use ndarray::Array;
    /// # use patchweave_construct::{BasicPatchConstr, Dataset, PatchExtractor};
    /// # use patchweave_geometry::Extent;
    /// # use patchweave_loader::{Loader, LoaderOptions};
    /// # use patchweave_patching::WholePatching;
    /// # use patchweave_stack::ArrayStack;
    /// use patchweave_memory::{Block, Memory, MemoryError, SystemMemory};
    ///
    /// #[derive(Debug)]
    /// struct Exhausted;
    ///
    /// impl Memory for Exhausted {
    ///     fn allocate(&self, n_bytes: usize) -> Result<Box<dyn Block>, MemoryError> {
    ///         Err(MemoryError::Exhausted { n_bytes })
    ///     }
    /// }
    ///
    /// # let image = Array::from_elem((8, 8), 1_u8).into_dyn();
    /// # let input = PatchExtractor::new(vec![Arc::new(ArrayStack::new(image, &"YX".parse()?)?)])?;
    /// # let patching = WholePatching::new(input.shapes())?;
    /// # let dataset = Dataset::new(Arc::new(BasicPatchConstr::new(patching, input, None, None)?), 42);
    /// let loader = Loader::new(dataset, LoaderOptions::default())?;
    /// assert_eq!(loader.epoch(0)?.next().unwrap()?.len(), 1);
    /// let error = loader.with_memory(Arc::new(Exhausted)).epoch(0)?.next().unwrap().unwrap_err();
    /// assert!(error.to_string().starts_with("there is no memory for 256 bytes of a batch"), "{error}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_memory(self, memory: Arc<dyn Memory>) -> Self {
        Loader { pool: Pool::new(self.options.prefetch_bytes, memory), ..self }
    }

    /// The data set behind the batches, the first one where there are several.
    pub fn dataset(&self) -> &Dataset {
        &self.parts[0].dataset
    }

    /// All data sets behind the batches.
    pub fn datasets(&self) -> impl ExactSizeIterator<Item = &Dataset> {
        self.parts.iter().map(|part| &*part.dataset)
    }

    /// How batches are made.
    pub fn options(&self) -> &LoaderOptions {
        &self.options
    }

    /// How many patches an epoch has, over all passes, data sets and ranks.
    pub fn n_patches(&self) -> usize {
        self.n_places
    }

    /// How many batches an epoch has over all ranks.
    ///
    /// Samples that are grouped by shape are counted in epoch 0; if limits or weights let the shapes of other epochs
    /// differ, these may have a few more or less. [`Batches::n_batches`] tells of a single one.
    pub fn n_batches(&self) -> usize {
        // An order that cannot be worked out is an error of `epoch`, and has no batches.
        Batching::new(&mut self.order_of(0), &self.options).map_or(0, |batching| batching.n_batches())
    }

    /// Starts the threads and delivers the batches of an epoch in order.
    ///
    /// Dropping the result ends the threads. Several epochs may run at once.
    ///
    /// # Errors
    /// [`LoaderError::Spawn`] if a thread cannot be started, [`LoaderError::Forked`] in a process that was forked after
    /// the loader was made; where samples are grouped by shape, what the order reports.
    pub fn epoch(&self, epoch: u64) -> Result<Batches, LoaderError> {
        self.start(epoch, None)
    }

    /// Goes on where a stream stood, with exactly the next batch.
    ///
    /// # Errors
    /// As [`epoch`](Self::epoch), and [`LoaderError::OtherStream`] for a state of another stream, which names what differs;
    /// threads, prefetch and ranks may. [`LoaderError::StateFormat`] for a state of another format.
    pub fn resume(&self, state: &LoaderState) -> Result<Batches, LoaderError> {
        self.start(state.epoch, Some(state))
    }

    /// Whether this is the process that made the loader.
    pub(crate) fn check_process(&self) -> Result<(), LoaderError> {
        if self.process.is_current() { Ok(()) } else { Err(LoaderError::Forked) }
    }

    pub(crate) fn order_of(&self, epoch: u64) -> EpochOrder {
        EpochOrder::new(Arc::clone(&self.parts), &self.options, epoch, self.n_places)
    }

    fn start(&self, epoch: u64, state: Option<&LoaderState>) -> Result<Batches, LoaderError> {
        self.check_process()?;
        let mut order = self.order_of(epoch);
        let batching = Batching::new(&mut order, &self.options)?;
        let own = LoaderState {
            epoch,
            next_batch: 0,
            seed: self.dataset().seed(),
            n_batches: batching.n_batches() as u64,
            stream: self.print,
            format: LoaderState::FORMAT,
        };
        if let Some(state) = state {
            state.check(&own)?;
        }
        let pool = self.pool.clone();
        let sources = Arc::clone(&self.sources);
        let planner = Planner { pool, sources, options: self.options, order, batching, epoch };
        Batches::start(planner, Arc::clone(&self.parts), *state.unwrap_or(&own), self.process)
    }
}

impl fmt::Debug for Loader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n_parts = self.parts.len();
        f.debug_struct("Loader")
            .field("n_datasets", &n_parts)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
