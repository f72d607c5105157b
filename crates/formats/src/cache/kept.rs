//! The chunks that are kept, by their last use, and those that are in work.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::ChunkKey;
use super::work::Work;
use crate::chunk::DecodedChunk;

#[derive(Default)]
pub(super) struct Kept {
    /// Sorted by image, so that one can be forgotten.
    pub(super) chunks: BTreeMap<ChunkKey, Entry>,
    /// The chunks by their last use.
    pub(super) by_use: BTreeMap<u64, ChunkKey>,
    n_uses: u64,
    /// Bytes of the chunks.
    pub(super) chunk_bytes: u64,
    /// Bytes of the budget that something else takes.
    aside: u64,
    /// Chunks that a thread is decoding.
    pub(super) in_work: HashMap<ChunkKey, Arc<Work>>,
}

pub(super) struct Entry {
    pub(super) chunk: Arc<DecodedChunk>,
    n_bytes: u64,
    last_use: u64,
}

/// What there is of a chunk.
pub(crate) enum Found {
    Kept(Arc<DecodedChunk>),
    InWork(Arc<Work>),
}

impl Kept {
    pub fn n_bytes(&self) -> u64 {
        self.chunk_bytes.saturating_add(self.aside)
    }

    /// What there is of a chunk, if anything; one that is kept was used now.
    pub fn find(&mut self, key: ChunkKey) -> Option<Found> {
        let Kept { chunks, by_use, n_uses, in_work, .. } = self;
        if let Some(entry) = chunks.get_mut(&key) {
            by_use.remove(&entry.last_use);
            *n_uses += 1;
            entry.last_use = *n_uses;
            by_use.insert(*n_uses, key);
            return Some(Found::Kept(entry.chunk.clone()));
        }
        // Work of the process that this one was forked from never ends here.
        let work = in_work.get(&key).filter(|work| work.is_of_this_process());
        work.map(|work| Found::InWork(work.clone()))
    }

    /// Puts a chunk in work of which there is nothing.
    pub fn begin(&mut self, key: ChunkKey) -> Arc<Work> {
        let work = Arc::new(Work::new());
        self.in_work.insert(key, work.clone());
        work
    }

    /// Ends work, unless another thread has taken it over since.
    pub fn remove_work(&mut self, key: ChunkKey, work: &Arc<Work>) {
        if self.in_work.get(&key).is_some_and(|current| Arc::ptr_eq(current, work)) {
            self.in_work.remove(&key);
        }
    }

    /// Keeps a chunk; one that is larger than the budget is not kept.
    pub fn insert(&mut self, key: ChunkKey, chunk: Arc<DecodedChunk>, n_bytes: u64, budget: u64) {
        let room = budget.saturating_sub(self.aside);
        if n_bytes > room {
            return;
        }
        self.remove(key);
        self.shrink(room - n_bytes);
        self.n_uses += 1;
        let last_use = self.n_uses;
        self.chunk_bytes += n_bytes;
        self.by_use.insert(last_use, key);
        self.chunks.insert(key, Entry { chunk, n_bytes, last_use });
    }

    /// Leaves so many bytes of the budget to something else.
    pub fn set_aside(&mut self, n_bytes: u64, budget: u64) {
        self.aside = n_bytes;
        self.shrink(budget.saturating_sub(n_bytes));
    }

    /// Drops what was not used for the longest time until so many bytes are left.
    fn shrink(&mut self, n_bytes: u64) {
        while self.chunk_bytes > n_bytes
            && let Some((_, oldest)) = self.by_use.pop_first()
        {
            self.remove(oldest);
        }
    }

    fn remove(&mut self, key: ChunkKey) {
        if let Some(entry) = self.chunks.remove(&key) {
            self.by_use.remove(&entry.last_use);
            self.chunk_bytes -= entry.n_bytes;
        }
    }

    pub fn forget(&mut self, image: u64) {
        let all = ChunkKey { image, chunk: 0 }..=ChunkKey { image, chunk: u64::MAX };
        let keys: Vec<ChunkKey> = self.chunks.range(all).map(|(key, _)| *key).collect();
        keys.into_iter().for_each(|key| self.remove(key));
    }

    pub fn clear(&mut self) {
        self.chunks.clear();
        self.by_use.clear();
        self.chunk_bytes = 0;
    }
}
