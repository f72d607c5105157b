//! What the clones of a cache share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use patchweave_stack::read_cost::{book_decoded, book_hit};

use super::indices::KeptIndices;
use super::kept::Kept;
use super::key::ChunkKey;
use crate::chunk::DecodedChunk;

/// What an entry takes beside its pixels, about; missing chunks have hardly any.
pub(super) const ENTRY_BYTES: u64 = 256;

/// Chunks, indices and counts of all clones of a cache.
pub(super) struct Shared {
    pub budget: u64,
    pub kept: Mutex<Kept>,
    pub indices: Mutex<KeptIndices>,
    pub n_hits: AtomicU64,
    pub n_misses: AtomicU64,
    pub n_decodes: AtomicU64,
    pub decoded_bytes: AtomicU64,
}

impl Shared {
    pub fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn indices(&self) -> MutexGuard<'_, KeptIndices> {
        self.indices.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn book_hit(&self) {
        self.n_hits.fetch_add(1, Ordering::Relaxed);
        book_hit();
    }

    pub fn keep(&self, key: ChunkKey, chunk: &Arc<DecodedChunk>) {
        let n_bytes = chunk.n_bytes() as u64;
        self.n_decodes.fetch_add(1, Ordering::Relaxed);
        self.decoded_bytes.fetch_add(n_bytes, Ordering::Relaxed);
        book_decoded(n_bytes);
        self.kept().insert(key, chunk.clone(), n_bytes.saturating_add(ENTRY_BYTES), self.budget);
    }
}
