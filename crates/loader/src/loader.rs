//! A data set, an order and the threads to deliver it.

use std::sync::Arc;

use patchweave_construct::Dataset;

use crate::memory::Pool;
use crate::order::EpochOrder;
use crate::plan::Planner;
use crate::{Batches, LoaderError, Order};

/// How batches are made; none of these but `batch_size`, `order` and `drop_last` changes the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoaderOptions {
    /// Samples per batch, at least 1.
    pub batch_size: usize,
    /// Order of the patches.
    pub order: Order,
    /// Leave out the last batch if it is not full.
    pub drop_last: bool,
    /// Threads that make samples, at least 1; an epoch starts no more of them than it has patches.
    pub n_workers: usize,
    /// Batches in flight: being filled, or waiting for the consumer; at least 1.
    pub prefetch_batches: usize,
    /// Bytes in flight, values and bookkeeping; fewer batches are prefetched where they would not fit.
    ///
    /// As much again may be kept for the next batches.
    pub prefetch_bytes: usize,
}

impl Default for LoaderOptions {
    /// Batches of one sample in sequence by one thread, 8 batches and 512 MiB ahead.
    fn default() -> Self {
        LoaderOptions {
            batch_size: 1,
            order: Order::Sequential,
            drop_last: false,
            n_workers: 1,
            prefetch_batches: 8,
            prefetch_bytes: 512 << 20,
        }
    }
}

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
    dataset: Arc<Dataset>,
    options: LoaderOptions,
    pool: Arc<Pool>,
}

impl Loader {
    /// Checks the options; no thread is started yet.
    ///
    /// # Errors
    /// [`LoaderError::Option`] if an option is 0 that must not be.
    pub fn new(dataset: Dataset, options: LoaderOptions) -> Result<Self, LoaderError> {
        let at_least_one = [
            ("batch_size", options.batch_size),
            ("n_workers", options.n_workers),
            ("prefetch_batches", options.prefetch_batches),
        ];
        if let Some(&(option, got)) = at_least_one.iter().find(|(_, got)| *got == 0) {
            return Err(LoaderError::Option { option, got, expected: "at least 1" });
        }
        let pool = Arc::new(Pool::new(options.prefetch_bytes));
        Ok(Loader { dataset: Arc::new(dataset), options, pool })
    }

    /// The data set behind the batches.
    pub fn dataset(&self) -> &Dataset {
        &self.dataset
    }

    /// How many batches an epoch has.
    pub fn n_batches(&self) -> usize {
        let (n, size) = (self.dataset.n_patches(), self.options.batch_size);
        if self.options.drop_last { n / size } else { n.div_ceil(size) }
    }

    /// Starts the threads and delivers the batches of an epoch in order.
    ///
    /// Dropping the result ends the threads. Several epochs may run at once.
    ///
    /// # Errors
    /// [`LoaderError::Spawn`] if a thread cannot be started.
    pub fn epoch(&self, epoch: u64) -> Result<Batches, LoaderError> {
        let n_patches = self.dataset.n_patches();
        let order = EpochOrder::new(self.options.order, n_patches, self.dataset.seed(), epoch);
        Batches::start(Planner {
            dataset: Arc::clone(&self.dataset),
            pool: Arc::clone(&self.pool),
            options: self.options,
            order,
            epoch,
            n_batches: self.n_batches(),
        })
    }
}
