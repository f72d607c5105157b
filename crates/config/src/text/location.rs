//! Places in the text: lines and columns as people count them.

use std::ops::Range;

/// A range of characters in one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Location {
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
    /// The number of characters, at least 1; may exceed the line.
    pub n_chars: usize,
}

impl Location {
    /// The first character of the text, for what belongs to the whole file.
    pub const START: Location = Location { line: 1, column: 1, n_chars: 1 };
}

/// The byte at which each line starts, counting `\n`, `\r\n` and `\r` as line ends.
pub(crate) fn line_starts(text: &str) -> impl Iterator<Item = usize> + '_ {
    let bytes = text.as_bytes();
    let ends = bytes.iter().enumerate().filter(move |&(at, &byte)| match byte {
        b'\n' => true,
        b'\r' => bytes.get(at + 1) != Some(&b'\n'),
        _ => false,
    });
    std::iter::once(0).chain(ends.map(|(at, _)| at + 1))
}

/// The byte range of `n_chars` characters in the first line of `text`, from `column` on and up to the end of the line.
pub(crate) fn characters(text: &str, column: usize, n_chars: usize) -> Range<usize> {
    let end_of_line = text.find(['\r', '\n']).unwrap_or(text.len());
    let line = &text[..end_of_line];
    let byte_of = |n: usize| line.char_indices().nth(n).map_or(line.len(), |(at, _)| at);
    let first = column.saturating_sub(1);
    byte_of(first)..byte_of(first.saturating_add(n_chars))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_line_end_counts() {
        assert_eq!(line_starts("a\nb\r\nc\rd").collect::<Vec<_>>(), [0, 2, 5, 7]);
        assert_eq!(line_starts("").collect::<Vec<_>>(), [0]);
    }

    #[test]
    fn characters_stay_in_their_line() {
        assert_eq!(characters("äöü\nx", 2, 1), 2..4);
        assert_eq!(characters("äöü\nx", 3, 9), 4..6);
        assert_eq!(characters("äöü\nx", 9, 9), 6..6);
    }
}
