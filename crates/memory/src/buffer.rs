//! Numbers in one piece of memory.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use bytemuck::Pod;

use crate::lines::Lines;
use crate::{ALIGNMENT, Block, Memory, MemoryError};

/// Numbers in one piece of memory that starts at a multiple of [`ALIGNMENT`] bytes; dereferences to a slice.
///
/// Unwritten values are unspecified; new system memory is zero. Dropping the buffer gives its memory back to where it came
/// from; share it in an [`Arc`](std::sync::Arc) where several hold it. A [`Block`] that gives fewer bytes later than at
/// first leaves the buffer empty.
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
    /// What `memory` reports, [`MemoryError::Unfit`] for a block that is too short or misaligned.
    pub fn new_in(memory: &dyn Memory, len: usize) -> Result<Self, MemoryError> {
        const { assert!(align_of::<T>() <= ALIGNMENT) };
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

/// How many values are seen in debug output.
const N_SHOWN: usize = 8;

/// The length and the first values.
impl<T: Pod + fmt::Debug> fmt::Debug for Buffer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = self.iter().take(N_SHOWN).collect::<Vec<_>>();
        f.debug_struct("Buffer").field("len", &self.len()).field("first", &first).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemMemory;

    #[test]
    fn debug_output_is_short() {
        let mut values = Buffer::<u8>::new_in(&SystemMemory, 1000).unwrap();
        values[..3].copy_from_slice(&[1, 2, 3]);
        assert_eq!(format!("{values:?}"), "Buffer { len: 1000, first: [1, 2, 3, 0, 0, 0, 0, 0] }");
        assert_eq!(format!("{:?}", Buffer::<f32>::default()), "Buffer { len: 0, first: [] }");
    }
}
