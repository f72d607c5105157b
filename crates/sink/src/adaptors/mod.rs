//! Sinks around sinks, one file each.

pub(crate) mod background;
pub(crate) mod blocks;
mod inner;
pub(crate) mod pyramid;
pub(crate) mod tee;
pub(crate) mod watched;
