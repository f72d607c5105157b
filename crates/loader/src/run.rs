//! One epoch on its way: batches out to the workers, finished ones back in order.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use patchweave_stack::Process;
use tracing::trace_span;

use crate::mix::MixPart;
use crate::plan::{Finished, OpenBatch, Planned, Planner};

use crate::stats::Meter;
use crate::steps::Steps;
use crate::sync::{AtomicBool, JoinHandle, Receiver, Sender, TryRecvError, spawn, unbounded};
use crate::work::{Shared, work};
use crate::{Batch, LoaderError, LoaderState, LoaderStats};

/// The batches of one epoch, in order; an iterator of results.
///
/// A patch that fails makes its batch an error; the following batches still come. Dropping this stops and
/// joins the threads, whatever they are doing.
pub struct Batches {
    planner: Planner,
    steps: Steps,
    channels: Option<Channels>,
    early: BTreeMap<usize, Result<Batch, LoaderError>>,
    /// The bytes of every batch in flight, in order.
    in_flight: VecDeque<usize>,
    n_bytes_in_flight: usize,
    /// The next batch to open, which does not fit yet.
    pending: Option<Planned>,
    /// A batch that could not be planned or has no memory and was not handed over yet; nothing is planned beyond it.
    unplannable: Option<usize>,
    next_step: usize,
    state: LoaderState,
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
    process: Process,
    started: Instant,
    /// When a batch was handed over last.
    handed_over: Instant,
    stats: LoaderStats,
}

/// The way to the workers and back.
struct Channels {
    jobs: Sender<Arc<OpenBatch>>,
    finished: Receiver<Finished>,
}

impl Batches {
    /// Starts the threads; `state` is where the stream stands.
    pub(crate) fn start(
        planner: Planner,
        parts: Arc<[MixPart]>,
        state: LoaderState,
        process: Process,
    ) -> Result<Self, LoaderError> {
        let (jobs, queue) = unbounded::<Arc<OpenBatch>>();
        let (done, finished) = unbounded::<Finished>();
        let options = planner.options;
        let first = usize::try_from(state.next_batch).unwrap_or(usize::MAX);
        let steps = Steps::new(options.shard, first, planner.batching.n_batches());
        let n_patches = steps.n_steps.saturating_mul(options.batch_size).min(planner.order.n_places());
        let n_workers = options.n_workers.min(n_patches);
        let shared = Arc::new(Shared {
            parts,
            n_workers,
            on_failure: options.on_failure,
            stop: AtomicBool::new(false),
            meter: Meter::default(),
            #[cfg(feature = "async")]
            waiting: crate::waiting::Waiting::default(),
        });
        let started = Instant::now();
        let mut batches = Batches {
            planner,
            steps,
            channels: Some(Channels { jobs, finished }),
            early: BTreeMap::new(),
            in_flight: VecDeque::new(),
            n_bytes_in_flight: 0,
            pending: None,
            unplannable: None,
            next_step: 0,
            state,
            shared: Arc::clone(&shared),
            workers: Vec::new(),
            process,
            started,
            handed_over: started,
            stats: LoaderStats::default(),
        };
        for worker in 0..n_workers {
            let shared = Arc::clone(&shared);
            let queue = queue.clone();
            let done = done.clone();
            let thread = spawn(format!("patchweave-{worker}"), move || work(&shared, &queue, &done));
            batches.workers.push(thread.map_err(LoaderError::Spawn)?);
        }
        batches.state = batches.state_after(0);
        batches.open_ahead();
        Ok(batches)
    }

    /// How many batches this rank delivers in all, from where the stream was started.
    pub fn n_batches(&self) -> usize {
        self.steps.n_steps
    }

    /// What was delivered so far and how long it took.
    pub fn stats(&self) -> LoaderStats {
        let is_over = self.next_step >= self.steps.n_steps;
        let end = if is_over { self.handed_over } else { Instant::now() };
        let stats = LoaderStats {
            elapsed: end.saturating_duration_since(self.started),
            bytes_in_flight: self.n_bytes_in_flight,
            n_retries: self.shared.meter.n_retries(),
            ..self.stats
        };
        // In a forked process a lock of the workers may have been copied while it was held.
        if !self.process.is_current() {
            return stats;
        }
        LoaderStats { work: self.shared.meter.work(self.shared.n_workers), ..stats }
    }

    /// Where the stream stands: [`Loader::resume`](crate::Loader::resume) goes on with the next batch.
    ///
    /// After the last batch of an epoch that is the first one of the next epoch, as soon as no rank has any left; a rank that
    /// has none while others have goes on with [`LoaderState::next_epoch`]. A batch that was an error counts as delivered.
    pub fn state(&self) -> LoaderState {
        self.state
    }

    fn state_after(&self, n_steps: usize) -> LoaderState {
        match self.steps.next_batch(n_steps) {
            Some(next_batch) => LoaderState { next_batch: next_batch as u64, ..self.state },
            None => LoaderState { epoch: self.planner.epoch, ..self.state }.next_epoch(),
        }
    }

    /// Opens batches until as many are in flight as may be.
    fn open_ahead(&mut self) {
        let Some(channels) = &self.channels else { return };
        let max_batches = self.planner.options.prefetch_batches;
        let max_bytes = self.planner.max_bytes();
        while self.unplannable.is_none() && self.in_flight.len() < max_batches {
            let step = self.next_step + self.in_flight.len();
            if step >= self.steps.n_steps {
                return;
            }
            let (batch_idx, is_padding) = self.steps.batch(step);
            let planned = match self.pending.take() {
                Some(planned) => Ok(planned),
                None => self.planner.plan(batch_idx),
            };
            if let Ok(Planned { needed, .. }) = &planned
                && *needed > max_bytes - self.n_bytes_in_flight
            {
                self.pending = planned.ok();
                return;
            }
            let opened = planned.and_then(|planned| {
                let needed = planned.needed;
                Ok((self.planner.open(planned, step, is_padding)?, needed))
            });
            match opened {
                Ok((batch, needed)) => {
                    self.in_flight.push_back(needed);
                    self.n_bytes_in_flight += needed;
                    let most = &mut self.stats.most_bytes_in_flight;
                    *most = self.n_bytes_in_flight.max(*most);
                    for _ in 0..self.shared.n_workers.min(batch.samples.len()) {
                        // Only without any worker left is there nobody to take the batch; `next` reports that.
                        if channels.jobs.send(Arc::clone(&batch)).is_err() {
                            return;
                        }
                    }
                }
                Err(error) => {
                    self.in_flight.push_back(0);
                    self.early.insert(step, Err(error));
                    self.unplannable = Some(step);
                }
            }
        }
    }

    /// The next batch, if it is there.
    pub(crate) fn try_next(&mut self) -> Option<Result<Batch, LoaderError>> {
        while !self.early.contains_key(&self.next_step) {
            let Some(channels) = &self.channels else { return Some(Err(LoaderError::WorkersGone)) };
            match channels.finished.try_recv() {
                Ok((step, batch)) => drop(self.early.insert(step, batch)),
                Err(TryRecvError::Empty) => return None,
                Err(TryRecvError::Disconnected) => return Some(Err(LoaderError::WorkersGone)),
            }
        }
        self.early.remove(&self.next_step)
    }

    fn wait_for_next(&mut self) -> Result<Batch, LoaderError> {
        if let Some(batch) = self.try_next() {
            return batch;
        }
        let _span = trace_span!("wait for batch", step = self.next_step).entered();
        let waiting = Instant::now();
        let batch = loop {
            let Some(channels) = &self.channels else { break Err(LoaderError::WorkersGone) };
            match channels.finished.recv() {
                Ok((step, batch)) if step == self.next_step => break batch,
                Ok((step, batch)) => drop(self.early.insert(step, batch)),
                Err(_) => break Err(LoaderError::WorkersGone),
            }
        };
        self.add_wait(waiting);
        batch
    }

    /// Whether all batches were handed over, or an error that ends the epoch.
    pub(crate) fn end(&mut self) -> Option<Option<LoaderError>> {
        if self.next_step >= self.steps.n_steps {
            return Some(None);
        }
        if !self.process.is_current() {
            self.next_step = self.steps.n_steps;
            return Some(Some(LoaderError::Forked));
        }
        None
    }

    #[cfg(feature = "async")]
    pub(crate) fn waiting(&self) -> &crate::waiting::Waiting {
        &self.shared.waiting
    }

    /// Books time that the consumer waited.
    pub(crate) fn add_wait(&mut self, since: Instant) {
        self.stats.waited += since.elapsed();
    }

    /// Books a batch that is handed over, and opens the next ones.
    pub(crate) fn hand_over(&mut self, batch: Result<Batch, LoaderError>) -> Result<Batch, LoaderError> {
        self.unplannable = self.unplannable.filter(|&step| step != self.next_step);
        self.next_step += 1;
        self.state = self.state_after(self.next_step);
        self.n_bytes_in_flight -= self.in_flight.pop_front().unwrap_or(0);
        match &batch {
            Ok(batch) => {
                self.stats.n_batches += 1;
                self.stats.n_patches += batch.len();
                self.stats.n_skipped += batch.skipped.len();
                self.stats.n_bytes += batch.n_bytes();
                // Before that, the consumer waited for an earlier batch, or had it.
                let since = batch.finished.max(self.handed_over);
                self.stats.waited_for_consumer += since.elapsed();
            }
            Err(error) => {
                self.stats.n_failed_batches += 1;
                if let LoaderError::AllSkipped { n, .. } = error {
                    self.stats.n_skipped += n;
                }
                if matches!(error, LoaderError::WorkersGone) {
                    self.next_step = self.steps.n_steps;
                }
            }
        }
        self.handed_over = Instant::now();
        self.open_ahead();
        batch
    }
}

impl fmt::Debug for Batches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batches")
            .field("state", &self.state)
            .field("n_left", &self.len())
            .finish_non_exhaustive()
    }
}

impl Iterator for Batches {
    type Item = Result<Batch, LoaderError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(end) = self.end() {
            return end.map(Err);
        }
        let batch = self.wait_for_next();
        Some(self.hand_over(batch))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.steps.n_steps - self.next_step;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Batches {}

impl Drop for Batches {
    fn drop(&mut self) {
        if !self.process.is_current() {
            // The threads stayed in the process that this one was forked from, maybe with locks of the channels.
            std::mem::forget((self.channels.take(), std::mem::take(&mut self.workers)));
            return;
        }
        self.shared.stop.store(true, Ordering::Relaxed);
        if let Some(Channels { jobs, finished }) = self.channels.take() {
            drop(jobs);
            for worker in self.workers.drain(..) {
                if worker.join().is_err() {
                    // Panics of user code are caught inside; a thread that still died has printed why.
                    continue;
                }
            }
            drop(finished);
        }
    }
}
