//! One epoch on its way: jobs out to the workers, finished batches back in order.

use std::any::Any;
use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, unbounded};
use ndarray::{Array5, ArrayViewMut4};
use patchweave_construct::{
    BlockLayout, ConstructError, Dataset, PatchRole, SampleLayout, SampleViewMut, Scratch,
};

use crate::batch::{Batch, Item};
use crate::memory::{BatchMemory, Pool, Slot};
use crate::order::EpochOrder;
use crate::{LoaderError, LoaderOptions, LoaderStats};

/// The batches of one epoch, in order; an iterator of results.
///
/// A patch that fails makes its batch an error; the following batches still come. Dropping this stops and
/// joins the threads, whatever they are doing.
pub struct Batches {
    planner: Planner,
    jobs: Option<Sender<Job>>,
    finished: Receiver<Finished>,
    early: BTreeMap<usize, Result<Batch, LoaderError>>,
    bytes_in_flight: VecDeque<usize>,
    next_idx: usize,
    stop: Arc<AtomicBool>,
    workers: Vec<JoinHandle<()>>,
    started: Instant,
    stats: LoaderStats,
}

type Finished = (usize, Result<Batch, LoaderError>);

/// Opens batches: takes memory and cuts it into jobs.
struct Planner {
    dataset: Arc<Dataset>,
    pool: Arc<Pool>,
    options: LoaderOptions,
    order: EpochOrder,
    epoch: u64,
    n_batches: usize,
}

/// A batch that is being filled.
struct OpenBatch {
    epoch: u64,
    batch_idx: usize,
    layout: SampleLayout,
    items: Mutex<Vec<Option<Result<Item, LoaderError>>>>,
    pool: Arc<Pool>,
}

/// One sample to make.
struct Job {
    batch: Arc<OpenBatch>,
    slot: Slot,
    place: usize,
    index: usize,
}

impl Batches {
    pub(crate) fn start(
        dataset: Arc<Dataset>,
        pool: Arc<Pool>,
        options: LoaderOptions,
        order: EpochOrder,
        epoch: u64,
        n_batches: usize,
    ) -> Result<Self, LoaderError> {
        let (jobs, todo) = unbounded::<Job>();
        let (done, finished) = unbounded::<Finished>();
        let stop = Arc::new(AtomicBool::new(false));
        let mut batches = Batches {
            planner: Planner { dataset: Arc::clone(&dataset), pool, options, order, epoch, n_batches },
            jobs: Some(jobs),
            finished,
            early: BTreeMap::new(),
            bytes_in_flight: VecDeque::new(),
            next_idx: 0,
            stop: Arc::clone(&stop),
            workers: Vec::new(),
            started: Instant::now(),
            stats: LoaderStats::default(),
        };
        for worker in 0..options.n_workers {
            let (dataset, todo, done, stop) =
                (Arc::clone(&dataset), todo.clone(), done.clone(), Arc::clone(&stop));
            let thread = std::thread::Builder::new()
                .name(format!("patchweave-{worker}"))
                .spawn(move || work(&dataset, &todo, &done, &stop))
                .map_err(LoaderError::Spawn)?;
            batches.workers.push(thread);
        }
        batches.open_ahead();
        Ok(batches)
    }

    /// How many batches the epoch has.
    pub fn n_batches(&self) -> usize {
        self.planner.n_batches
    }

    /// What was delivered so far and how long it took.
    pub fn stats(&self) -> LoaderStats {
        LoaderStats { elapsed: self.started.elapsed(), ..self.stats }
    }

    /// Opens batches until as many are in flight as may be.
    fn open_ahead(&mut self) {
        let Some(jobs) = &self.jobs else { return };
        let LoaderOptions { prefetch_batches, prefetch_bytes, .. } = self.planner.options;
        while self.bytes_in_flight.len() < prefetch_batches {
            let batch_idx = self.next_idx + self.bytes_in_flight.len();
            if batch_idx >= self.planner.n_batches {
                return;
            }
            let in_use: usize = self.bytes_in_flight.iter().sum();
            let opened = self.planner.layout(batch_idx).and_then(|(layout, indices)| {
                let needed = layout.len().saturating_mul(indices.len()).saturating_mul(size_of::<f32>());
                if needed > prefetch_bytes {
                    return Err(LoaderError::Budget { needed, budget: prefetch_bytes });
                }
                Ok((layout, indices, needed))
            });
            match opened {
                Ok((_, _, needed)) if in_use.saturating_add(needed) > prefetch_bytes => return,
                Ok((layout, indices, needed)) => {
                    self.bytes_in_flight.push_back(needed);
                    for job in self.planner.open(batch_idx, layout, &indices) {
                        // Only without any worker left is there nobody to take the job; `next` reports that.
                        if jobs.send(job).is_err() {
                            return;
                        }
                    }
                }
                Err(error) => {
                    self.bytes_in_flight.push_back(0);
                    self.early.insert(batch_idx, Err(error));
                }
            }
        }
    }

    fn wait_for_next(&mut self) -> Result<Batch, LoaderError> {
        let waiting = Instant::now();
        let batch = loop {
            if let Some(batch) = self.early.remove(&self.next_idx) {
                break batch;
            }
            match self.finished.recv() {
                Ok((batch_idx, batch)) => {
                    self.early.insert(batch_idx, batch);
                }
                Err(_) => break Err(LoaderError::WorkersGone),
            }
        };
        self.stats.waited += waiting.elapsed();
        batch
    }
}

impl Iterator for Batches {
    type Item = Result<Batch, LoaderError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next_idx >= self.planner.n_batches {
            return None;
        }
        let batch = self.wait_for_next();
        self.next_idx += 1;
        self.bytes_in_flight.pop_front();
        if let Ok(batch) = &batch {
            self.stats.n_batches += 1;
            self.stats.n_patches += batch.len();
            self.stats.n_bytes += batch.n_bytes();
        }
        if matches!(batch, Err(LoaderError::WorkersGone)) {
            self.next_idx = self.planner.n_batches;
        }
        self.open_ahead();
        Some(batch)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.planner.n_batches - self.next_idx;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Batches {}

impl Drop for Batches {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.jobs = None;
        for worker in self.workers.drain(..) {
            if worker.join().is_err() {
                // Panics of user code are caught inside; a thread that still died has printed why.
                continue;
            }
        }
    }
}

impl Planner {
    /// The patches of a batch and the shape they share.
    fn layout(&self, batch_idx: usize) -> Result<(SampleLayout, Vec<usize>), LoaderError> {
        let size = self.options.batch_size;
        let first = batch_idx * size;
        let places = first..first.saturating_add(size).min(self.dataset.n_patches());
        let indices: Vec<usize> = places.map(|place| self.order.patch_at(place)).collect();
        let mut shared: Option<SampleLayout> = None;
        for &index in &indices {
            let epoch = self.epoch;
            let got = self.dataset.layout(index).map_err(|source| LoaderError::Patch {
                batch_idx,
                index,
                epoch,
                source,
            })?;
            let expected = *shared.get_or_insert(got);
            if got != expected {
                return Err(LoaderError::MixedShapes { batch_idx, index, got, expected });
            }
        }
        shared.map(|layout| (layout, indices)).ok_or(LoaderError::WorkersGone)
    }

    fn open(&self, batch_idx: usize, layout: SampleLayout, indices: &[usize]) -> Vec<Job> {
        let n = indices.len();
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
        let slots = memory.into_slots(n).into_iter().enumerate();
        let job = |((place, slot), &index)| Job { batch: Arc::clone(&batch), slot, place, index };
        slots.zip(indices).map(job).collect()
    }
}

/// What a worker thread does until there are no more jobs.
fn work(dataset: &Dataset, todo: &Receiver<Job>, done: &Sender<Finished>, stop: &AtomicBool) {
    let mut scratch = Scratch::default();
    for job in todo {
        if stop.load(Ordering::Relaxed) {
            continue;
        }
        let Job { batch, mut slot, place, index } = job;
        let made = catch_unwind(AssertUnwindSafe(|| make(dataset, &batch, index, &mut scratch, &mut slot)));
        let item = made.unwrap_or_else(|panic| {
            let (batch_idx, epoch) = (batch.batch_idx, batch.epoch);
            Err(LoaderError::Panicked { batch_idx, index, epoch, message: panic_message(panic.as_ref()) })
        });
        batch.items.lock().unwrap_or_else(PoisonError::into_inner)[place] = Some(item);
        if let Some(memory) = slot.finish() {
            let batch_idx = batch.batch_idx;
            if done.send((batch_idx, batch.close(memory))).is_err() {
                return;
            }
        }
    }
}

fn make(
    dataset: &Dataset,
    batch: &OpenBatch,
    index: usize,
    scratch: &mut Scratch,
    slot: &mut Slot,
) -> Result<Item, LoaderError> {
    let (batch_idx, epoch) = (batch.batch_idx, batch.epoch);
    let failed = |source| LoaderError::Patch { batch_idx, index, epoch, source };
    let (input, target) = slot.values_mut();
    let out = SampleViewMut {
        input: view("input", input, &batch.layout.input).map_err(failed)?,
        target: match &batch.layout.target {
            Some(layout) => Some(view("target", target, layout).map_err(failed)?),
            None => None,
        },
    };
    let spec = dataset.write(index, epoch, scratch, out).map_err(failed)?;
    let constr = dataset.constr();
    let input = constr.metadata(PatchRole::Input, &spec);
    let target = constr.metadata(PatchRole::Target, &spec);
    Ok(Item { index, spec, input, target })
}

fn view<'a>(
    role: &'static str,
    values: &'a mut [f32],
    layout: &BlockLayout,
) -> Result<ArrayViewMut4<'a, f32>, ConstructError> {
    let (got, expected) = (vec![values.len()], layout.to_czyx());
    ArrayViewMut4::from_shape(expected, values).map_err(|_| ConstructError::OutputShape {
        role,
        got,
        expected: expected.to_vec(),
    })
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
}

impl OpenBatch {
    /// Turns filled memory into a batch, or into the error of its first failing patch.
    fn close(&self, memory: BatchMemory) -> Result<Batch, LoaderError> {
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
