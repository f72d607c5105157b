//! Decoded chunks in memory under a budget; the least recently used ones go first. No files here.

use std::collections::{BTreeMap, BTreeSet};

use crate::tiling::ChunkKey;

/// What a chunk costs besides its values: its places in the lists below.
const SLOT_BYTES: usize = 192;

#[derive(Debug)]
struct Slot {
    values: Vec<f64>,
    last_use: u64,
}

/// Chunks by key; those that differ from the disk are never dropped.
#[derive(Debug)]
pub(crate) struct Resident {
    budget: usize,
    n_bytes: usize,
    clock: u64,
    slots: BTreeMap<ChunkKey, Slot>,
    changed: BTreeSet<ChunkKey>,
    /// Chunks as on disk by their last use.
    unchanged: BTreeMap<u64, ChunkKey>,
}

impl Resident {
    pub(crate) fn new(budget: usize) -> Self {
        Resident {
            budget,
            n_bytes: 0,
            clock: 0,
            slots: BTreeMap::new(),
            changed: BTreeSet::new(),
            unchanged: BTreeMap::new(),
        }
    }

    pub(crate) fn n_bytes(&self) -> usize {
        self.n_bytes
    }

    pub(crate) fn budget(&self) -> usize {
        self.budget
    }

    /// Bytes that a chunk of so many values takes.
    pub(crate) fn cost(n_values: usize) -> usize {
        n_values * size_of::<f64>() + SLOT_BYTES
    }

    pub(crate) fn get(&self, key: &ChunkKey) -> Option<&[f64]> {
        self.slots.get(key).map(|slot| slot.values.as_slice())
    }

    /// Makes a chunk the most recently used one; `false` if it is not there.
    pub(crate) fn touch(&mut self, key: &ChunkKey) -> bool {
        self.clock += 1;
        let Some(slot) = self.slots.get_mut(key) else { return false };
        if self.unchanged.remove(&slot.last_use).is_some() {
            self.unchanged.insert(self.clock, *key);
        }
        slot.last_use = self.clock;
        true
    }

    /// Drops chunks that are as on disk, oldest first, until `n_bytes` more fit; spares those that were
    /// touched after `since`. Whether they fit.
    pub(crate) fn make_room(&mut self, n_bytes: usize, since: u64) -> bool {
        while self.n_bytes.saturating_add(n_bytes) > self.budget {
            let Some(oldest) = self.unchanged.first_entry().filter(|oldest| *oldest.key() <= since) else {
                return false;
            };
            let key = oldest.remove();
            if let Some(slot) = self.slots.remove(&key) {
                self.n_bytes -= Self::cost(slot.values.len());
            }
        }
        true
    }

    /// The present, to be given to [`make_room`](Self::make_room).
    pub(crate) fn now(&self) -> u64 {
        self.clock
    }

    /// Adds a chunk as it is on disk.
    pub(crate) fn insert(&mut self, key: ChunkKey, values: Vec<f64>) {
        self.clock += 1;
        self.n_bytes += Self::cost(values.len());
        self.unchanged.insert(self.clock, key);
        self.slots.insert(key, Slot { values, last_use: self.clock });
    }

    /// Takes the values of a chunk in order to change them; they must come back by [`put`](Self::put).
    pub(crate) fn take(&mut self, key: &ChunkKey) -> Vec<f64> {
        let Some(slot) = self.slots.get_mut(key) else { return Vec::new() };
        self.unchanged.remove(&slot.last_use);
        self.changed.insert(*key);
        std::mem::take(&mut slot.values)
    }

    pub(crate) fn put(&mut self, key: &ChunkKey, values: Vec<f64>) {
        if let Some(slot) = self.slots.get_mut(key) {
            slot.values = values;
        }
    }

    /// Chunks that differ from the disk, in order.
    pub(crate) fn changed(&self) -> Vec<ChunkKey> {
        self.changed.iter().copied().collect()
    }

    /// Everything is as on disk now.
    pub(crate) fn all_saved(&mut self) {
        for key in std::mem::take(&mut self.changed) {
            if let Some(slot) = self.slots.get(&key) {
                self.unchanged.insert(slot.last_use, key);
            }
        }
    }

    pub(crate) fn clear(&mut self) {
        *self = Resident { clock: self.clock, ..Resident::new(self.budget) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::ArrayName;
    use proptest::prelude::*;

    fn key(x: usize) -> ChunkKey {
        ChunkKey::new(ArrayName::MeanCache, 0, [0, 0, x])
    }

    proptest! {
        /// Against the plain rule, written with a list in order of use.
        #[test]
        fn the_oldest_saved_chunks_go_first(
            steps in prop::collection::vec((0_usize..9, any::<bool>(), 0_usize..8), 1..60),
            n_fit in 1_usize..6,
        ) {
            let mut resident = Resident::new(n_fit * Resident::cost(2));
            let mut expected: Vec<(usize, bool)> = Vec::new();
            for (x, is_change, save) in steps {
                let since = resident.now();
                if resident.touch(&key(x)) {
                    let at = expected.iter().position(|chunk| chunk.0 == x).unwrap();
                    let chunk = expected.remove(at);
                    expected.push(chunk);
                } else {
                    let fits = resident.make_room(Resident::cost(2), since);
                    while expected.len() >= n_fit {
                        let Some(oldest) = expected.iter().position(|chunk| !chunk.1) else { break };
                        expected.remove(oldest);
                    }
                    prop_assert_eq!(fits, expected.len() < n_fit);
                    resident.insert(key(x), vec![x as f64; 2]);
                    expected.push((x, false));
                }
                if is_change {
                    let values = resident.take(&key(x));
                    resident.put(&key(x), values);
                    expected.last_mut().unwrap().1 = true;
                }
                if save == 0 {
                    resident.all_saved();
                    expected.iter_mut().for_each(|chunk| chunk.1 = false);
                }
                let mut changed: Vec<_> = expected.iter().filter(|chunk| chunk.1).map(|chunk| key(chunk.0)).collect();
                changed.sort();
                prop_assert_eq!(resident.changed(), changed);
                prop_assert!((0..9).all(|x| resident.get(&key(x)).is_some() == expected.iter().any(|c| c.0 == x)));
                prop_assert_eq!(resident.n_bytes(), expected.len() * Resident::cost(2));
            }
        }
    }
}
