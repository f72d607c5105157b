//! Decoded chunks kept for the next patch, within a budget of bytes that many images share.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::StackError;
use crate::chunk::DecodedChunk;
use crate::read_cost::{decoding, has_decoded, has_hit, waiting};

/// Decoded chunks of any number of images, those that were not used for the longest time leaving first.
///
/// Clones share their chunks and their budget. Readers copy from a chunk without holding a lock, and a chunk that
/// many threads ask for at once is decoded by one of them while the others wait for it.
///
/// ```
/// use patchweave_stack::{ChunkCache, OpenOptions};
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
    /// Bytes that are kept now, with what it takes to find them.
    pub kept_bytes: u64,
}

/// An image of a cache and the number of one of its chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ChunkKey {
    pub image: u64,
    pub chunk: u64,
}

/// What an entry takes beside its pixels, about; missing chunks have hardly any.
const ENTRY_BYTES: u64 = 256;

struct Shared {
    budget: u64,
    kept: Mutex<Kept>,
    n_hits: AtomicU64,
    n_misses: AtomicU64,
    n_decodes: AtomicU64,
    decoded_bytes: AtomicU64,
}

#[derive(Default)]
struct Kept {
    /// Sorted by image, so that one can be forgotten.
    chunks: BTreeMap<ChunkKey, Entry>,
    /// The chunks by their last use.
    by_use: BTreeMap<u64, ChunkKey>,
    n_uses: u64,
    n_bytes: u64,
    /// Chunks that a thread is decoding.
    in_work: HashMap<ChunkKey, Arc<Work>>,
}

struct Entry {
    chunk: Arc<DecodedChunk>,
    n_bytes: u64,
    last_use: u64,
}

/// A chunk that one thread decodes and others may wait for.
#[derive(Default)]
struct Work {
    outcome: Mutex<Option<Outcome>>,
    is_done: Condvar,
}

#[derive(Clone)]
enum Outcome {
    Decoded(Arc<DecodedChunk>),
    Failed(Arc<StackError>),
    /// The thread panicked; whoever waits tries for itself.
    Abandoned,
}

/// What a request finds.
enum Found {
    Kept(Arc<DecodedChunk>),
    InWork(Arc<Work>),
    Nothing(Arc<Work>),
}

impl ChunkCache {
    /// A cache that never holds more than `budget` bytes, about 256 of them beside the pixels of each chunk; with 0 it holds nothing, but chunks that are asked for
    /// at the same time are still decoded once.
    #[must_use]
    pub fn new(budget: u64) -> Self {
        let counter = AtomicU64::default;
        ChunkCache {
            shared: Arc::new(Shared {
                budget,
                kept: Mutex::default(),
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
            kept_bytes: shared.kept().n_bytes,
        }
    }

    /// Forgets all chunks; what was asked for stays counted.
    pub fn clear(&self) {
        let mut kept = self.shared.kept();
        kept.chunks.clear();
        kept.by_use.clear();
        kept.n_bytes = 0;
    }

    /// A number that no other image has.
    pub(crate) fn new_image() -> u64 {
        static N_IMAGES: AtomicU64 = AtomicU64::new(0);
        N_IMAGES.fetch_add(1, Ordering::Relaxed)
    }

    /// Forgets the chunks of an image.
    pub(crate) fn forget(&self, image: u64) {
        let mut kept = self.shared.kept();
        let all = ChunkKey { image, chunk: 0 }..=ChunkKey { image, chunk: u64::MAX };
        let keys: Vec<ChunkKey> = kept.chunks.range(all).map(|(key, _)| *key).collect();
        keys.into_iter().for_each(|key| kept.remove(key));
    }

    /// A chunk that is kept, or else the one that `decode` makes.
    ///
    /// Where several threads ask at once, the `decode` of one of them runs, and all get its chunk or its error.
    pub(crate) fn get_or_decode(
        &self,
        key: ChunkKey,
        decode: impl FnOnce() -> Result<DecodedChunk, StackError>,
    ) -> Result<Arc<DecodedChunk>, StackError> {
        let shared = &self.shared;
        let work = loop {
            let work = match shared.find(key) {
                Found::Kept(chunk) => return Ok(chunk),
                Found::Nothing(work) => break work,
                Found::InWork(work) => work,
            };
            match waiting(|| work.wait()) {
                Outcome::Decoded(chunk) => {
                    shared.book_hit();
                    return Ok(chunk);
                }
                Outcome::Failed(error) => return Err(StackError::Shared(error)),
                Outcome::Abandoned => {}
            }
        };
        shared.decode(key, work, decode)
    }

    /// As [`get_or_decode`](Self::get_or_decode), but nothing while another thread decodes the chunk.
    pub(crate) fn get_or_decode_unless_in_work(
        &self,
        key: ChunkKey,
        decode: impl FnOnce() -> Result<DecodedChunk, StackError>,
    ) -> Result<Option<Arc<DecodedChunk>>, StackError> {
        match self.shared.find(key) {
            Found::Kept(chunk) => Ok(Some(chunk)),
            Found::Nothing(work) => self.shared.decode(key, work, decode).map(Some),
            Found::InWork(_) => Ok(None),
        }
    }
}

impl fmt::Debug for ChunkCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChunkCache").field("budget", &self.budget()).field("stats", &self.stats()).finish()
    }
}

impl Shared {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, key: ChunkKey) -> Found {
        let found = self.kept().find(key);
        match &found {
            Found::Kept(_) => self.book_hit(),
            Found::Nothing(_) => drop(self.n_misses.fetch_add(1, Ordering::Relaxed)),
            Found::InWork(_) => {}
        }
        found
    }

    fn book_hit(&self) {
        self.n_hits.fetch_add(1, Ordering::Relaxed);
        has_hit();
    }

    /// Decodes a chunk that this thread has taken over, and tells those who wait.
    fn decode(
        &self,
        key: ChunkKey,
        work: Arc<Work>,
        decode: impl FnOnce() -> Result<DecodedChunk, StackError>,
    ) -> Result<Arc<DecodedChunk>, StackError> {
        let worker = Worker { shared: self, key, work: &work };
        match decoding(decode) {
            Ok(chunk) => {
                let (n_bytes, chunk) = (chunk.n_bytes() as u64, Arc::new(chunk));
                self.n_decodes.fetch_add(1, Ordering::Relaxed);
                self.decoded_bytes.fetch_add(n_bytes, Ordering::Relaxed);
                has_decoded(n_bytes);
                self.kept().insert(key, chunk.clone(), n_bytes.saturating_add(ENTRY_BYTES), self.budget);
                worker.end(Outcome::Decoded(chunk.clone()));
                Ok(chunk)
            }
            Err(error) => {
                let error = Arc::new(error);
                worker.end(Outcome::Failed(error.clone()));
                // Where nobody waited, the error is handed on as it came.
                drop(work);
                Err(Arc::try_unwrap(error).unwrap_or_else(StackError::Shared))
            }
        }
    }
}

/// The thread that decodes a chunk; dropped without an end, it has panicked.
struct Worker<'a> {
    shared: &'a Shared,
    key: ChunkKey,
    work: &'a Work,
}

impl Worker<'_> {
    fn end(self, outcome: Outcome) {
        self.work.outcome().get_or_insert(outcome);
    }
}

impl Drop for Worker<'_> {
    fn drop(&mut self) {
        self.shared.kept().in_work.remove(&self.key);
        self.work.outcome().get_or_insert(Outcome::Abandoned);
        self.work.is_done.notify_all();
    }
}

impl Work {
    fn outcome(&self) -> MutexGuard<'_, Option<Outcome>> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(&self) -> Outcome {
        let mut outcome = self.outcome();
        loop {
            if let Some(outcome) = &*outcome {
                return outcome.clone();
            }
            outcome = self.is_done.wait(outcome).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Kept {
    fn find(&mut self, key: ChunkKey) -> Found {
        let Kept { chunks, by_use, n_uses, in_work, .. } = self;
        if let Some(entry) = chunks.get_mut(&key) {
            by_use.remove(&entry.last_use);
            *n_uses += 1;
            entry.last_use = *n_uses;
            by_use.insert(*n_uses, key);
            return Found::Kept(entry.chunk.clone());
        }
        if let Some(work) = in_work.get(&key) {
            return Found::InWork(work.clone());
        }
        let work = Arc::<Work>::default();
        in_work.insert(key, work.clone());
        Found::Nothing(work)
    }

    /// Keeps a chunk; one that is larger than the budget is not kept.
    fn insert(&mut self, key: ChunkKey, chunk: Arc<DecodedChunk>, n_bytes: u64, budget: u64) {
        if n_bytes > budget {
            return;
        }
        self.remove(key);
        while self.n_bytes > budget - n_bytes
            && let Some((_, oldest)) = self.by_use.pop_first()
        {
            self.remove(oldest);
        }
        self.n_uses += 1;
        let last_use = self.n_uses;
        self.n_bytes += n_bytes;
        self.by_use.insert(last_use, key);
        self.chunks.insert(key, Entry { chunk, n_bytes, last_use });
    }

    fn remove(&mut self, key: ChunkKey) {
        if let Some(entry) = self.chunks.remove(&key) {
            self.by_use.remove(&entry.last_use);
            self.n_bytes -= entry.n_bytes;
        }
    }
}
