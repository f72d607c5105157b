//! The key `prefetch_mib`, which `train` and `predict` share.

use super::reader::{Block, Reader};
use super::scalar::count;

/// One MiB in bytes.
pub(crate) const MIB: usize = 1 << 20;

/// Reads the key `prefetch_mib` of a section, in bytes.
pub(crate) fn prefetch_bytes(reader: &mut Reader<'_>, block: &Block<'_>) -> Option<usize> {
    let mib =
        block.or(reader, "prefetch_mib", 512, |reader, value| count(reader, value, 1..=usize::MAX / MIB));
    mib?.checked_mul(MIB)
}

/// Reads the key `memory_mib` of a section, in bytes.
pub(crate) fn memory_bytes(reader: &mut Reader<'_>, block: &Block<'_>) -> Option<usize> {
    let mib =
        block.or(reader, "memory_mib", 1024, |reader, value| count(reader, value, 1..=usize::MAX / MIB));
    mib?.checked_mul(MIB)
}
