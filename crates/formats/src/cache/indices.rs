//! The indices of shards, each of which is read once: where the chunks of a shard lie in its file.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use patchweave_stack::Process;

/// Offset and length of every chunk of a shard; both are `u64::MAX` for one that has only fill values.
pub(crate) type Index = Vec<[u64; 2]>;

/// The index of a shard: not read yet, of a shard that does not exist, or there. Whoever reads it holds the lock.
pub(crate) type IndexSlot = Mutex<Option<Option<Arc<Index>>>>;

/// An image and the number of a shard of it.
type ShardKey = (u64, u64);

/// What a shard takes beside its index.
const SLOT_BYTES: u64 = 256;

pub(super) struct KeptIndices {
    slots: BTreeMap<ShardKey, Entry>,
    by_use: BTreeMap<u64, ShardKey>,
    n_uses: u64,
    n_bytes: u64,
    /// A slot that a thread of another process had locked stays locked in this one.
    process: Process,
}

struct Entry {
    slot: Arc<IndexSlot>,
    n_bytes: u64,
    last_use: u64,
}

impl Default for KeptIndices {
    fn default() -> Self {
        KeptIndices {
            slots: BTreeMap::new(),
            by_use: BTreeMap::new(),
            n_uses: 0,
            n_bytes: 0,
            process: Process::current(),
        }
    }
}

impl KeptIndices {
    pub fn n_bytes(&self) -> u64 {
        self.n_bytes
    }

    /// The place of an index, for which those make room that were not used for the longest time; one that is larger than
    /// the budget is kept alone.
    pub fn slot(&mut self, image: u64, shard: u64, n_bytes: u64, budget: u64) -> Arc<IndexSlot> {
        if !self.process.is_current() {
            self.clear();
            self.process = Process::current();
        }
        self.n_uses += 1;
        let (key, last_use) = ((image, shard), self.n_uses);
        if let Some(entry) = self.slots.get_mut(&key) {
            self.by_use.remove(&entry.last_use);
            entry.last_use = last_use;
            self.by_use.insert(last_use, key);
            return entry.slot.clone();
        }
        let n_bytes = n_bytes.saturating_add(SLOT_BYTES);
        while self.n_bytes.saturating_add(n_bytes) > budget
            && let Some((_, oldest)) = self.by_use.pop_first()
        {
            self.remove(&oldest);
        }
        let slot = Arc::<IndexSlot>::default();
        self.n_bytes = self.n_bytes.saturating_add(n_bytes);
        self.by_use.insert(last_use, key);
        self.slots.insert(key, Entry { slot: slot.clone(), n_bytes, last_use });
        slot
    }

    fn remove(&mut self, key: &ShardKey) {
        if let Some(entry) = self.slots.remove(key) {
            self.by_use.remove(&entry.last_use);
            self.n_bytes = self.n_bytes.saturating_sub(entry.n_bytes);
        }
    }

    pub fn forget(&mut self, image: u64) {
        let all = (image, 0)..=(image, u64::MAX);
        let keys: Vec<ShardKey> = self.slots.range(all).map(|(key, _)| *key).collect();
        keys.iter().for_each(|key| self.remove(key));
    }

    /// Takes back the room of an index that there is none of.
    pub fn shrink(&mut self, image: u64, shard: u64, slot: &Arc<IndexSlot>) {
        let entry = self.slots.get_mut(&(image, shard)).filter(|entry| Arc::ptr_eq(&entry.slot, slot));
        if let Some(entry) = entry {
            let unused = entry.n_bytes.saturating_sub(SLOT_BYTES);
            entry.n_bytes -= unused;
            self.n_bytes = self.n_bytes.saturating_sub(unused);
        }
    }

    pub fn clear(&mut self) {
        self.slots.clear();
        self.by_use.clear();
        self.n_bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_budget_holds_but_for_one(
            budget in 0_u64..1500,
            steps in prop::collection::vec((0_u64..3, 0_u64..4, any::<bool>()), 1..60),
        ) {
            let mut indices = KeptIndices::default();
            for (image, shard, is_there) in steps {
                let n_bytes = 100 * image;
                let slot = indices.slot(image, shard, n_bytes, budget);
                prop_assert!(Arc::ptr_eq(&slot, &indices.slot(image, shard, n_bytes, budget)), "it is kept");
                let before = indices.n_bytes();
                if !is_there {
                    indices.shrink(image, shard, &Arc::default());
                    prop_assert_eq!(indices.n_bytes(), before, "another one");
                    indices.shrink(image, shard, &slot);
                    prop_assert_eq!(indices.slots[&(image, shard)].n_bytes, SLOT_BYTES);
                }
                let n_bytes: u64 = indices.slots.values().map(|entry| entry.n_bytes).sum();
                prop_assert_eq!(n_bytes, indices.n_bytes());
                prop_assert!(n_bytes <= budget || indices.slots.len() == 1);
                prop_assert_eq!(indices.by_use.len(), indices.slots.len());
            }
            (0..3).for_each(|image| indices.forget(image));
            prop_assert_eq!((indices.n_bytes(), indices.by_use.len()), (0, 0));
        }
    }

    #[test]
    fn what_was_used_last_stays() {
        let mut indices = KeptIndices::default();
        let budget = 2 * SLOT_BYTES;
        let first = indices.slot(0, 0, 0, budget);
        indices.slot(0, 1, 0, budget);
        indices.slot(0, 0, 0, budget);
        indices.slot(0, 2, 0, budget);
        assert!(Arc::ptr_eq(&first, &indices.slot(0, 0, 0, budget)), "1 was used before 0");
        assert_eq!(indices.slots.len(), 2);
    }
}
