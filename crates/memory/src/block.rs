//! Where memory comes from.

use std::error::Error;
use std::fmt::Debug;

/// Every block starts at a multiple of this many bytes.
pub const ALIGNMENT: usize = 64;

/// Bytes that belong to whoever holds the block; dropping it gives them back.
///
/// Both methods give the same bytes, and the same ones every time. A block that breaks this makes its [`Buffer`](crate::Buffer)
/// empty, and its batch an error or a panic; it is never undefined behaviour.
pub trait Block: Debug + Send + Sync {
    /// The bytes.
    fn bytes(&self) -> &[u8];

    /// The bytes, to be changed.
    fn bytes_mut(&mut self) -> &mut [u8];
}

/// Where memory comes from.
///
/// ```
/// use patchweave_memory::{Block, Buffer, Memory, MemoryError, SystemMemory};
///
/// /// Gives no block of more than a mebibyte.
/// #[derive(Debug)]
/// struct Small;
///
/// impl Memory for Small {
///     fn allocate(&self, n_bytes: usize) -> Result<Box<dyn Block>, MemoryError> {
///         if n_bytes > 1 << 20 { Err(MemoryError::Exhausted { n_bytes }) } else { SystemMemory.allocate(n_bytes) }
///     }
/// }
///
/// let buffer = Buffer::<f32>::new_in(&Small, 1000)?;
/// assert_eq!(buffer.len(), 1000);
/// let error = Buffer::<f32>::new_in(&Small, 1 << 20).unwrap_err();
/// assert_eq!(error.to_string(), "there is no memory for 4194304 bytes");
/// # Ok::<(), MemoryError>(())
/// ```
pub trait Memory: Debug + Send + Sync {
    /// A block of at least `n_bytes` bytes that starts at a multiple of [`ALIGNMENT`]; its contents are
    /// unspecified.
    ///
    /// # Errors
    /// [`MemoryError::Exhausted`] if there is not enough, [`MemoryError::Other`] for any other reason.
    fn allocate(&self, n_bytes: usize) -> Result<Box<dyn Block>, MemoryError>;
}

/// Why there is no memory.
///
/// ```
/// use std::error::Error;
///
/// use patchweave_memory::MemoryError;
///
/// let error = MemoryError::Other("no device".into());
/// assert_eq!(error.to_string(), "memory could not be allocated");
/// assert_eq!(error.source().unwrap().to_string(), "no device");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MemoryError {
    /// The machine has not enough.
    #[error("there is no memory for {n_bytes} bytes")]
    Exhausted {
        /// How many were asked for.
        n_bytes: usize,
    },
    /// A [`Memory`] returned a block that is too short or misaligned.
    #[error(
        "got a block of {got} bytes at a multiple of {alignment}, expected {expected} bytes at a multiple of {ALIGNMENT}"
    )]
    Unfit {
        /// How many bytes there are.
        got: usize,
        /// The largest power of two that the address is a multiple of.
        alignment: usize,
        /// How many were asked for.
        expected: usize,
    },
    /// An error of a [`Memory`] from elsewhere.
    #[error("memory could not be allocated")]
    Other(#[source] Box<dyn Error + Send + Sync>),
}
