//! Which bytes of a file or object are read.

/// A part of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Whole,
    Range {
        start: u64,
        len: u64,
    },
    /// So many bytes at the end.
    Suffix(u64),
}
