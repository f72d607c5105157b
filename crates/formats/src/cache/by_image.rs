//! What is kept of images, all of which leaves with its image.

use std::collections::{BTreeSet, HashMap};

use patchweave_memory::Lru;

use super::key::ChunkKey;

/// An [`Lru`] whose entries belong to images.
///
/// To forget an image takes time for its own entries only, however many there are of other images.
pub(super) struct ByImage<V> {
    entries: Lru<ChunkKey, V>,
    /// The entries of each image that has some.
    chunks: HashMap<u64, BTreeSet<u64>>,
}

impl<V> Default for ByImage<V> {
    fn default() -> Self {
        ByImage { entries: Lru::default(), chunks: HashMap::new() }
    }
}

impl<V> ByImage<V> {
    pub fn weight(&self) -> u64 {
        self.entries.weight()
    }

    /// The value of a key, whose entry is used now.
    pub fn get(&mut self, key: &ChunkKey) -> Option<&mut V> {
        self.entries.get(key)
    }

    /// The value of a key, which does not count as a use.
    pub fn peek(&self, key: &ChunkKey) -> Option<&V> {
        self.entries.peek(key)
    }

    /// Adds an entry, or replaces it.
    pub fn insert(&mut self, key: ChunkKey, value: V, weight: u64) {
        self.chunks.entry(key.image).or_default().insert(key.chunk);
        self.entries.insert(key, value, weight);
    }

    pub fn remove(&mut self, key: &ChunkKey) {
        if self.entries.remove(key).is_some() {
            self.leave(key);
        }
    }

    pub fn set_weight(&mut self, key: &ChunkKey, weight: u64) {
        self.entries.set_weight(key, weight);
    }

    /// Drops the least recently used entries until the others weigh at most `weight`.
    pub fn shrink_to(&mut self, weight: u64) {
        while self.entries.weight() > weight
            && let Some((key, _)) = self.entries.pop_oldest()
        {
            self.leave(&key);
        }
    }

    /// Drops the entries of an image.
    pub fn forget(&mut self, image: u64) {
        for chunk in self.chunks.remove(&image).unwrap_or_default() {
            self.entries.remove(&ChunkKey { image, chunk });
        }
    }

    pub fn clear(&mut self) {
        *self = ByImage::default();
    }

    fn leave(&mut self, key: &ChunkKey) {
        if let Some(chunks) = self.chunks.get_mut(&key.image) {
            chunks.remove(&key.chunk);
            if chunks.is_empty() {
                self.chunks.remove(&key.image);
            }
        }
    }

    /// Keys, values and weights, the least recently used entry first.
    #[cfg(test)]
    pub fn iter(&self) -> impl Iterator<Item = (&ChunkKey, &V, u64)> {
        self.entries.iter()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever leaves: an image has the entries that are there, and forgetting it drops just those.
        #[test]
        fn images_know_their_entries(
            steps in prop::collection::vec((0_u8..8, 0_u64..3, 0_u64..5, 0_u64..9), 1..120),
        ) {
            let mut kept = ByImage::default();
            for (step, image, chunk, weight) in steps {
                let key = ChunkKey { image, chunk };
                match step {
                    0 => kept.remove(&key),
                    1 => kept.shrink_to(weight),
                    2 => {
                        let others = kept.iter().filter(|(key, ..)| key.image != image);
                        let others: Vec<_> = others.map(|(key, ..)| *key).collect();
                        kept.forget(image);
                        prop_assert_eq!(kept.iter().map(|(key, ..)| *key).collect::<Vec<_>>(), others);
                    }
                    _ => kept.insert(key, (), weight),
                }
                let there: BTreeSet<_> = kept.iter().map(|(key, ..)| (key.image, key.chunk)).collect();
                let known = kept.chunks.iter();
                let known: BTreeSet<_> =
                    known.flat_map(|(image, chunks)| chunks.iter().map(|chunk| (*image, *chunk))).collect();
                prop_assert_eq!(there, known);
                prop_assert!(kept.chunks.values().all(|chunks| !chunks.is_empty()));
            }
        }
    }
}
