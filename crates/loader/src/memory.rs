//! Batch memory that several threads fill at once, each its own slot.
//!
//! The memory of a batch is cut into disjoint slots once; whoever finishes the last slot gets the memory
//! back whole. The unsafe code of this crate is here and rests on one fact: slots never overlap.

use std::sync::{Arc, Mutex, PoisonError};

/// Memory that is not in use.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    idle: Mutex<Vec<Vec<f32>>>,
}

impl Pool {
    /// Memory of `len` values, which hold whatever was in them before.
    pub fn take(&self, len: usize) -> Vec<f32> {
        if len == 0 {
            return Vec::new();
        }
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        match idle.iter().position(|values| values.len() == len) {
            Some(at) => idle.swap_remove(at),
            None => {
                // Memory of another size makes way, so that idle memory never exceeds what was in flight.
                idle.pop();
                vec![0.0; len]
            }
        }
    }

    /// Takes memory back for the next batch.
    pub fn give(&self, values: Vec<f32>) {
        if !values.is_empty() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(values);
        }
    }
}

/// The memory of a batch's inputs and targets; there may be no targets.
#[derive(Debug)]
pub(crate) struct BatchMemory {
    pub inputs: Vec<f32>,
    pub targets: Vec<f32>,
}

impl BatchMemory {
    /// Cuts the memory into `n` slots; the values that do not divide evenly are in no slot.
    pub fn into_slots(self, n: usize) -> Vec<Slot> {
        let mut memory = self;
        let share = |values: &Vec<f32>| values.len().checked_div(n).unwrap_or(0);
        let (input_len, target_len) = (share(&memory.inputs), share(&memory.targets));
        let (inputs, targets) = (memory.inputs.as_mut_ptr(), memory.targets.as_mut_ptr());
        let whole = Arc::new(Whole { memory, inputs, targets });
        (0..n).map(|place| Slot { whole: Arc::clone(&whole), place, input_len, target_len }).collect()
    }
}

/// Memory that is cut into slots: reached only through the pointers while slots exist.
struct Whole {
    memory: BatchMemory,
    inputs: *mut f32,
    targets: *mut f32,
}

// SAFETY: the pointers point into heap memory that `memory` owns, which does not move with the struct. It is
// read and written only through `Slot`s, whose ranges are disjoint, so threads never share a value.
#[expect(unsafe_code, reason = "raw pointers are not Send by themselves")]
unsafe impl Send for Whole {}
// SAFETY: as for `Send`; a shared `Whole` gives no access to values, only a `&mut Slot` does.
#[expect(unsafe_code, reason = "raw pointers are not Sync by themselves")]
unsafe impl Sync for Whole {}

/// The exclusive place of one sample in a batch.
pub(crate) struct Slot {
    whole: Arc<Whole>,
    place: usize,
    input_len: usize,
    target_len: usize,
}

impl Slot {
    /// The values of the sample's input and of its target.
    pub fn values_mut(&mut self) -> (&mut [f32], &mut [f32]) {
        // SAFETY: `into_slots` made `n` slots of `len / n` values, so `(place + 1) * input_len` is at most
        // the length of the inputs, and likewise for targets. No two slots have the same place, `&mut self`
        // excludes a second reference through this slot, and the memory outlives the references in the
        // `Arc`; its owner is not touched before `finish` holds the only reference.
        #[expect(unsafe_code, reason = "disjoint parts of one allocation, filled by several threads")]
        unsafe {
            let input = self.whole.inputs.add(self.place * self.input_len);
            let target = self.whole.targets.add(self.place * self.target_len);
            (
                std::slice::from_raw_parts_mut(input, self.input_len),
                std::slice::from_raw_parts_mut(target, self.target_len),
            )
        }
    }

    /// Gives the slot up; the last one returns the whole memory.
    pub fn finish(self) -> Option<BatchMemory> {
        Arc::into_inner(self.whole).map(|whole| whole.memory)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_filled_by_threads_and_come_back_whole() {
        let memory = BatchMemory { inputs: vec![9.0; 8], targets: vec![9.0; 4] };
        let threads: Vec<_> = (0_u8..)
            .zip(memory.into_slots(4))
            .map(|(place, mut slot)| {
                std::thread::spawn(move || {
                    let (input, target) = slot.values_mut();
                    input.fill(f32::from(place));
                    target.fill(-f32::from(place));
                    slot.finish()
                })
            })
            .collect();
        let whole: Vec<_> = threads.into_iter().filter_map(|thread| thread.join().unwrap()).collect();
        let [memory] = whole.as_slice() else { panic!("exactly one slot is the last") };
        assert_eq!(memory.inputs, [0.0, 0.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0]);
        assert_eq!(memory.targets, [-0.0, -1.0, -2.0, -3.0]);
    }

    #[test]
    fn there_may_be_no_targets_and_no_slots() {
        let memory = BatchMemory { inputs: vec![0.0; 3], targets: Vec::new() };
        let mut slots = memory.into_slots(3);
        assert_eq!(slots[2].values_mut().1, [0.0_f32; 0]);
        assert!(BatchMemory { inputs: Vec::new(), targets: Vec::new() }.into_slots(0).is_empty());
    }

    #[test]
    fn memory_is_used_again() {
        let pool = Pool::default();
        let values = pool.take(6);
        let place = values.as_ptr();
        pool.give(values);
        assert!(pool.take(0).is_empty());
        let again = pool.take(6);
        assert_eq!(again.as_ptr(), place);
    }
}
