//! A chunk that one thread decodes while others may wait for it.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use patchweave_stack::{Process, StackError};

use super::{ChunkKey, Shared, decoding};
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

/// Leave to decode a chunk, and the duty to say how that ended; dropped before, the thread has panicked or given up.
pub(crate) struct Claimed {
    shared: Arc<Shared>,
    key: ChunkKey,
    work: Arc<Work>,
}

impl Claimed {
    pub(super) fn new(shared: Arc<Shared>, key: ChunkKey, work: Arc<Work>) -> Self {
        Claimed { shared, key, work }
    }

    /// Decodes the chunk and tells those who wait.
    pub fn decode(
        self,
        decode: impl FnOnce() -> Result<DecodedChunk, StackError>,
    ) -> Result<Arc<DecodedChunk>, StackError> {
        let decoded = decoding(decode);
        self.end(decoded)
    }

    /// Keeps the decoded chunk and tells those who wait.
    pub fn end(self, decoded: Result<DecodedChunk, StackError>) -> Result<Arc<DecodedChunk>, StackError> {
        match decoded {
            Ok(chunk) => {
                let chunk = Arc::new(chunk);
                self.shared.keep(self.key, &chunk);
                self.tell(Outcome::Decoded(chunk.clone()));
                Ok(chunk)
            }
            Err(error) => {
                let error = Arc::new(error);
                self.tell(Outcome::Failed(error.clone()));
                // Where nobody waited, the error is handed on as it came.
                Err(Arc::try_unwrap(error).unwrap_or_else(StackError::Shared))
            }
        }
    }

    fn tell(self, outcome: Outcome) {
        self.work.outcome().get_or_insert(outcome);
    }
}

impl Drop for Claimed {
    fn drop(&mut self) {
        self.shared.kept().remove_work(self.key, &self.work);
        self.work.outcome().get_or_insert(Outcome::Abandoned);
        self.work.is_done.notify_all();
    }
}
