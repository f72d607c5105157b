//! The indices of shards, each of which is read once: where the chunks of a shard lie in its file.

use std::sync::{Arc, Mutex};

use patchweave_stack::Process;

use super::by_image::ByImage;
use super::key::ChunkKey;

/// Offset and length of every chunk of a shard; both are `u64::MAX` for one that has only fill values.
pub(crate) type Index = Vec<[u64; 2]>;

/// The index of a shard: not read yet, of a shard that does not exist, or there. Whoever reads it holds the lock.
pub(crate) type IndexSlot = Mutex<Option<Option<Arc<Index>>>>;

/// What a shard takes beside its index.
const SLOT_BYTES: u64 = 256;

pub(super) struct KeptIndices {
    /// Places, which weigh their bytes.
    slots: ByImage<Arc<IndexSlot>>,
    /// A slot that a thread of another process had locked stays locked in this one.
    process: Process,
}

impl Default for KeptIndices {
    fn default() -> Self {
        KeptIndices { slots: ByImage::default(), process: Process::current() }
    }
}

impl KeptIndices {
    pub fn n_bytes(&self) -> u64 {
        self.slots.weight()
    }

    /// The place of an index, for which those make room that were not used for the longest time; one that is larger than
    /// the budget is kept alone.
    pub fn slot(&mut self, image: u64, shard: u64, n_bytes: u64, budget: u64) -> Arc<IndexSlot> {
        if !self.process.is_current() {
            self.clear();
            self.process = Process::current();
        }
        let key = ChunkKey { image, chunk: shard };
        if let Some(slot) = self.slots.get(&key) {
            return slot.clone();
        }
        let n_bytes = n_bytes.saturating_add(SLOT_BYTES);
        self.slots.shrink_to(budget.saturating_sub(n_bytes));
        let slot = Arc::<IndexSlot>::default();
        self.slots.insert(key, slot.clone(), n_bytes);
        slot
    }

    pub fn forget(&mut self, image: u64) {
        self.slots.forget(image);
    }

    /// Takes back the room of an index that there is none of.
    pub fn shrink(&mut self, image: u64, shard: u64, slot: &Arc<IndexSlot>) {
        let key = ChunkKey { image, chunk: shard };
        if self.slots.peek(&key).is_some_and(|own| Arc::ptr_eq(own, slot)) {
            self.slots.set_weight(&key, SLOT_BYTES);
        }
    }

    pub fn clear(&mut self) {
        self.slots.clear();
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
                    let key = ChunkKey { image, chunk: shard };
                    let own = indices.slots.iter().find(|(own, ..)| **own == key);
                    prop_assert_eq!(own.map(|(_, _, n_bytes)| n_bytes), Some(SLOT_BYTES));
                }
                let n_bytes: u64 = indices.slots.iter().map(|(_, _, n_bytes)| n_bytes).sum();
                prop_assert_eq!(n_bytes, indices.n_bytes());
                prop_assert!(n_bytes <= budget || indices.slots.iter().count() == 1);
            }
            (0..3).for_each(|image| indices.forget(image));
            prop_assert_eq!((indices.n_bytes(), indices.slots.iter().count()), (0, 0));
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
        assert_eq!(indices.slots.iter().count(), 2);
    }
}
