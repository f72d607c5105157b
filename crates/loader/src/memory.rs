//! Batch memory that several threads fill at once, each its own slot.
//!
//! The memory of a batch is cut into disjoint slots once; whoever finishes the last slot gets the memory
//! back whole. The unsafe code of this crate is here and rests on one fact: slots never overlap.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, PoisonError};

use patchweave_stack::Process;

use crate::LoaderError;

use crate::sync::{Mutex, MutexGuard};

/// Memory that is not in use: at most `max_bytes`, the least recently used goes first.
#[derive(Debug)]
pub(crate) struct Pool {
    idle: Mutex<Idle>,
    max_bytes: usize,
    process: Process,
}

/// Idle memory, the most recently used last.
#[derive(Debug, Default)]
struct Idle {
    memory: VecDeque<Vec<f32>>,
    n_bytes: usize,
}

impl Pool {
    /// No memory yet, later at most `max_bytes`.
    pub fn new(max_bytes: usize) -> Self {
        Pool { idle: Mutex::default(), max_bytes, process: Process::current() }
    }

    /// Memory of `len` values, which hold whatever was in them before.
    ///
    /// # Errors
    /// [`LoaderError::OutOfMemory`] if the machine has not enough.
    pub fn take(&self, len: usize) -> Result<Vec<f32>, LoaderError> {
        if len == 0 {
            return Ok(Vec::new());
        }
        let mut idle = self.idle();
        match idle.memory.iter().rposition(|values| values.len() == len) {
            Some(at) => Ok(idle.remove(at)),
            None => {
                // New memory and what stays idle are at most `max_bytes`: memory of other sizes makes way.
                idle.shrink(self.max_bytes.saturating_sub(len.saturating_mul(size_of::<f32>())));
                drop(idle);
                let mut values = Vec::new();
                let n_bytes = len.saturating_mul(size_of::<f32>());
                values.try_reserve_exact(len).map_err(|_| LoaderError::OutOfMemory { n_bytes })?;
                values.resize(len, 0.0);
                Ok(values)
            }
        }
    }

    /// Takes memory back for the next batch.
    pub fn give(&self, values: Vec<f32>) {
        // A forked process may have copied the lock while a thread that it does not have held it.
        if values.capacity() > 0 && self.process.is_current() {
            let mut values = values;
            values.resize(values.capacity(), 0.0);
            let mut idle = self.idle();
            idle.n_bytes += n_bytes(&values);
            idle.memory.push_back(values);
            idle.shrink(self.max_bytes);
        }
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Idle {
    fn remove(&mut self, at: usize) -> Vec<f32> {
        let values = self.memory.remove(at).unwrap_or_default();
        self.n_bytes -= n_bytes(&values);
        values
    }

    /// Frees the least recently used memory until at most `max_bytes` are left.
    fn shrink(&mut self, max_bytes: usize) {
        while self.n_bytes > max_bytes {
            self.remove(0);
        }
    }
}

/// Bytes of the values and of their place among the idle ones.
fn n_bytes(values: &Vec<f32>) -> usize {
    values.capacity() * size_of::<f32>() + size_of::<Vec<f32>>()
}

/// The memory of a batch's inputs and targets; there may be no targets.
#[derive(Debug)]
pub(crate) struct BatchMemory {
    pub inputs: Vec<f32>,
    pub targets: Vec<f32>,
}

impl BatchMemory {
    /// Bytes that slots share besides the values.
    pub const SHARED_BYTES: usize = size_of::<Whole>();

    /// Cuts the memory into `n` slots; the values that do not divide evenly are in no slot.
    pub fn into_slots(self, n: usize) -> Slots {
        let mut memory = self;
        let share = |values: &Vec<f32>| values.len().checked_div(n).unwrap_or(0);
        let (input_len, target_len) = (share(&memory.inputs), share(&memory.targets));
        let (inputs, targets) = (memory.inputs.as_mut_ptr(), memory.targets.as_mut_ptr());
        let whole = Arc::new(Whole { memory, inputs, targets });
        Slots { whole, places: 0..n, input_len, target_len }
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

/// Memory that is cut into slots: reached only through the pointers while `Slots` exist.
struct Whole {
    memory: BatchMemory,
    inputs: *mut f32,
    targets: *mut f32,
}

// SAFETY: the pointers point into heap memory that `memory` owns, which does not move with the struct. It is
// read and written only through `Slots`, whose places are disjoint, so threads never share a value.
#[expect(unsafe_code, reason = "raw pointers are not Send by themselves")]
unsafe impl Send for Whole {}
// SAFETY: as for `Send`; a shared `Whole` gives no access to values, only a `&mut Slots` does.
#[expect(unsafe_code, reason = "raw pointers are not Sync by themselves")]
unsafe impl Sync for Whole {}

/// The exclusive places of some samples in a batch.
pub(crate) struct Slots {
    whole: Arc<Whole>,
    places: Range<usize>,
    input_len: usize,
    target_len: usize,
}

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
        Slots { whole: Arc::clone(&self.whole), places, ..*self }
    }

    /// The values of a sample's input and of its target; nothing for a place of others.
    pub fn values_mut(&mut self, place: usize) -> (&mut [f32], &mut [f32]) {
        if !self.places.contains(&place) {
            return (&mut [], &mut []);
        }
        // SAFETY: `into_slots` made places below `n` of `len / n` values, and `split_off` only hands ranges of them
        // on, so `(place + 1) * input_len` is at most the length of the inputs, and likewise for targets. No two
        // `Slots` have a place in common, `&mut self` excludes a second reference through this one, and the memory
        // outlives the references in the `Arc`; its owner is not touched before `finish` holds the only reference.
        #[expect(unsafe_code, reason = "disjoint parts of one allocation, filled by several threads")]
        unsafe {
            let input = self.whole.inputs.add(place * self.input_len);
            let target = self.whole.targets.add(place * self.target_len);
            (
                std::slice::from_raw_parts_mut(input, self.input_len),
                std::slice::from_raw_parts_mut(target, self.target_len),
            )
        }
    }

    /// Gives the places up; the last of a batch returns the whole memory.
    pub fn finish(self) -> Option<BatchMemory> {
        Arc::into_inner(self.whole).map(|whole| whole.memory)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_filled_by_threads_and_come_back_whole() {
        let mut rest = BatchMemory { inputs: vec![9.0; 8], targets: vec![9.0; 4] }.into_slots(4);
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
        assert_eq!(memory.inputs, [0.0, 0.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0]);
        assert_eq!(memory.targets, [-0.0, -1.0, -2.0, -3.0]);
    }

    #[test]
    fn there_may_be_no_targets_and_no_slots() {
        let memory = BatchMemory { inputs: vec![0.0; 3], targets: Vec::new() };
        let mut slots = memory.into_slots(3);
        assert_eq!(slots.values_mut(2), (&mut [0.0_f32; 1][..], &mut [0.0_f32; 0][..]));
        assert_eq!(slots.values_mut(3).0, [0.0_f32; 0]);
        let none = BatchMemory { inputs: Vec::new(), targets: Vec::new() }.into_slots(0);
        assert!(none.places().is_empty() && none.finish().is_some());
    }

    #[test]
    fn samples_are_left_out() {
        let mut memory = BatchMemory { inputs: vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0], targets: Vec::new() };
        memory.keep(&[false, true, true]);
        assert_eq!(memory.inputs, [2.0, 3.0, 4.0, 5.0]);
        memory.keep(&[true, false]);
        assert_eq!((memory.inputs, memory.targets), (vec![2.0, 3.0], vec![]));
    }

    #[test]
    fn memory_is_used_again() {
        let pool = Pool::new(100);
        let values = pool.take(6).unwrap();
        let place = values.as_ptr();
        pool.give(values);
        assert!(pool.take(0).unwrap().is_empty());
        let again = pool.take(6).unwrap();
        assert_eq!(again.as_ptr(), place);
    }

    /// More than can be addressed, so that no machine has it.
    #[test]
    fn memory_that_is_not_there_is_an_error() {
        let pool = Pool::new(usize::MAX);
        for len in [1_usize << 58, usize::MAX] {
            let error = pool.take(len).unwrap_err();
            assert!(matches!(error, LoaderError::OutOfMemory { n_bytes } if n_bytes >= 1 << 60), "{error}");
        }
        assert_eq!(pool.take(3).unwrap(), [0.0; 3]);
    }

    fn idle(pool: &Pool) -> (Vec<usize>, usize) {
        let idle = pool.idle();
        (idle.memory.iter().map(Vec::len).collect(), idle.n_bytes)
    }

    #[test]
    fn idle_memory_has_a_limit() {
        let pool = Pool::new(100);
        for len in [6, 7, 8] {
            pool.give(vec![0.0; len]);
        }
        assert_eq!(idle(&pool), (vec![8], 8 * 4 + 24));
        pool.give(vec![0.0; 26]);
        assert_eq!(idle(&pool), (vec![], 0));
    }

    #[test]
    fn new_memory_replaces_the_oldest_only_where_there_is_no_room() {
        let pool = Pool::new(200);
        for len in [6, 7, 6] {
            pool.give(vec![0.0; len]);
        }
        pool.take(8).unwrap();
        assert_eq!(idle(&pool).0, [6, 7, 6]);
        pool.take(14).unwrap();
        assert_eq!(idle(&pool).0, [7, 6]);
        pool.take(6).unwrap();
        assert_eq!(idle(&pool), (vec![7], 7 * 4 + 24));
    }
}
