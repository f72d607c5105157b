//! What worker threads do: one sample after the other, whatever user code does.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use ndarray::ArrayViewMut4;
use patchweave_construct::{BlockLayout, ConstructError, Dataset, SampleViewMut, Scratch};
use tracing::trace_span;

use crate::batch::Item;
use crate::mix::MixPart;
use crate::panics::panic_message;
use crate::plan::{Finished, OpenBatch, Outcome};
use crate::slots::Slots;
use crate::stats::Meter;
use crate::sync::{AtomicBool, Receiver, Sender, TryRecvError};
use crate::{FailedSample, LoaderError, OnFailure, SampleId};

/// What all workers of an epoch share.
pub(crate) struct Shared {
    pub parts: Arc<[MixPart]>,
    pub n_workers: usize,
    pub on_failure: OnFailure,
    pub stop: AtomicBool,
    pub meter: Meter,
    /// Who waits for a batch.
    #[cfg(feature = "async")]
    pub waiting: crate::waiting::Waiting,
}

/// What a worker thread does until there are no more batches.
pub(crate) fn work(shared: &Shared, queue: &Receiver<Arc<OpenBatch>>, done: &Sender<Finished>) {
    let mut scratch = Scratch::default();
    while let Some(batch) = next_batch(shared, queue) {
        while let Some(mut slots) = batch.claim(shared.n_workers) {
            let mut outcomes = Vec::with_capacity(slots.places().len());
            for place in slots.places() {
                if shared.stop.load(Ordering::Relaxed) {
                    return;
                }
                let id = batch.samples[place];
                // Errors of user code may panic once more when they are dropped.
                let made = catch_unwind(AssertUnwindSafe(|| {
                    shared.make(&batch, id, place, &mut scratch, &mut slots)
                }));
                outcomes.push(made.unwrap_or_else(|panic| {
                    let batch_idx = batch.batch_idx;
                    let message = panic_message(panic);
                    let sample = Box::new(FailedSample { id, place: None });
                    Err(LoaderError::Panicked { batch_idx, sample, message })
                }));
            }
            shared.meter.add(&mut scratch);
            let Some(memory) = batch.give_back(slots, outcomes) else { continue };
            // Closing drops the errors of user code: a batch that is not sent would be waited for forever.
            let closed = catch_unwind(AssertUnwindSafe(|| batch.close(memory))).unwrap_or_else(|panic| {
                let batch_idx = batch.batch_idx;
                let message = panic_message(panic);
                let sample = Box::new(FailedSample { id: batch.samples[0], place: None });
                Err(LoaderError::Panicked { batch_idx, sample, message })
            });
            if done.send((batch.step, closed)).is_err() {
                return;
            }
            #[cfg(feature = "async")]
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| shared.waiting.wake())) {
                drop(panic_message(panic));
            }
        }
    }
}

/// The next batch to help with; nothing at the end.
fn next_batch(shared: &Shared, queue: &Receiver<Arc<OpenBatch>>) -> Option<Arc<OpenBatch>> {
    match queue.try_recv() {
        Ok(batch) => Some(batch),
        Err(TryRecvError::Disconnected) => None,
        Err(TryRecvError::Empty) => {
            let _span = trace_span!("wait for slot").entered();
            let waiting = Instant::now();
            let batch = queue.recv().ok();
            shared.meter.add_idle(waiting.elapsed());
            batch
        }
    }
}

impl Shared {
    /// Makes a sample, as often as the policy for failures allows.
    fn make(
        &self,
        batch: &OpenBatch,
        id: SampleId,
        place: usize,
        scratch: &mut Scratch,
        slots: &mut Slots,
    ) -> Outcome {
        let batch_idx = batch.batch_idx;
        let dataset = &self.parts[id.dataset].dataset;
        let mut n_tries_left = match self.on_failure {
            OnFailure::Retry(n) => n,
            OnFailure::Fail | OnFailure::Skip => 0,
        };
        loop {
            let made = catch_unwind(AssertUnwindSafe(|| make(dataset, batch, id, place, scratch, slots)));
            let failed = match made {
                Ok(Ok(item)) => return Ok(item),
                Ok(Err(source)) => Ok(source),
                Err(panic) => Err(panic_message(panic)),
            };
            if n_tries_left > 0 && !self.stop.load(Ordering::Relaxed) {
                n_tries_left -= 1;
                self.meter.add_retry();
                continue;
            }
            let sample = Box::new(FailedSample::caught(dataset, id));
            return Err(match failed {
                Ok(source) => LoaderError::Patch { batch_idx, sample, source },
                Err(message) => LoaderError::Panicked { batch_idx, sample, message },
            });
        }
    }
}

fn make(
    dataset: &Dataset,
    batch: &OpenBatch,
    id: SampleId,
    place: usize,
    scratch: &mut Scratch,
    slots: &mut Slots,
) -> Result<Item, ConstructError> {
    let (input, target) = slots.values_mut(place);
    if cfg!(debug_assertions) {
        input.fill(f32::NAN);
        target.fill(f32::NAN);
    }
    let out = SampleViewMut {
        input: view("input", input, &batch.layout.input)?,
        target: match &batch.layout.target {
            Some(layout) => Some(view("target", target, layout)?),
            None => None,
        },
    };
    let spec = dataset.write(id.index, id.round, scratch, out)?;
    Ok(Item { id, spec, not_finite: scratch.not_finite() })
}

fn view<'a>(
    role: &'static str,
    values: &'a mut [f32],
    layout: &BlockLayout,
) -> Result<ArrayViewMut4<'a, f32>, ConstructError> {
    let got = vec![values.len()];
    let expected = layout.to_czyx();
    ArrayViewMut4::from_shape(expected, values).map_err(|_| ConstructError::OutputShape {
        role,
        got,
        expected: expected.to_vec(),
    })
}
