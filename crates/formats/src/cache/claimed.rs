//! Leave to decode a chunk that others may wait for.

use std::sync::Arc;

use patchweave_stack::StackError;
use patchweave_stack::read_cost::decoding;

use super::key::ChunkKey;
use super::shared::Shared;
use super::work::{Outcome, Work};
use crate::chunk::DecodedChunk;

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
        self.work.end(outcome);
    }
}

impl Drop for Claimed {
    fn drop(&mut self) {
        self.shared.kept().remove_work(self.key, &self.work);
        self.work.end(Outcome::Abandoned);
        self.work.wake();
    }
}
