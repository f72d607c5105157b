//! Which batches can be opened, what they need, and the jobs they are made of.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use ndarray::Array5;
use patchweave_construct::{BlockLayout, ConstructError, Dataset, SampleLayout};

use crate::batch::{Batch, Item};
use crate::memory::{BatchMemory, Pool, Slot};
use crate::order::EpochOrder;
use crate::{LoaderError, LoaderOptions};

/// A batch that is full, or why it will never be.
pub(crate) type Finished = (usize, Result<Batch, LoaderError>);

/// What is kept for a sample until its batch is full.
type Outcome = Option<Result<Item, LoaderError>>;

/// Bytes that a sample needs besides its values: its slot, its job, what became of it and what is handed over.
const SAMPLE_BYTES: usize = size_of::<Slot>() + size_of::<Job>() + size_of::<Outcome>() + size_of::<Item>();

/// Bytes that a batch needs besides its samples.
const BATCH_BYTES: usize = size_of::<OpenBatch>() + BatchMemory::SHARED_BYTES + size_of::<Finished>();

/// Opens batches: takes memory and cuts it into jobs.
pub(crate) struct Planner {
    pub dataset: Arc<Dataset>,
    pub pool: Arc<Pool>,
    pub options: LoaderOptions,
    pub order: EpochOrder,
    pub epoch: u64,
    pub n_batches: usize,
}

/// A batch that may be opened once its bytes are free.
pub(crate) struct Planned {
    batch_idx: usize,
    layout: SampleLayout,
    places: Range<usize>,
    /// Bytes of values and bookkeeping.
    pub needed: usize,
}

/// A batch that is being filled.
pub(crate) struct OpenBatch {
    pub epoch: u64,
    pub batch_idx: usize,
    pub layout: SampleLayout,
    pub items: Mutex<Vec<Outcome>>,
    pool: Arc<Pool>,
}

/// One sample to make.
pub(crate) struct Job {
    pub batch: Arc<OpenBatch>,
    pub slot: Slot,
    pub place: usize,
    pub index: usize,
}

impl Planner {
    /// How many patches the batches have together.
    pub fn n_patches(&self) -> usize {
        self.n_batches.saturating_mul(self.options.batch_size).min(self.dataset.n_patches())
    }

    /// Checks that a batch fits the budget and that its patches share a shape; collects nothing.
    pub fn plan(&self, batch_idx: usize) -> Result<Planned, LoaderError> {
        let (size, epoch) = (self.options.batch_size, self.epoch);
        let first = batch_idx.saturating_mul(size);
        let places = first..first.saturating_add(size).min(self.dataset.n_patches());
        let layout_of = |index| {
            let failed = |source| LoaderError::Patch { batch_idx, index, epoch, source };
            self.dataset.layout(index).map_err(failed)
        };
        let layout = layout_of(self.order.patch_at(first))?;
        let (needed, budget) = (bytes_needed(&layout, places.len()), self.options.prefetch_bytes);
        if needed > budget {
            return Err(LoaderError::Budget { needed, budget });
        }
        for index in places.clone().skip(1).map(|place| self.order.patch_at(place)) {
            let got = layout_of(index)?;
            if got != layout {
                return Err(LoaderError::MixedShapes { batch_idx, index, got, expected: layout });
            }
        }
        Ok(Planned { batch_idx, layout, places, needed })
    }

    /// Takes the memory of a batch and cuts it into jobs.
    pub fn open(&self, planned: Planned) -> impl Iterator<Item = Job> {
        let Planned { batch_idx, layout, places, .. } = planned;
        let n = places.len();
        let target_len = layout.target.map_or(0, |target| target.len());
        let memory = BatchMemory {
            inputs: self.pool.take(n * layout.input.len()),
            targets: self.pool.take(n * target_len),
        };
        let batch = Arc::new(OpenBatch {
            epoch: self.epoch,
            batch_idx,
            layout,
            items: Mutex::new((0..n).map(|_| None).collect()),
            pool: Arc::clone(&self.pool),
        });
        memory.into_slots(n).into_iter().zip(places).enumerate().map(move |(place, (slot, in_epoch))| Job {
            batch: Arc::clone(&batch),
            slot,
            place,
            index: self.order.patch_at(in_epoch),
        })
    }
}

/// Bytes in flight of a batch of `n` samples: values and bookkeeping.
///
/// What specs of several channels and errors hold on the heap is not known yet and not counted.
fn bytes_needed(layout: &SampleLayout, n: usize) -> usize {
    let per_sample = layout.len().saturating_mul(size_of::<f32>()).saturating_add(SAMPLE_BYTES);
    per_sample.saturating_mul(n).saturating_add(BATCH_BYTES)
}

impl OpenBatch {
    /// Turns filled memory into a batch, or into the error of its first failing patch.
    pub fn close(&self, memory: BatchMemory) -> Result<Batch, LoaderError> {
        let items = std::mem::take(&mut *self.items.lock().unwrap_or_else(PoisonError::into_inner));
        let items: Vec<Item> = items
            .into_iter()
            .map(|item| item.unwrap_or(Err(LoaderError::WorkersGone)))
            .collect::<Result<_, _>>()?;
        let n = items.len();
        let array = |role, values: Vec<f32>, layout: &BlockLayout| {
            let ([c, z, y, x], got) = (layout.to_czyx(), vec![values.len()]);
            Array5::from_shape_vec([n, c, z, y, x], values).map_err(|_| LoaderError::Patch {
                batch_idx: self.batch_idx,
                index: items.first().map_or(0, |item| item.index),
                epoch: self.epoch,
                source: ConstructError::OutputShape { role, got, expected: vec![n, c, z, y, x] },
            })
        };
        let inputs = array("inputs", memory.inputs, &self.layout.input)?;
        let targets = match &self.layout.target {
            Some(layout) => Some(array("targets", memory.targets, layout)?),
            None => None,
        };
        let (epoch, batch_idx, layout) = (self.epoch, self.batch_idx, self.layout);
        Ok(Batch { epoch, batch_idx, layout, inputs, targets, items, pool: Arc::clone(&self.pool) })
    }
}
