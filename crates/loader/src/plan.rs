//! Which batches can be opened, what they need, and how their memory is claimed and closed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use patchweave_construct::{BlockLayout, ConstructError, SampleLayout, Sources};
use patchweave_memory::Buffer;

use crate::batch::{Batch, Item};
use crate::epoch::{Batching, EpochOrder};
use crate::panics::panic_message;
use crate::pool::Pool;
use crate::slots::{BatchMemory, Slots};
use crate::sync::Mutex;
use crate::{FailedSample, LoaderError, LoaderOptions, OnFailure, SampleId};

/// A batch that is full, or why it will never be, with its number among those of this rank.
pub(crate) type Finished = (usize, Result<Batch, LoaderError>);

/// What is kept for a sample until its batch is full.
pub(crate) type Outcome = Result<Item, LoaderError>;

/// Bytes that a sample needs besides its values: its name, what became of it and what is handed over.
const SAMPLE_BYTES: usize = size_of::<SampleId>() + size_of::<Outcome>() + size_of::<Item>();

/// Bytes that a batch needs besides its samples.
const BATCH_BYTES: usize = size_of::<OpenBatch>() + BatchMemory::SHARED_BYTES + size_of::<Finished>();

/// Opens batches: chooses their samples and takes memory for them.
pub(crate) struct Planner {
    pub pool: Pool,
    /// What is known about the images, of every data set.
    pub sources: Arc<[Sources]>,
    pub options: LoaderOptions,
    pub order: EpochOrder,
    pub batching: Batching,
    pub epoch: u64,
}

/// A batch that may be opened once its bytes are free.
pub(crate) struct Planned {
    batch_idx: usize,
    layout: SampleLayout,
    samples: Vec<SampleId>,
    skipped: Vec<LoaderError>,
    /// Bytes of values and bookkeeping.
    pub needed: usize,
}

/// A batch that is being filled.
pub(crate) struct OpenBatch {
    /// Its number among the batches of this rank.
    pub step: usize,
    pub batch_idx: usize,
    pub layout: SampleLayout,
    pub samples: Vec<SampleId>,
    epoch: u64,
    is_padding: bool,
    on_failure: OnFailure,
    /// What no worker has claimed yet.
    rest: Mutex<Option<Slots>>,
    /// By share: the first place, and what became of all places.
    outcomes: Mutex<Vec<(usize, Vec<Outcome>)>>,
    /// Samples that could not even be planned.
    skipped: Mutex<Vec<LoaderError>>,
    sources: Arc<[Sources]>,
}

impl Planner {
    /// Chooses the samples of a batch, checks that they fit the budget and share a shape; takes no memory for values.
    pub fn plan(&mut self, batch_idx: usize) -> Result<Planned, LoaderError> {
        catch_unwind(AssertUnwindSafe(|| self.plan_uncaught(batch_idx))).unwrap_or_else(|panic| {
            Err(LoaderError::PlanPanicked { batch_idx, message: panic_message(panic) })
        })
    }

    fn plan_uncaught(&mut self, batch_idx: usize) -> Result<Planned, LoaderError> {
        let n = self.batching.n_samples(batch_idx, &self.order);
        let budget = self.max_bytes();
        let needed = n.saturating_mul(SAMPLE_BYTES).saturating_add(BATCH_BYTES);
        if needed > budget {
            return Err(LoaderError::Budget { needed, budget });
        }
        let chosen = self.batching.samples(batch_idx, &mut self.order)?;
        let mut first: Option<SampleLayout> = None;
        let mut samples = Vec::with_capacity(n);
        let mut skipped = Vec::new();
        let mut needed = 0;
        for id in chosen {
            let layout = catch_unwind(AssertUnwindSafe(|| self.order.layout(&id)));
            let layout = match layout {
                Ok(layout) => layout.map_err(|source| self.failed(batch_idx, id, source)),
                Err(panic) => {
                    let sample = self.named(id);
                    let message = panic_message(panic);
                    Err(LoaderError::Panicked { batch_idx, sample, message })
                }
            };
            match (layout, first) {
                (Ok(layout), None) => {
                    needed = bytes_needed(&layout, n);
                    if needed > budget {
                        return Err(LoaderError::Budget { needed, budget });
                    }
                    first = Some(layout);
                }
                (Ok(got), Some(expected)) if got != expected => {
                    let sample = self.named(id);
                    return Err(LoaderError::MixedShapes { batch_idx, sample, got, expected });
                }
                (Ok(_), Some(_)) => {}
                (Err(failed), _) => {
                    if self.options.on_failure != OnFailure::Skip {
                        return Err(failed);
                    }
                    skipped.push(failed);
                    continue;
                }
            }
            samples.push(id);
        }
        match first {
            Some(layout) => Ok(Planned { batch_idx, layout, samples, skipped, needed }),
            None => Err(all_skipped(batch_idx, n, skipped)),
        }
    }

    /// What may be in flight; no memory in one piece is larger than this.
    pub fn max_bytes(&self) -> usize {
        self.options.prefetch_bytes.min(isize::MAX.unsigned_abs())
    }

    fn failed(&self, batch_idx: usize, id: SampleId, source: ConstructError) -> LoaderError {
        LoaderError::Patch { batch_idx, sample: self.named(id), source }
    }

    fn named(&self, id: SampleId) -> Box<FailedSample> {
        Box::new(FailedSample::caught(self.order.dataset(&id), id))
    }

    /// Takes the memory of a batch.
    ///
    /// # Errors
    /// [`LoaderError::OutOfMemory`], [`LoaderError::Memory`], [`LoaderError::MemoryPanicked`].
    pub fn open(
        &self,
        planned: Planned,
        step: usize,
        is_padding: bool,
    ) -> Result<Arc<OpenBatch>, LoaderError> {
        let Planned { batch_idx, layout, samples, skipped, .. } = planned;
        let n = samples.len();
        let slots = catch_unwind(AssertUnwindSafe(|| self.slots(n, &layout)));
        let slots = slots.unwrap_or_else(|panic| {
            Err(LoaderError::MemoryPanicked { batch_idx, message: panic_message(panic) })
        })?;
        Ok(Arc::new(OpenBatch {
            step,
            batch_idx,
            layout,
            samples,
            epoch: self.epoch,
            is_padding,
            on_failure: self.options.on_failure,
            rest: Mutex::new(Some(slots)),
            outcomes: Mutex::default(),
            skipped: Mutex::new(skipped),
            sources: Arc::clone(&self.sources),
        }))
    }

    /// Memory for `n` samples; runs user code.
    fn slots(&self, n: usize, layout: &SampleLayout) -> Result<Slots, LoaderError> {
        let target_len = layout.target.map_or(0, |target| target.len());
        let memory = BatchMemory {
            inputs: Buffer::new_in(&self.pool, n.saturating_mul(layout.input.len()))?,
            targets: Buffer::new_in(&self.pool, n.saturating_mul(target_len))?,
        };
        Ok(memory.into_slots(n))
    }
}

/// Bytes in flight of a batch of `n` samples: values and bookkeeping.
///
/// What specs of several channels and errors hold on the heap is not known yet and not counted.
fn bytes_needed(layout: &SampleLayout, n: usize) -> usize {
    let per_sample = layout.len().saturating_mul(size_of::<f32>()).saturating_add(SAMPLE_BYTES);
    per_sample.saturating_mul(n).saturating_add(BATCH_BYTES)
}

fn all_skipped(batch_idx: usize, n: usize, skipped: Vec<LoaderError>) -> LoaderError {
    match skipped.into_iter().next() {
        Some(first) => LoaderError::AllSkipped { batch_idx, n, source: Box::new(first) },
        None => LoaderError::WorkersGone,
    }
}

impl OpenBatch {
    /// Claims places that no other worker fills; nothing when all are claimed.
    ///
    /// Shares shrink towards the end, so that all workers end at about the same time.
    pub fn claim(&self, n_workers: usize) -> Option<Slots> {
        let mut rest = self.rest.lock().unwrap_or_else(PoisonError::into_inner);
        let slots = rest.as_mut()?;
        let n_left = slots.places().len();
        let share = (n_left / (2 * n_workers.max(1))).max(1);
        if share >= n_left { rest.take() } else { Some(slots.split_off(share)) }
    }

    /// Gives claimed places back with what became of them; whoever is the last gets the memory of the whole batch.
    pub fn give_back(&self, slots: Slots, outcomes: Vec<Outcome>) -> Option<BatchMemory> {
        self.outcomes.lock().unwrap_or_else(PoisonError::into_inner).push((slots.places().start, outcomes));
        slots.finish()
    }

    /// Turns filled memory into a batch, or into the error of its first failing patch.
    pub fn close(&self, memory: BatchMemory) -> Result<Batch, LoaderError> {
        let (items, is_kept, skipped) = self.sorted_out()?;
        let mut memory = memory;
        if items.len() < is_kept.len() {
            memory.keep(&is_kept);
        }
        let inputs = self.checked("inputs", memory.inputs, &self.layout.input, &items)?;
        let targets = match &self.layout.target {
            Some(layout) => Some(self.checked("targets", memory.targets, layout, &items)?),
            None => None,
        };
        Ok(Batch {
            epoch: self.epoch,
            batch_idx: self.batch_idx,
            is_padding: self.is_padding,
            layout: self.layout,
            inputs,
            targets,
            items,
            sources: Arc::clone(&self.sources),
            skipped,
            finished: Instant::now(),
        })
    }

    /// What is handed over, which places that keeps, and what is left out; or the error of the first failing patch.
    #[expect(clippy::type_complexity, reason = "three lists that belong together for a moment")]
    fn sorted_out(&self) -> Result<(Vec<Item>, Vec<bool>, Vec<LoaderError>), LoaderError> {
        let mut outcomes = std::mem::take(&mut *self.outcomes.lock().unwrap_or_else(PoisonError::into_inner));
        let mut skipped = std::mem::take(&mut *self.skipped.lock().unwrap_or_else(PoisonError::into_inner));
        outcomes.sort_unstable_by_key(|(first, _)| *first);
        let n = outcomes.iter().map(|(_, outcomes)| outcomes.len()).sum();
        if n != self.samples.len() {
            return Err(LoaderError::WorkersGone);
        }
        let mut items = Vec::with_capacity(n);
        let mut is_kept = Vec::with_capacity(n);
        for outcome in outcomes.into_iter().flat_map(|(_, outcomes)| outcomes) {
            is_kept.push(outcome.is_ok());
            match outcome {
                Ok(item) => items.push(item),
                Err(error) if self.on_failure == OnFailure::Skip => skipped.push(error),
                Err(error) => return Err(error),
            }
        }
        if items.is_empty() {
            return Err(all_skipped(self.batch_idx, skipped.len(), skipped));
        }
        Ok((items, is_kept, skipped))
    }

    /// The values of a role, if there are as many as the layout says.
    fn checked(
        &self,
        role: &'static str,
        values: Buffer<f32>,
        layout: &BlockLayout,
        items: &[Item],
    ) -> Result<Buffer<f32>, LoaderError> {
        if layout.len().checked_mul(items.len()) == Some(values.len()) {
            return Ok(values);
        }
        let [c, z, y, x] = layout.to_czyx();
        let expected = vec![items.len(), c, z, y, x];
        Err(LoaderError::Patch {
            batch_idx: self.batch_idx,
            sample: Box::new(FailedSample { id: self.samples[0], place: None }),
            source: ConstructError::OutputShape { role, got: vec![values.len()], expected },
        })
    }
}
