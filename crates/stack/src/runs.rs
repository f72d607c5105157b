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

    /// Cuts the run at the borders of chunks of `size` positions.
    pub fn chunks(&self, size: usize) -> impl Iterator<Item = ChunkRun> + use<> {
        let Run { out, file, len } = *self;
        (file / size..=(file + len - 1) / size).map(move |chunk| {
            let start = file.max(chunk * size);
            let end = (file + len).min((chunk + 1) * size);
            ChunkRun {
                chunk,
                part: Run { out: out + start - file, file: start - chunk * size, len: end - start },
            }
        })
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
        fn chunks_cover_a_run_in_order(out in 0_usize..50, file in 0_usize..50, len in 1_usize..50, size in 1_usize..20) {
            let run = Run { out, file, len };
            let mut next = run;
            for piece in run.chunks(size) {
                prop_assert_eq!(piece.part.out, next.out);
                prop_assert_eq!(piece.chunk * size + piece.part.file, next.file);
                prop_assert!(piece.part.file + piece.part.len <= size);
                next = Run { out: next.out + piece.part.len, file: next.file + piece.part.len, len: next.len - piece.part.len };
            }
            prop_assert_eq!(next.len, 0);
        }

        #[test]
        fn lists_come_back(positions in prop::collection::vec(0_usize..6, 0..10)) {
            let runs = of_list(&positions);
            let back: Vec<usize> = runs.iter().flat_map(|run| run.file..run.file + run.len).collect();
            prop_assert_eq!(back, positions);
        }
    }
}
