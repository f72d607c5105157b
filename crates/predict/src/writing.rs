//! Threads that join and write units while others are predicted.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender};
use patchweave_sink::SinkError;

use crate::unit_writer::UnitTask;
use crate::{Finished, PredictError};

/// What is done before a unit is written.
pub(crate) type BeforeUnit<'a> = Option<&'a (dyn Fn() -> Result<(), SinkError> + Sync)>;

/// What threads that write tell.
#[derive(Default)]
pub(crate) struct Writing<'a> {
    before_unit: BeforeUnit<'a>,
    pub finished: Mutex<Vec<Finished>>,
    pub failure: Mutex<Option<PredictError>>,
    pub has_failed: AtomicBool,
    /// Time that units took, added up.
    busy: Mutex<Duration>,
}

/// Says that something failed if the thread panics, so that nobody goes on without it.
struct ToldOfPanic<'a>(&'a AtomicBool);

impl Drop for ToldOfPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.store(true, Ordering::Release);
        }
    }
}

impl<'a> Writing<'a> {
    pub fn new(before_unit: BeforeUnit<'a>) -> Self {
        Writing { before_unit, ..Writing::default() }
    }

    pub fn busy(&self) -> Duration {
        *self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what is in a queue, until it ends.
    pub fn work(&self, queue: &Receiver<UnitTask>) {
        let _told = ToldOfPanic(&self.has_failed);
        for task in queue {
            // What comes after a failure is let go of, so that nobody waits for room.
            if self.has_failed.load(Ordering::Acquire) {
                continue;
            }
            let start = Instant::now();
            let done = self.before_unit.map_or(Ok(()), |before| before());
            let done = done.map_err(PredictError::from).and_then(|()| task.run());
            *self.busy.lock().unwrap_or_else(PoisonError::into_inner) += start.elapsed();
            match done {
                Ok(finished) => self.finished.lock().unwrap_or_else(PoisonError::into_inner).extend(finished),
                Err(error) => {
                    self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                    self.has_failed.store(true, Ordering::Release);
                }
            }
        }
    }
}

/// Hands units to those who write, and says how long there was no room for them.
pub(crate) fn send(tasks: &Sender<UnitTask>, whole: &mut Vec<UnitTask>) -> Result<Duration, PredictError> {
    if whole.is_empty() {
        return Ok(Duration::ZERO);
    }
    let start = Instant::now();
    // Nobody takes them only if all who write have failed.
    whole.drain(..).try_for_each(|task| tasks.send(task)).map_err(|_| PredictError::Interrupted)?;
    Ok(start.elapsed())
}
