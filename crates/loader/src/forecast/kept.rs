//! A cache of chunks that only counts.

use patchweave_memory::Lru;

use super::chunks::ChunkKey;

/// Which chunks a cache would hold, the ones that were not used for the longest time leaving first.
pub(super) struct Kept {
    budget: u64,
    /// Chunks, which weigh their bytes.
    chunks: Lru<ChunkKey, ()>,
    n_decodes: usize,
    n_dropped: usize,
    decoded_bytes: f64,
}

impl Kept {
    pub fn new(budget: u64) -> Self {
        Kept { budget, chunks: Lru::default(), n_decodes: 0, n_dropped: 0, decoded_bytes: 0.0 }
    }

    /// Asks for a chunk of so many bytes.
    pub fn ask(&mut self, key: ChunkKey, bytes: f64) {
        if self.chunks.get(&key).is_some() {
            return;
        }
        self.n_decodes += 1;
        self.decoded_bytes += bytes;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "whole and positive, or more than any budget"
        )]
        let weight = bytes as u64;
        let Some(others) = self.budget.checked_sub(weight) else {
            self.n_dropped += 1;
            return;
        };
        self.n_dropped += self.chunks.shrink_to(others);
        self.chunks.insert(key, (), weight);
    }

    pub fn n_decodes(&self) -> usize {
        self.n_decodes
    }

    /// How many chunks had to make room.
    pub fn n_dropped(&self) -> usize {
        self.n_dropped
    }

    pub fn decoded_bytes(&self) -> f64 {
        self.decoded_bytes
    }
}
