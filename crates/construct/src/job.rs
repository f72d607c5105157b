//! What a constructor is asked to make, and what it may use for it.

use patchweave_patching::PatchRng;

use crate::Scratch;

/// One sample to be made: which one, the random numbers to draw from, and memory to work in.
///
/// The memory is that of the caller's thread, so that constructors share nothing that would need a lock. What it holds
/// when a sample is begun says nothing, and never changes a sample.
///
/// ```
/// use patchweave_construct::{Job, Scratch};
/// use patchweave_patching::PatchRng;
///
/// let (mut rng, mut scratch) = (PatchRng::for_patch(42, 0, 7), Scratch::default());
/// let job = Job::new(7, &mut rng, &mut scratch);
/// assert_eq!(job.index, 7);
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Job<'a> {
    /// Which sample.
    pub index: usize,
    /// Where every random decision comes from.
    pub rng: &'a mut PatchRng,
    /// What the thread keeps from one sample to the next.
    pub scratch: &'a mut Scratch,
}

impl<'a> Job<'a> {
    /// Asks for sample `index`.
    ///
    /// A thread that makes many samples lends the same scratch to all of them.
    pub fn new(index: usize, rng: &'a mut PatchRng, scratch: &'a mut Scratch) -> Self {
        Job { index, rng, scratch }
    }

    /// The same job for a shorter time, for constructors that leave a part of it to another one.
    pub fn reborrow(&mut self) -> Job<'_> {
        Job { index: self.index, rng: self.rng, scratch: self.scratch }
    }
}
