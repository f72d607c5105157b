//! What a run of batches has done so far, and where its time went.

use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use patchweave_construct::{Scratch, Spent};

use crate::sync::Mutex;

/// What a run of batches has done so far.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub struct LoaderStats {
    /// Batches handed over.
    pub n_batches: usize,
    /// Patches in them.
    pub n_patches: usize,
    /// Patches that were left out of them ([`OnFailure::Skip`](crate::OnFailure::Skip)).
    pub n_skipped: usize,
    /// Batches that were errors.
    pub n_failed_batches: usize,
    /// How often a patch was tried again ([`OnFailure::Retry`](crate::OnFailure::Retry)).
    pub n_retries: u64,
    /// Bytes of inputs and targets in the batches.
    pub n_bytes: usize,
    /// Bytes in flight now, values and bookkeeping.
    pub bytes_in_flight: usize,
    /// The most bytes that were in flight.
    pub most_bytes_in_flight: usize,
    /// Time since the run was started.
    pub elapsed: Duration,
    /// Time the consumer spent waiting for a batch.
    pub waited: Duration,
    /// Time that full batches waited for the consumer, added up.
    pub waited_for_consumer: Duration,
    /// What the worker threads did, added up over all of them.
    pub work: WorkStats,
}

/// What worker threads did, added up over all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct WorkStats {
    /// How many threads there are.
    pub n_workers: usize,
    /// Time without a slot to fill: all batches that may be in flight are full or being filled.
    pub idle: Duration,
    /// What samples took, by stage, and what was read for them.
    pub spent: Spent,
}

impl WorkStats {
    /// All time of the threads that is accounted for.
    #[must_use]
    pub fn time(&self) -> Duration {
        self.idle.saturating_add(self.spent.time())
    }
}

impl LoaderStats {
    /// The share of time that the consumer waited, from 0 to 1.
    pub fn waiting_share(&self) -> f64 {
        let elapsed = self.elapsed.as_secs_f64();
        if elapsed > 0.0 { (self.waited.as_secs_f64() / elapsed).min(1.0) } else { 0.0 }
    }

    /// Decoded bytes for every delivered byte; 0 where nothing was decoded or delivered.
    ///
    /// Delivered bytes are those of the samples, 4 for each value.
    #[must_use]
    pub fn amplification(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a ratio need not be exact")]
        let decoded = self.work.spent.reading.decoded_bytes as f64;
        let delivered = self.n_bytes as f64;
        if delivered > 0.0 { decoded / delivered } else { 0.0 }
    }
}

/// Joins runs that followed one another.
impl std::ops::AddAssign for LoaderStats {
    fn add_assign(&mut self, next: Self) {
        self.n_batches += next.n_batches;
        self.n_patches += next.n_patches;
        self.n_skipped += next.n_skipped;
        self.n_failed_batches += next.n_failed_batches;
        self.n_retries += next.n_retries;
        self.n_bytes += next.n_bytes;
        self.bytes_in_flight = next.bytes_in_flight;
        self.most_bytes_in_flight = self.most_bytes_in_flight.max(next.most_bytes_in_flight);
        self.elapsed += next.elapsed;
        self.waited += next.waited;
        self.waited_for_consumer += next.waited_for_consumer;
        self.work.n_workers = self.work.n_workers.max(next.work.n_workers);
        self.work.idle += next.work.idle;
        self.work.spent += next.work.spent;
    }
}

/// Where worker threads add up what they do.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    idle: AtomicU64,
    n_retries: AtomicU64,
    spent: Mutex<Spent>,
}

impl Meter {
    pub fn add(&self, scratch: &mut Scratch) {
        *self.spent.lock().unwrap_or_else(PoisonError::into_inner) += scratch.take_spent();
    }

    pub fn add_idle(&self, time: Duration) {
        add(&self.idle, time);
    }

    pub fn add_retry(&self) {
        self.n_retries.fetch_add(1, Ordering::Relaxed);
    }

    pub fn n_retries(&self) -> u64 {
        self.n_retries.load(Ordering::Relaxed)
    }

    pub fn work(&self, n_workers: usize) -> WorkStats {
        let idle = Duration::from_nanos(self.idle.load(Ordering::Relaxed));
        let spent = *self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        WorkStats { n_workers, idle, spent }
    }
}

fn add(total: &AtomicU64, time: Duration) {
    total.fetch_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
}
