//! Memory for many numbers: [`Buffer`], and the [`Memory`] it comes from; [`Lru`], the contents of a bounded
//! cache; [`held_bytes`], what the process has.
//!
//! Buffers start at a multiple of 64 bytes, a line of the cache and the widest vector. Large ones ask for huge pages.
//! Whoever needs another kind of memory, such as pages that a GPU can copy from, implements [`Memory`]. Nothing here
//! knows what the numbers mean.

mod block;
mod buffer;
mod held;
mod lines;
mod lru;
mod pages;
mod system;

pub use block::{ALIGNMENT, Block, Memory, MemoryError};
pub use buffer::Buffer;
pub use held::held_bytes;
pub use lru::Lru;
pub use system::SystemMemory;
