//! The memory of the system.

use crate::lines::Lines;
use crate::pages::Pages;
use crate::{Block, Memory, MemoryError};

/// From here on blocks are pages of their own, two of the usual huge ones at least.
const LARGE: usize = 4 << 20;

/// The memory of the system: zeros, from the allocator of the program below 4 MiB, pages of their own above.
///
/// On Linux, such pages are asked to be huge ones (`MADV_HUGEPAGE`).
///
/// ```
/// use patchweave_memory::{Memory, SystemMemory};
///
/// for n_bytes in [1, 64, 5 << 20] {
///     let block = SystemMemory.allocate(n_bytes)?;
///     assert!(block.bytes().len() >= n_bytes && block.bytes().iter().all(|byte| *byte == 0));
/// }
/// assert!(SystemMemory.allocate(usize::MAX).is_err());
/// # Ok::<(), patchweave_memory::MemoryError>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemMemory;

impl Memory for SystemMemory {
    fn allocate(&self, n_bytes: usize) -> Result<Box<dyn Block>, MemoryError> {
        if n_bytes < LARGE { Ok(Box::new(Lines::new(n_bytes)?)) } else { Ok(Box::new(Pages::new(n_bytes)?)) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{ALIGNMENT, Buffer};

    proptest! {
        #[test]
        fn blocks_are_aligned_large_enough_and_zero(n_bytes in prop_oneof![1_usize..5000, LARGE - 70..LARGE + 70]) {
            let mut block = SystemMemory.allocate(n_bytes).unwrap();
            prop_assert!(block.bytes().len() >= n_bytes);
            prop_assert!(block.bytes().iter().all(|byte| *byte == 0));
            prop_assert_eq!(block.bytes().as_ptr().addr() % ALIGNMENT, 0);
            prop_assert_eq!(block.bytes().as_ptr(), block.bytes_mut().as_ptr());
        }

        #[test]
        fn buffers_have_as_many_numbers_as_were_asked_for(len in 0_usize..3000, kept in 0_usize..4000) {
            let mut values = Buffer::<u64>::new_in(&SystemMemory, len).unwrap();
            prop_assert_eq!(values.len(), len);
            for (place, value) in values.iter_mut().enumerate() {
                *value = place as u64;
            }
            values.truncate(kept);
            prop_assert_eq!(values.len(), kept.min(len));
            prop_assert!(values.iter().enumerate().all(|(place, value)| *value == place as u64));
        }
    }

    /// More than can be addressed, so that no machine has it.
    #[test]
    fn memory_that_is_not_there_is_an_error() {
        for n_bytes in [1_usize << 60, isize::MAX.unsigned_abs(), usize::MAX] {
            let error = SystemMemory.allocate(n_bytes).map(|_| ()).unwrap_err();
            assert!(matches!(error, MemoryError::Exhausted { n_bytes: n } if n == n_bytes), "{error}");
        }
        let error = Buffer::<f64>::new_in(&SystemMemory, usize::MAX).map(|_| ()).unwrap_err();
        assert!(matches!(error, MemoryError::Exhausted { n_bytes: usize::MAX }), "{error}");
    }

    /// A block one byte behind where it should start, or too short.
    #[derive(Debug)]
    struct Unfit {
        bytes: Box<dyn Block>,
        first: usize,
    }

    impl Block for Unfit {
        fn bytes(&self) -> &[u8] {
            &self.bytes.bytes()[self.first..]
        }

        fn bytes_mut(&mut self) -> &mut [u8] {
            &mut self.bytes.bytes_mut()[self.first..]
        }
    }

    #[derive(Debug)]
    struct Careless {
        first: usize,
    }

    impl Memory for Careless {
        fn allocate(&self, n_bytes: usize) -> Result<Box<dyn Block>, MemoryError> {
            Ok(Box::new(Unfit { bytes: SystemMemory.allocate(n_bytes)?, first: self.first }))
        }
    }

    #[test]
    fn what_a_memory_promises_is_looked_at() {
        for (first, got, alignment) in [(4, 124, 4), (64, 64, 64)] {
            let error = Buffer::<f32>::new_in(&Careless { first }, 30).map(|_| ()).unwrap_err();
            match error {
                MemoryError::Unfit { got: n_bytes, alignment: found, expected: 120 } => {
                    assert_eq!(n_bytes, got);
                    assert!(found >= alignment);
                }
                error => panic!("{error}"),
            }
        }
        assert_eq!(Buffer::<f32>::new_in(&Careless { first: 0 }, 30).unwrap().len(), 30);
    }
}
