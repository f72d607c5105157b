//! Decoded strips and tiles kept for the next patch, within a budget of bytes.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A page and one of its chunks.
pub(super) type ChunkKey = (usize, u32);

/// Chunks of one file, those that were not used for the longest time leaving first.
///
/// Readers share a chunk and copy from it without holding the lock. Two readers that miss the same chunk
/// both decode it.
pub(super) struct ChunkCache<V> {
    budget: u64,
    kept: Mutex<Kept<V>>,
}

struct Kept<V> {
    chunks: HashMap<ChunkKey, Entry<V>>,
    /// The chunks by their last use.
    by_use: BTreeMap<u64, ChunkKey>,
    n_uses: u64,
    n_bytes: u64,
}

struct Entry<V> {
    chunk: Arc<V>,
    n_bytes: u64,
    last_use: u64,
}

impl<V> ChunkCache<V> {
    /// A cache that never holds more than `budget` bytes.
    pub fn new(budget: u64) -> Self {
        let kept = Kept { chunks: HashMap::new(), by_use: BTreeMap::new(), n_uses: 0, n_bytes: 0 };
        ChunkCache { budget, kept: Mutex::new(kept) }
    }

    pub fn get(&self, key: ChunkKey) -> Option<Arc<V>> {
        let mut kept = self.kept();
        let Kept { chunks, by_use, n_uses, .. } = &mut *kept;
        let entry = chunks.get_mut(&key)?;
        by_use.remove(&entry.last_use);
        *n_uses += 1;
        entry.last_use = *n_uses;
        by_use.insert(*n_uses, key);
        Some(entry.chunk.clone())
    }

    /// Keeps a chunk of `n_bytes`; one that is larger than the budget is not kept.
    pub fn insert(&self, key: ChunkKey, chunk: Arc<V>, n_bytes: u64) {
        if n_bytes > self.budget {
            return;
        }
        let mut kept = self.kept();
        kept.remove(key);
        while kept.n_bytes > self.budget - n_bytes
            && let Some((_, oldest)) = kept.by_use.pop_first()
        {
            kept.remove(oldest);
        }
        kept.n_uses += 1;
        let last_use = kept.n_uses;
        kept.n_bytes += n_bytes;
        kept.by_use.insert(last_use, key);
        kept.chunks.insert(key, Entry { chunk, n_bytes, last_use });
    }

    fn kept(&self) -> MutexGuard<'_, Kept<V>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<V> Kept<V> {
    fn remove(&mut self, key: ChunkKey) {
        if let Some(entry) = self.chunks.remove(&key) {
            self.by_use.remove(&entry.last_use);
            self.n_bytes -= entry.n_bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cached(cache: &ChunkCache<&'static str>, key: ChunkKey) -> Option<&'static str> {
        cache.get(key).map(|chunk| *chunk)
    }

    #[test]
    fn chunks_come_back_until_there_is_no_room() {
        let cache = ChunkCache::new(10);
        assert_eq!(cached(&cache, (0, 0)), None);
        cache.insert((0, 0), Arc::new("first"), 4);
        cache.insert((0, 1), Arc::new("second"), 4);
        assert_eq!(cached(&cache, (0, 0)), Some("first"));
        cache.insert((1, 0), Arc::new("third"), 5);
        assert_eq!(cached(&cache, (0, 1)), None, "was used least recently");
        assert_eq!(cached(&cache, (0, 0)), Some("first"));
        assert_eq!(cached(&cache, (1, 0)), Some("third"));
        cache.insert((2, 0), Arc::new("too large"), 11);
        assert_eq!(cached(&cache, (2, 0)), None);
        assert_eq!(cached(&cache, (1, 0)), Some("third"), "nothing leaves for what cannot be kept");
    }

    proptest! {
        #[test]
        fn the_budget_holds(
            budget in 0_u64..40,
            steps in prop::collection::vec((any::<bool>(), 0_usize..3, 0_u32..4, 1_u64..30), 0..60),
        ) {
            let cache = ChunkCache::new(budget);
            for (is_read, page, chunk, n_bytes) in steps {
                let key = (page, chunk);
                if is_read {
                    cache.get(key);
                } else {
                    cache.insert(key, Arc::new(n_bytes), n_bytes);
                    if n_bytes <= budget {
                        prop_assert_eq!(cache.get(key), Some(Arc::new(n_bytes)));
                    }
                }
                let kept = cache.kept();
                let n_bytes: u64 = kept.chunks.values().map(|entry| *entry.chunk).sum();
                prop_assert_eq!(n_bytes, kept.n_bytes);
                prop_assert!(n_bytes <= budget);
                prop_assert_eq!(kept.by_use.len(), kept.chunks.len());
            }
        }
    }
}
