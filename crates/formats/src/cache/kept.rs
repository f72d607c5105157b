//! The chunks that are kept, by their last use, and those that are in work.

use std::collections::HashMap;
use std::sync::Arc;

use super::by_image::ByImage;
use super::key::ChunkKey;
use super::work::Work;
use crate::chunk::DecodedChunk;

#[derive(Default)]
pub(super) struct Kept {
    /// Chunks, which weigh their bytes.
    pub(super) chunks: ByImage<Arc<DecodedChunk>>,
    /// Bytes of the budget that something else takes.
    aside: u64,
    /// Chunks that a thread is decoding.
    pub(super) in_work: HashMap<ChunkKey, Arc<Work>>,
}

/// What there is of a chunk.
pub(crate) enum Found {
    Kept(Arc<DecodedChunk>),
    InWork(Arc<Work>),
}

impl Kept {
    pub fn n_bytes(&self) -> u64 {
        self.chunks.weight().saturating_add(self.aside)
    }

    /// What there is of a chunk, if anything; one that is kept was used now.
    pub fn find(&mut self, key: ChunkKey) -> Option<Found> {
        if let Some(chunk) = self.chunks.get(&key) {
            return Some(Found::Kept(chunk.clone()));
        }
        // Work of the process that this one was forked from never ends here.
        let work = self.in_work.get(&key).filter(|work| work.is_of_this_process());
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
        self.chunks.remove(&key);
        self.chunks.shrink_to(room - n_bytes);
        self.chunks.insert(key, chunk, n_bytes);
    }

    /// Leaves so many bytes of the budget to something else.
    pub fn set_aside(&mut self, n_bytes: u64, budget: u64) {
        self.aside = n_bytes;
        self.chunks.shrink_to(budget.saturating_sub(n_bytes));
    }

    pub fn forget(&mut self, image: u64) {
        self.chunks.forget(image);
    }

    pub fn clear(&mut self) {
        self.chunks.clear();
    }
}
