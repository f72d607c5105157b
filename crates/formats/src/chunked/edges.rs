//! Where chunks begin and end along one dimension.

use crate::runs::{ChunkRun, Run};

/// The chunks along one dimension, of one size or of any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Edges {
    /// All of one size, which is not 0.
    Fixed(usize),
    /// Where each of them ends, ascending.
    Listed(Vec<usize>),
}

impl Edges {
    /// The size of the largest chunk.
    pub fn largest(&self) -> usize {
        match self {
            Edges::Fixed(size) => *size,
            Edges::Listed(ends) => {
                let starts = [0].iter().chain(ends);
                ends.iter().zip(starts).map(|(end, start)| end - start).max().unwrap_or(1)
            }
        }
    }

    /// How many chunks cover so many positions.
    pub fn n_chunks(&self, n: usize) -> usize {
        match self {
            Edges::Fixed(size) => n.div_ceil(*size),
            Edges::Listed(ends) => (ends.partition_point(|end| *end < n) + 1).min(n),
        }
    }

    /// Where a chunk starts, and its size; one behind the last has none.
    pub fn span(&self, chunk: usize) -> (usize, usize) {
        match self {
            Edges::Fixed(size) => (chunk.saturating_mul(*size), *size),
            Edges::Listed(ends) => {
                let end = |chunk: Option<usize>| chunk.and_then(|chunk| ends.get(chunk)).copied();
                let start = end(chunk.checked_sub(1)).unwrap_or(0);
                (start, end(Some(chunk)).unwrap_or(start).saturating_sub(start))
            }
        }
    }

    fn chunk_of(&self, position: usize) -> usize {
        match self {
            Edges::Fixed(size) => position / size,
            Edges::Listed(ends) => ends.partition_point(|end| *end <= position),
        }
    }

    /// Cuts a run at the borders of chunks.
    pub fn cut(&self, run: &Run) -> impl Iterator<Item = ChunkRun> + use<'_> {
        let Run { out, file, len } = *run;
        (self.chunk_of(file)..=self.chunk_of(file + len - 1)).map(move |chunk| {
            let (from, size) = self.span(chunk);
            let start = file.max(from);
            let end = (file + len).min(from.saturating_add(size));
            ChunkRun { chunk, part: Run { out: out + start - file, file: start - from, len: end - start } }
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn edges() -> impl Strategy<Value = Edges> {
        let listed = |sizes: Vec<usize>| {
            let ends = sizes.iter().scan(0, |end, size| {
                *end += size;
                Some(*end)
            });
            // The last one goes on behind all that is asked for.
            Edges::Listed(ends.chain([1000]).collect())
        };
        prop_oneof![
            (1_usize..20).prop_map(Edges::Fixed),
            prop::collection::vec(1_usize..20, 0..8).prop_map(listed)
        ]
    }

    proptest! {
        #[test]
        fn chunks_cover_a_run_in_order(out in 0_usize..50, file in 0_usize..50, len in 1_usize..50, edges in edges()) {
            let mut next = Run { out, file, len };
            for ChunkRun { chunk, part } in edges.cut(&Run { out, file, len }) {
                let (start, size) = edges.span(chunk);
                prop_assert_eq!((part.out, start + part.file), (next.out, next.file));
                prop_assert!(part.len > 0 && part.file + part.len <= size && size <= edges.largest());
                prop_assert!(chunk < edges.n_chunks(file + len));
                next = Run { out: next.out + part.len, file: next.file + part.len, len: next.len - part.len };
            }
            prop_assert_eq!(next.len, 0);
        }
    }
}
