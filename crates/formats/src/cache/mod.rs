//! Decoded chunks kept for the next patch, within a budget of bytes that many images share.

mod by_image;
mod claimed;
mod indices;
mod kept;
mod key;
mod shared;
#[cfg(test)]
mod tests;
mod work;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use patchweave_stack::StackError;
use patchweave_stack::read_cost::waiting;

pub(crate) use self::claimed::Claimed;
pub(crate) use self::indices::{Index, IndexSlot};
pub(crate) use self::kept::Found;
pub(crate) use self::key::ChunkKey;
use self::shared::Shared;
use self::work::Outcome;
use crate::chunk::DecodedChunk;

/// Decoded chunks of any number of images, those that were not used for the longest time leaving first.
///
/// Clones share their chunks and their budget. Readers copy from a chunk without holding a lock, and a chunk that
/// many threads ask for at once is decoded by one of them while the others wait for it.
///
/// What tells where chunks lie in the shards of Zarrs counts as well: up to an eighth of the budget, and in any case the
/// index of the shard that was used last.
///
/// ```
/// use patchweave_formats::{ChunkCache, OpenOptions};
///
/// let cache = ChunkCache::new(64 << 20);
/// let mut options = OpenOptions::default();
/// options.cache = cache.clone();
/// // … open images with these options and read …
/// assert_eq!(cache.stats().n_decodes, 0);
/// assert_eq!(cache.budget(), 64 << 20);
/// ```
#[derive(Clone)]
pub struct ChunkCache {
    shared: Arc<Shared>,
}

/// What a cache was asked for since it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct CacheStats {
    /// Requests that found their chunk, or waited for another thread that decoded it.
    pub n_hits: u64,
    /// Requests that had to have their chunk decoded.
    pub n_misses: u64,
    /// Chunks that were decoded without an error.
    pub n_decodes: u64,
    /// Bytes of the decoded chunks.
    pub decoded_bytes: u64,
    /// Bytes that are kept now, with what it takes to find them and with the indices of shards.
    pub kept_bytes: u64,
}

/// The share of the budget that indices of shards may take.
const INDEX_SHARE: u64 = 8;

/// What there is of a chunk for a thread that does not wait.
pub(crate) enum Claim {
    Kept(Arc<DecodedChunk>),
    /// Another thread decodes it.
    InWork,
    /// This thread is to decode it.
    Claimed(Claimed),
}

impl ChunkCache {
    /// A cache that never holds more than `budget` bytes, about 256 of them beside the pixels of each chunk, but for one
    /// index of a shard; with 0 it holds nothing else, but chunks that are asked for at the same time are still decoded
    /// once.
    #[must_use]
    pub fn new(budget: u64) -> Self {
        let counter = AtomicU64::default;
        ChunkCache {
            shared: Arc::new(Shared {
                budget,
                kept: Mutex::default(),
                indices: Mutex::default(),
                n_hits: counter(),
                n_misses: counter(),
                n_decodes: counter(),
                decoded_bytes: counter(),
            }),
        }
    }

    /// The most bytes that are kept.
    #[must_use]
    pub fn budget(&self) -> u64 {
        self.shared.budget
    }

    /// What was asked for so far.
    #[must_use]
    pub fn stats(&self) -> CacheStats {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let shared = &self.shared;
        CacheStats {
            n_hits: count(&shared.n_hits),
            n_misses: count(&shared.n_misses),
            n_decodes: count(&shared.n_decodes),
            decoded_bytes: count(&shared.decoded_bytes),
            kept_bytes: shared.kept().n_bytes(),
        }
    }

    /// Forgets all chunks and indices; what was asked for stays counted.
    pub fn clear(&self) {
        let mut indices = self.shared.indices();
        indices.clear();
        let mut kept = self.shared.kept();
        kept.clear();
        kept.set_aside(0, self.budget());
    }

    /// A number that no other image has.
    pub(crate) fn new_image() -> u64 {
        static N_IMAGES: AtomicU64 = AtomicU64::new(0);
        N_IMAGES.fetch_add(1, Ordering::Relaxed)
    }

    /// Forgets the chunks of an image.
    pub(crate) fn forget(&self, image: u64) {
        self.shared.kept().forget(image);
    }

    /// A chunk that is kept, or else the one that `decode` makes.
    ///
    /// Where several threads ask at once, the `decode` of one of them runs, and all get its chunk or its error. What `admit`
    /// gives is held while it runs. A thread that waits in `admit` keeps nobody from the chunk, and one that waits for
    /// another thread holds nothing.
    pub(crate) fn get_or_decode<P>(
        &self,
        key: ChunkKey,
        admit: impl Fn() -> P,
        decode: impl FnOnce() -> Result<DecodedChunk, StackError>,
    ) -> Result<Arc<DecodedChunk>, StackError> {
        loop {
            match self.look(key) {
                Some(Found::Kept(chunk)) => return Ok(chunk),
                Some(Found::InWork(work)) => match waiting(|| work.wait()) {
                    Outcome::Decoded(chunk) => {
                        self.shared.book_hit();
                        return Ok(chunk);
                    }
                    Outcome::Failed(error) => return Err(StackError::Shared(error)),
                    Outcome::Abandoned => {}
                },
                None => {
                    let permit = admit();
                    match self.claim(key) {
                        Claim::Kept(chunk) => return Ok(chunk),
                        Claim::Claimed(claimed) => {
                            let decoded = claimed.decode(decode);
                            drop(permit);
                            return decoded;
                        }
                        Claim::InWork => {}
                    }
                }
            }
        }
    }

    /// As [`get_or_decode`](Self::get_or_decode), but nothing while another thread decodes the chunk.
    pub(crate) fn get_or_decode_unless_in_work<P>(
        &self,
        key: ChunkKey,
        admit: impl FnOnce() -> P,
        decode: impl FnOnce() -> Result<DecodedChunk, StackError>,
    ) -> Result<Option<Arc<DecodedChunk>>, StackError> {
        match self.look(key) {
            Some(Found::Kept(chunk)) => return Ok(Some(chunk)),
            Some(Found::InWork(_)) => return Ok(None),
            None => {}
        }
        let permit = admit();
        let decoded = match self.claim(key) {
            Claim::Kept(chunk) => Ok(Some(chunk)),
            Claim::Claimed(claimed) => claimed.decode(decode).map(Some),
            Claim::InWork => Ok(None),
        };
        drop(permit);
        decoded
    }

    /// A chunk that is kept, or else leave to decode it, unless another thread does.
    pub(crate) fn claim(&self, key: ChunkKey) -> Claim {
        let mut kept = self.shared.kept();
        let found = kept.find(key);
        let begun = if found.is_none() { Some(kept.begin(key)) } else { None };
        drop(kept);
        match (found, begun) {
            (Some(Found::Kept(chunk)), _) => {
                self.shared.book_hit();
                Claim::Kept(chunk)
            }
            (None, Some(work)) => {
                self.shared.n_misses.fetch_add(1, Ordering::Relaxed);
                Claim::Claimed(Claimed::new(self.shared.clone(), key, work))
            }
            _ => Claim::InWork,
        }
    }

    /// What there is of a chunk.
    pub(crate) fn look(&self, key: ChunkKey) -> Option<Found> {
        let found = self.shared.kept().find(key);
        if let Some(Found::Kept(_)) = &found {
            self.shared.book_hit();
        }
        found
    }

    /// The place of the index of a shard, which takes so many bytes; others make room for it.
    pub(crate) fn index(&self, image: u64, shard: u64, n_bytes: u64) -> Arc<IndexSlot> {
        let mut indices = self.shared.indices();
        let before = indices.n_bytes();
        let slot = indices.slot(image, shard, n_bytes, self.budget() / INDEX_SHARE);
        let after = indices.n_bytes();
        if after != before {
            self.shared.kept().set_aside(after, self.budget());
        }
        slot
    }

    /// Takes back the room of an index, in its place, of a shard that is not there.
    pub(crate) fn shrink_index(&self, image: u64, shard: u64, slot: &Arc<IndexSlot>) {
        let mut indices = self.shared.indices();
        indices.shrink(image, shard, slot);
        self.shared.kept().set_aside(indices.n_bytes(), self.budget());
    }

    /// Forgets the indices of the shards of an image.
    pub(crate) fn forget_indices(&self, image: u64) {
        let mut indices = self.shared.indices();
        indices.forget(image);
        self.shared.kept().set_aside(indices.n_bytes(), self.budget());
    }
}

impl fmt::Debug for ChunkCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChunkCache").field("budget", &self.budget()).field("stats", &self.stats()).finish()
    }
}
