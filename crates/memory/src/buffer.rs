//! Numbers in one piece of memory.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use bytemuck::Pod;

use crate::lines::Lines;
use crate::{ALIGNMENT, Block, Memory, MemoryError};

/// Numbers in one piece of memory that starts at a multiple of [`ALIGNMENT`] bytes; a slice of them everywhere else.
///
/// A [`Block`] that does not keep its promise, and gives other bytes later, leaves the buffer empty.
///
/// What was not written yet is whatever was in the memory before, for new memory of the system zero. Dropping the buffer
/// gives its memory back to where it came from; share it in an [`Arc`](std::sync::Arc) where several hold it.
///
/// ```
/// use patchweave_memory::{Buffer, SystemMemory};
///
/// let mut values = Buffer::<f32>::new_in(&SystemMemory, 6)?;
/// values.fill(1.5);
/// values.truncate(4);
/// assert_eq!(values[..], [1.5; 4]);
/// assert_eq!(values.as_ptr().addr() % 64, 0);
/// # Ok::<(), patchweave_memory::MemoryError>(())
/// ```
pub struct Buffer<T> {
    block: Box<dyn Block>,
    len: usize,
    of: PhantomData<T>,
}

impl<T: Pod> Buffer<T> {
    /// Room for `len` numbers.
    ///
    /// # Errors
    /// [`MemoryError::Exhausted`], and [`MemoryError::Unfit`] for a `memory` that does not keep its promise.
    pub fn new_in(memory: &dyn Memory, len: usize) -> Result<Self, MemoryError> {
        if len == 0 {
            return Ok(Buffer::default());
        }
        let n_bytes = len.saturating_mul(size_of::<T>());
        let mut block = memory.allocate(n_bytes)?;
        let bytes = block.bytes_mut();
        let address = bytes.as_ptr().addr();
        if bytes.len() < n_bytes || !address.is_multiple_of(ALIGNMENT) {
            let alignment = 1 << address.trailing_zeros().min(usize::BITS - 1);
            return Err(MemoryError::Unfit { got: bytes.len(), alignment, expected: n_bytes });
        }
        Ok(Buffer { block, len, of: PhantomData })
    }

    /// Keeps the first `len` numbers; the memory stays the same.
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    fn n_bytes(&self) -> usize {
        self.len * size_of::<T>()
    }
}

/// Without numbers.
impl<T> Default for Buffer<T> {
    fn default() -> Self {
        Buffer { block: Box::new(Lines::default()), len: 0, of: PhantomData }
    }
}

impl<T: Pod> Deref for Buffer<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        let bytes = self.block.bytes().get(..self.n_bytes()).unwrap_or_default();
        bytemuck::try_cast_slice(bytes).unwrap_or_default()
    }
}

impl<T: Pod> DerefMut for Buffer<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        let n_bytes = self.n_bytes();
        let bytes = self.block.bytes_mut().get_mut(..n_bytes).unwrap_or_default();
        bytemuck::try_cast_slice_mut(bytes).unwrap_or_default()
    }
}

impl<T: Pod> AsRef<[T]> for Buffer<T> {
    fn as_ref(&self) -> &[T] {
        self
    }
}

impl<T: Pod + fmt::Debug> fmt::Debug for Buffer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
