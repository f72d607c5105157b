//! Which bytes of a file or object are read.

use std::ops::Range;

/// A part of a file.
///
/// ```
/// use patchweave_remote::Part;
///
/// assert_ne!(Part::Whole, Part::Range { start: 0, len: 1 });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    Whole,
    /// Bytes in the middle.
    Range {
        /// The first of them.
        start: u64,
        /// How many.
        len: u64,
    },
    /// So many bytes at the end.
    Suffix(u64),
}

/// What is asked for at once: a part of a file, and the pieces of the part that are needed.
///
/// ```
/// use patchweave_remote::{Part, Wanted};
///
/// assert!(Wanted::new("c/0", Part::Whole, 100).pieces.is_empty());
/// ```
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The name of the file.
    pub key: String,
    /// The part.
    pub part: Part,
    /// Places in the file, in any order; none stand for the part as a whole.
    pub pieces: Vec<Range<u64>>,
    /// The most bytes that the part may have.
    pub limit: u64,
}

impl Wanted {
    /// A part as a whole.
    #[must_use]
    pub fn new(key: &str, part: Part, limit: u64) -> Self {
        Wanted { key: key.to_owned(), part, pieces: Vec::new(), limit }
    }
}
