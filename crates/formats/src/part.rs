//! Which bytes of a file or object are read.

use std::ops::Range;

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

/// What is asked for at once: a part of a file, and the pieces of the part that are needed.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub key: String,
    pub part: Part,
    /// Places in the file, in any order; none stand for the part as a whole.
    pub pieces: Vec<Range<u64>>,
    /// The most bytes that the part may have.
    pub limit: u64,
}

impl Wanted {
    /// A part as a whole.
    pub fn new(key: &str, part: Part, limit: u64) -> Self {
        Wanted { key: key.to_owned(), part, pieces: Vec::new(), limit }
    }
}
