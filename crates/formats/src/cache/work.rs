//! A chunk that one thread decodes while others may wait for it.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use patchweave_stack::{Process, StackError};

use crate::chunk::DecodedChunk;

/// A chunk that one thread decodes and others may wait for.
pub(crate) struct Work {
    outcome: Mutex<Option<Outcome>>,
    is_done: Condvar,
    process: Process,
}

#[derive(Clone)]
pub(super) enum Outcome {
    Decoded(Arc<DecodedChunk>),
    Failed(Arc<StackError>),
    /// The thread panicked or had no room; whoever waits tries for itself.
    Abandoned,
}

impl Work {
    pub fn new() -> Self {
        Work { outcome: Mutex::default(), is_done: Condvar::new(), process: Process::current() }
    }

    /// Whether a thread of this process does it: those of the process that this one was forked from never end it here.
    pub fn is_of_this_process(&self) -> bool {
        self.process.is_current()
    }

    fn outcome(&self) -> MutexGuard<'_, Option<Outcome>> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says how it ended, unless that was said before.
    pub(super) fn end(&self, outcome: Outcome) {
        self.outcome().get_or_insert(outcome);
    }

    /// Wakes those who wait.
    pub(super) fn wake(&self) {
        self.is_done.notify_all();
    }

    pub(super) fn wait(&self) -> Outcome {
        let mut outcome = self.outcome();
        loop {
            if let Some(outcome) = &*outcome {
                return outcome.clone();
            }
            outcome = self.is_done.wait(outcome).unwrap_or_else(PoisonError::into_inner);
        }
    }
}
