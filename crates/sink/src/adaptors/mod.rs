//! Sinks around sinks, one file each.

pub(crate) mod blocks;
pub(crate) mod pyramid;
