//! What formats make: files, stores, memory.

/// What a format makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputKind {
    /// One file.
    File,
    /// A folder that is a Zarr store.
    Store,
    /// Arrays in the memory of this process, which only the format `memory` of this crate knows how to hand over.
    Memory,
}
