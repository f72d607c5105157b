//! Taking batches for a while.

use std::time::{Duration, Instant};

use patchweave_loader::{Loader, LoaderError, LoaderStats};

use crate::not_finite::NotFiniteImages;
use crate::{Failure, interrupt};

/// Which batches are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Epochs {
    /// Those of one epoch after the other.
    Following,
    /// Those of the first one, again and again.
    First,
}

/// How batches are taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Consumer {
    /// How long; one batch is taken in any case.
    pub limit: Duration,
    /// How long the consumer works on each batch.
    pub per_batch: Duration,
    pub epochs: Epochs,
}

/// Takes batches and says what that took; epochs are started as a training would start them.
///
/// Images with pixels that are infinite or no number are added to `not_finite`.
///
/// # Errors
/// What a batch reports, unless it is one whose patches were all skipped.
pub(super) fn take_batches(
    loader: &Loader,
    consumer: Consumer,
    not_finite: &mut NotFiniteImages,
) -> Result<LoaderStats, Failure> {
    let start = Instant::now();
    let mut total = LoaderStats::default();
    let mut slept = Duration::ZERO;
    for epoch in 0.. {
        interrupt::check()?;
        let mut batches = loader.epoch(if consumer.epochs == Epochs::First { 0 } else { epoch })?;
        let mut is_over = false;
        while !is_over && let Some(batch) = batches.next() {
            match batch {
                Ok(batch) => not_finite.add(&batch),
                Err(LoaderError::AllSkipped { .. }) => {}
                Err(error) => return Err(error.into()),
            }
            interrupt::check()?;
            let sleeping = Instant::now();
            std::thread::sleep(consumer.per_batch);
            slept += sleeping.elapsed();
            is_over = start.elapsed() >= consumer.limit;
        }
        total += batches.stats();
        if is_over || start.elapsed() >= consumer.limit {
            break;
        }
    }
    // Starting epochs and choosing batches is time of loading too: the consumer waits whenever it does not sleep.
    total.elapsed = start.elapsed();
    total.waited = total.elapsed.saturating_sub(slept);
    Ok(total)
}
