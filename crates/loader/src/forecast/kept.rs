//! A cache of chunks that only counts.

use std::collections::{BTreeMap, HashMap};

use super::chunks::ChunkKey;

/// Which chunks a cache would hold, the ones that were not used for the longest time leaving first.
pub(super) struct Kept {
    budget: f64,
    n_bytes: f64,
    /// The last use and the bytes of every chunk.
    chunks: HashMap<ChunkKey, (u64, f64)>,
    by_use: BTreeMap<u64, ChunkKey>,
    n_uses: u64,
    n_decodes: usize,
    n_dropped: usize,
    decoded_bytes: f64,
}

impl Kept {
    pub fn new(budget: u64) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a forecast need not be exact")]
        let budget = budget as f64;
        Kept {
            budget,
            n_bytes: 0.0,
            chunks: HashMap::new(),
            by_use: BTreeMap::new(),
            n_uses: 0,
            n_decodes: 0,
            n_dropped: 0,
            decoded_bytes: 0.0,
        }
    }

    /// Asks for a chunk of so many bytes.
    pub fn ask(&mut self, key: ChunkKey, bytes: f64) {
        self.n_uses += 1;
        if let Some((last_use, _)) = self.chunks.get_mut(&key) {
            self.by_use.remove(last_use);
            *last_use = self.n_uses;
            self.by_use.insert(self.n_uses, key);
            return;
        }
        self.n_decodes += 1;
        self.decoded_bytes += bytes;
        if bytes > self.budget {
            self.n_dropped += 1;
            return;
        }
        while self.n_bytes > self.budget - bytes
            && let Some((_, oldest)) = self.by_use.pop_first()
        {
            self.n_dropped += 1;
            self.n_bytes -= self.chunks.remove(&oldest).map_or(0.0, |(_, bytes)| bytes);
        }
        self.n_bytes += bytes;
        self.chunks.insert(key, (self.n_uses, bytes));
        self.by_use.insert(self.n_uses, key);
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
