//! Positions along one dimension of a file as runs of neighbours, so that they are copied in one piece.

use std::ops::Range;

/// `len` neighbouring positions of a file that stand next to each other in the result as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    pub out: usize,
    pub file: usize,
    pub len: usize,
}

/// The part of a run in one chunk; `file` counts from the start of the chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ChunkRun {
    pub chunk: usize,
    pub part: Run,
}

impl Run {
    pub fn out_range(&self) -> Range<usize> {
        self.out..self.out + self.len
    }
}

/// A range as one run.
pub(crate) fn of_range(range: Range<usize>) -> Vec<Run> {
    vec![Run { out: 0, file: range.start, len: range.len() }]
}

/// A list of positions, neighbours joined.
pub(crate) fn of_list(positions: &[usize]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (out, &file) in positions.iter().enumerate() {
        match runs.last_mut() {
            Some(last) if last.file + last.len == file => last.len += 1,
            _ => runs.push(Run { out, file, len: 1 }),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn lists_come_back(positions in prop::collection::vec(0_usize..6, 0..10)) {
            let runs = of_list(&positions);
            let back: Vec<usize> = runs.iter().flat_map(|run| run.file..run.file + run.len).collect();
            prop_assert_eq!(back, positions);
        }
    }
}
