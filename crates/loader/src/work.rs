//! What worker threads do: one sample after the other, whatever user code does.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::{Receiver, Sender};
use ndarray::ArrayViewMut4;
use patchweave_construct::{BlockLayout, ConstructError, Dataset, PatchRole, SampleViewMut, Scratch};

use crate::LoaderError;
use crate::batch::Item;
use crate::memory::Slot;
use crate::plan::{Finished, Job, OpenBatch};

/// What a worker thread does until there are no more jobs.
pub(crate) fn work(dataset: &Dataset, queue: &Receiver<Job>, done: &Sender<Finished>, stop: &AtomicBool) {
    let mut scratch = Scratch::default();
    for job in queue {
        if stop.load(Ordering::Relaxed) {
            continue;
        }
        let Job { batch, mut slot, place, index } = job;
        let (batch_idx, epoch) = (batch.batch_idx, batch.epoch);
        let panicked = |panic| {
            let message = panic_message(panic);
            LoaderError::Panicked { batch_idx, index, epoch, message }
        };
        let made = catch_unwind(AssertUnwindSafe(|| make(dataset, &batch, index, &mut scratch, &mut slot)));
        let item = made.unwrap_or_else(|panic| Err(panicked(panic)));
        batch.items.lock().unwrap_or_else(PoisonError::into_inner)[place] = Some(item);
        if let Some(memory) = slot.finish() {
            // Closing drops the errors of user code: a batch that is not sent would be waited for forever.
            let closed = catch_unwind(AssertUnwindSafe(|| batch.close(memory)));
            let closed = closed.unwrap_or_else(|panic| Err(panicked(panic)));
            if done.send((batch_idx, closed)).is_err() {
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
    if cfg!(debug_assertions) {
        input.fill(f32::NAN);
        target.fill(f32::NAN);
    }
    let out = SampleViewMut {
        input: view("input", input, &batch.layout.input).map_err(failed)?,
        target: match &batch.layout.target {
            Some(layout) => Some(view("target", target, layout).map_err(failed)?),
            None => None,
        },
    };
    let spec = dataset.write(index, epoch, scratch, out).map_err(failed)?;
    let input = dataset.metadata(PatchRole::Input, &spec);
    let target = dataset.metadata(PatchRole::Target, &spec);
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

/// What a panic said; survives panics whose payload panics again when it is dropped.
fn panic_message(panic: Box<dyn Any + Send>) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
        std::mem::forget(again);
    }
    text.unwrap_or_else(|| "no message".to_owned())
}
