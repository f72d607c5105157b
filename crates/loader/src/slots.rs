//! Batch memory that several threads fill at once, each its own slot.
//!
//! The memory of a batch is cut into disjoint slots once; whoever finishes the last slot gets the memory
//! back whole. The unsafe code of this crate is here and rests on one fact: slots never overlap.

use std::ops::Range;
use std::ptr::NonNull;
use std::sync::Arc;

use patchweave_memory::Buffer;

/// The memory of a batch's inputs and targets; there may be no targets.
#[derive(Debug)]
pub(crate) struct BatchMemory {
    pub inputs: Buffer<f32>,
    pub targets: Buffer<f32>,
}

impl BatchMemory {
    /// Bytes that slots share besides the values.
    pub const SHARED_BYTES: usize = size_of::<BatchMemory>();

    /// Cuts the memory into `n` slots; the values that do not divide evenly are in no slot.
    pub fn into_slots(self, n: usize) -> Slots {
        let mut memory = Arc::new(self);
        // The pointers are taken where the memory stays until it is whole again; nobody else has it yet.
        let parts = Arc::get_mut(&mut memory).map(|memory| {
            [&mut memory.inputs, &mut memory.targets].map(|values| {
                // One slice for both: a `Block` that breaks its contract gives other bytes each time it is asked.
                let values: &mut [f32] = values;
                Part { len: values.len().checked_div(n).unwrap_or(0), start: values.as_mut_ptr() }
            })
        });
        let [inputs, targets] = parts.unwrap_or([Part::NOTHING; 2]);
        Slots { memory, places: 0..n, inputs, targets }
    }

    /// Moves the values of the samples that are kept to the front and forgets the others.
    pub fn keep(&mut self, is_kept: &[bool]) {
        for values in [&mut self.inputs, &mut self.targets] {
            let len = values.len().checked_div(is_kept.len()).unwrap_or(0);
            let mut n_kept = 0;
            for (place, _) in is_kept.iter().enumerate().filter(|(_, is_kept)| **is_kept) {
                if place != n_kept {
                    values.copy_within(place * len..(place + 1) * len, n_kept * len);
                }
                n_kept += 1;
            }
            values.truncate(n_kept * len);
        }
    }
}

/// The values of one role: where those of the first place start, and how many a place has.
#[derive(Clone, Copy)]
struct Part {
    start: *mut f32,
    len: usize,
}

impl Part {
    const NOTHING: Part = Part { start: NonNull::dangling().as_ptr(), len: 0 };
}

/// The exclusive places of some samples in a batch; its memory is reached only through the pointers while `Slots` exist.
pub(crate) struct Slots {
    memory: Arc<BatchMemory>,
    places: Range<usize>,
    inputs: Part,
    targets: Part,
}

// SAFETY: the pointers point into memory that `memory` owns and that stays where it is: no method of its blocks is called
// while `Slots` exist. It is read and written only through `Slots`, whose places are disjoint, so threads never share a
// value.
#[expect(unsafe_code, reason = "raw pointers are not Send by themselves")]
unsafe impl Send for Slots {}

impl Slots {
    /// The places in the batch.
    pub fn places(&self) -> Range<usize> {
        self.places.clone()
    }

    /// Takes the first `n` places out; all of them if there are no more.
    pub fn split_off(&mut self, n: usize) -> Slots {
        let end = self.places.start.saturating_add(n).min(self.places.end);
        let places = self.places.start..end;
        self.places.start = end;
        Slots { memory: Arc::clone(&self.memory), places, ..*self }
    }

    /// The values of a sample's input and of its target; nothing for a place of others.
    pub fn values_mut(&mut self, place: usize) -> (&mut [f32], &mut [f32]) {
        if !self.places.contains(&place) {
            return (&mut [], &mut []);
        }
        // SAFETY: `into_slots` made `n` places of `len / n` values out of one slice, whose start it took from the same
        // slice, so that this holds for any `Block`; `split_off` only hands ranges of these places on. So
        // `(place + 1) * len` is at most the length of that slice, for inputs and for targets. No two `Slots` have a place in
        // common, `&mut self` excludes a second reference through this one, and the memory outlives the references in
        // the `Arc`; its owner is not touched before `finish` holds the only reference.
        #[expect(unsafe_code, reason = "disjoint parts of one allocation, filled by several threads")]
        unsafe {
            let input = self.inputs.start.add(place * self.inputs.len);
            let target = self.targets.start.add(place * self.targets.len);
            (
                std::slice::from_raw_parts_mut(input, self.inputs.len),
                std::slice::from_raw_parts_mut(target, self.targets.len),
            )
        }
    }

    /// Gives the places up; the last of a batch returns the whole memory.
    pub fn finish(self) -> Option<BatchMemory> {
        Arc::into_inner(self.memory)
    }
}

#[cfg(test)]
mod tests {
    use patchweave_memory::{Block, Memory, MemoryError, SystemMemory};

    use super::*;

    fn buffer<const N: usize>(values: [f32; N]) -> Buffer<f32> {
        let mut buffer = Buffer::new_in(&SystemMemory, N).unwrap();
        buffer.copy_from_slice(&values);
        buffer
    }

    #[test]
    fn slots_are_filled_by_threads_and_come_back_whole() {
        let mut rest = BatchMemory { inputs: buffer([9.0; 8]), targets: buffer([9.0; 4]) }.into_slots(4);
        let claimed = [rest.split_off(1), rest.split_off(2), rest.split_off(7)];
        assert_eq!(claimed.each_ref().map(Slots::places), [0..1, 1..3, 3..4]);
        assert!(rest.finish().is_none());
        let threads: Vec<_> = claimed
            .into_iter()
            .map(|mut slots| {
                std::thread::spawn(move || {
                    for (value, place) in (0_u8..).zip(0..4) {
                        let (input, target) = slots.values_mut(place);
                        input.fill(f32::from(value));
                        target.fill(-f32::from(value));
                    }
                    slots.finish()
                })
            })
            .collect();
        let whole: Vec<_> = threads.into_iter().filter_map(|thread| thread.join().unwrap()).collect();
        let [memory] = whole.as_slice() else { panic!("exactly one slot is the last") };
        assert_eq!(memory.inputs[..], [0.0, 0.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0]);
        assert_eq!(memory.targets[..], [-0.0, -1.0, -2.0, -3.0]);
    }

    /// A block that can be changed only once, by whoever checks it.
    #[derive(Debug)]
    struct Liar {
        block: Box<dyn Block>,
        was_asked: bool,
    }

    impl Block for Liar {
        fn bytes(&self) -> &[u8] {
            self.block.bytes()
        }

        fn bytes_mut(&mut self) -> &mut [u8] {
            if std::mem::replace(&mut self.was_asked, true) { &mut [] } else { self.block.bytes_mut() }
        }
    }

    #[derive(Debug)]
    struct Lies;

    impl Memory for Lies {
        fn allocate(&self, n_bytes: usize) -> Result<Box<dyn Block>, MemoryError> {
            Ok(Box::new(Liar { block: SystemMemory.allocate(n_bytes)?, was_asked: false }))
        }
    }

    #[test]
    fn slots_have_no_more_values_than_their_block_lets_change() {
        let inputs = Buffer::new_in(&Lies, 8).unwrap();
        assert_eq!(inputs.len(), 8);
        let mut slots = BatchMemory { inputs, targets: Buffer::default() }.into_slots(4);
        for place in 0..4 {
            assert_eq!(slots.values_mut(place).0.len(), 0);
        }
    }

    #[test]
    fn there_may_be_no_targets_and_no_slots() {
        let memory = BatchMemory { inputs: buffer([0.0; 3]), targets: Buffer::default() };
        let mut slots = memory.into_slots(3);
        assert_eq!(slots.values_mut(2), (&mut [0.0_f32; 1][..], &mut [0.0_f32; 0][..]));
        assert_eq!(slots.values_mut(3).0, [0.0_f32; 0]);
        let none = BatchMemory { inputs: Buffer::default(), targets: Buffer::default() }.into_slots(0);
        assert!(none.places().is_empty() && none.finish().is_some());
    }

    #[test]
    fn samples_are_left_out() {
        let mut memory =
            BatchMemory { inputs: buffer([0.0, 1.0, 2.0, 3.0, 4.0, 5.0]), targets: Buffer::default() };
        memory.keep(&[false, true, true]);
        assert_eq!(memory.inputs[..], [2.0, 3.0, 4.0, 5.0]);
        memory.keep(&[true, false]);
        assert_eq!(memory.inputs[..], [2.0, 3.0]);
        assert!(memory.targets.is_empty());
    }
}
