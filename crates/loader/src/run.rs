//! One epoch on its way: jobs out to the workers, finished batches back in order.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, unbounded};

use crate::plan::{Finished, Job, Planned, Planner};
use crate::work::work;
use crate::{Batch, LoaderError, LoaderStats};

/// The batches of one epoch, in order; an iterator of results.
///
/// A patch that fails makes its batch an error; the following batches still come. Dropping this stops and
/// joins the threads, whatever they are doing.
pub struct Batches {
    planner: Planner,
    jobs: Option<Sender<Job>>,
    finished: Receiver<Finished>,
    early: BTreeMap<usize, Result<Batch, LoaderError>>,
    /// The bytes of every batch in flight, in order.
    in_flight: VecDeque<usize>,
    n_bytes_in_flight: usize,
    /// The next batch to open, which does not fit yet.
    pending: Option<Planned>,
    /// A batch that could not be planned and was not handed over yet; nothing is planned beyond it.
    unplannable: Option<usize>,
    next_idx: usize,
    stop: Arc<AtomicBool>,
    workers: Vec<JoinHandle<()>>,
    started: Instant,
    stats: LoaderStats,
}

impl Batches {
    pub(crate) fn start(planner: Planner) -> Result<Self, LoaderError> {
        let (jobs, queue) = unbounded::<Job>();
        let (done, finished) = unbounded::<Finished>();
        let stop = Arc::new(AtomicBool::new(false));
        let dataset = Arc::clone(&planner.dataset);
        let n_workers = planner.options.n_workers.min(planner.n_patches());
        let mut batches = Batches {
            planner,
            jobs: Some(jobs),
            finished,
            early: BTreeMap::new(),
            in_flight: VecDeque::new(),
            n_bytes_in_flight: 0,
            pending: None,
            unplannable: None,
            next_idx: 0,
            stop: Arc::clone(&stop),
            workers: Vec::new(),
            started: Instant::now(),
            stats: LoaderStats::default(),
        };
        for worker in 0..n_workers {
            let (dataset, queue, done, stop) =
                (Arc::clone(&dataset), queue.clone(), done.clone(), Arc::clone(&stop));
            let thread = std::thread::Builder::new()
                .name(format!("patchweave-{worker}"))
                .spawn(move || work(&dataset, &queue, &done, &stop))
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
        let (max_batches, max_bytes) =
            (self.planner.options.prefetch_batches, self.planner.options.prefetch_bytes);
        while self.unplannable.is_none() && self.in_flight.len() < max_batches {
            let batch_idx = self.next_idx + self.in_flight.len();
            if batch_idx >= self.planner.n_batches {
                return;
            }
            let planned = match self.pending.take() {
                Some(planned) => Ok(planned),
                None => self.planner.plan(batch_idx),
            };
            match planned {
                Ok(planned) if planned.needed > max_bytes - self.n_bytes_in_flight => {
                    self.pending = Some(planned);
                    return;
                }
                Ok(planned) => {
                    self.in_flight.push_back(planned.needed);
                    self.n_bytes_in_flight += planned.needed;
                    for job in self.planner.open(planned) {
                        // Only without any worker left is there nobody to take the job; `next` reports that.
                        if jobs.send(job).is_err() {
                            return;
                        }
                    }
                }
                Err(error) => {
                    self.in_flight.push_back(0);
                    self.early.insert(batch_idx, Err(error));
                    self.unplannable = Some(batch_idx);
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
        self.unplannable = self.unplannable.filter(|&batch_idx| batch_idx != self.next_idx);
        self.next_idx += 1;
        self.n_bytes_in_flight -= self.in_flight.pop_front().unwrap_or(0);
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
