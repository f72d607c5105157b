//! Grids whose chunks differ in size, read from the metadata before anything is made of it.

use serde_json::{Map, Value};

use super::json::shortened;
use super::node::ZarrVersion;
use crate::StackError;

/// Chunk sizes that a grid may list.
const MAX_LISTED: usize = 1 << 20;

/// Where the chunks of a grid lie along every dimension.
#[derive(Debug, PartialEq)]
pub(super) struct IrregularGrid(Vec<Edges>);

/// The chunks along one dimension.
#[derive(Debug, PartialEq)]
enum Edges {
    /// All of one size.
    Fixed(u64),
    /// Where each of them ends.
    Listed(Vec<u64>),
}

/// One chunk along one dimension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub number: u64,
    pub start: u64,
    pub len: u64,
}

impl IrregularGrid {
    /// The grid of an array; `None` if all of its chunks have one size.
    ///
    /// # Errors
    /// [`StackError::Unsupported`] for a grid of an unknown name, [`StackError::Damaged`] for one that cannot be counted.
    pub fn of(
        stack: &str,
        version: ZarrVersion,
        metadata: &Map<String, Value>,
    ) -> Result<Option<Self>, StackError> {
        let grid = metadata.get("chunk_grid");
        let name = grid.and_then(|grid| grid.as_str().or_else(|| grid.get("name")?.as_str()));
        let key = match name {
            None | Some("regular") => return Ok(None),
            Some(_) if version == ZarrVersion::V2 => return Ok(None),
            Some("rectilinear") => "chunk_shapes",
            Some("rectangular") => "chunk_shape",
            Some(name) => {
                return Err(StackError::Unsupported {
                    stack: stack.to_owned(),
                    what: format!("the chunk grid {name}"),
                    hint: "write the array again with chunks of one size",
                });
            }
        };
        let damaged = |got: String, expected: &str| StackError::Damaged {
            stack: stack.to_owned(),
            place: "the chunk grid".to_owned(),
            got,
            expected: expected.to_owned(),
        };
        let sizes = grid.and_then(|grid| grid.get("configuration")?.get(key)?.as_array());
        let sizes = sizes.ok_or_else(|| damaged(format!("no list {key}"), "sizes of chunks"))?;
        let mut n_listed = 0;
        let edges = sizes.iter().map(|sizes| match sizes.as_array() {
            None => size_of(sizes).map(Edges::Fixed).ok_or("sizes above 0"),
            Some(list) => listed(list, &mut n_listed).map(Edges::Listed),
        });
        let edges = edges.collect::<Result<Vec<_>, _>>();
        let grid = IrregularGrid(edges.map_err(|expected| damaged(list_shortened(sizes), expected))?);
        let shape = metadata.get("shape").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let fits = |(edges, size): (&Edges, &Value)| match (edges, size.as_u64()) {
            (Edges::Listed(ends), Some(size)) => ends.last().is_some_and(|end| *end >= size),
            (Edges::Fixed(_), Some(_)) => true,
            (_, None) => false,
        };
        if grid.0.len() == shape.len() && grid.0.iter().zip(shape).all(fits) {
            Ok(Some(grid))
        } else {
            Err(damaged(list_shortened(sizes), &format!("chunks that cover {}", list_shortened(shape))))
        }
    }

    /// The largest chunk along every dimension.
    pub fn largest(&self) -> Vec<u64> {
        let largest = |edges: &Edges| match edges {
            Edges::Fixed(size) => *size,
            Edges::Listed(ends) => {
                let starts = [0].iter().chain(ends);
                ends.iter().zip(starts).map(|(end, start)| end - start).max().unwrap_or(1)
            }
        };
        self.0.iter().map(largest).collect()
    }

    /// How many chunks cover an image of this shape along every dimension.
    pub fn n_chunks(&self, shape: &[u64]) -> Vec<u64> {
        let count = |(edges, n): (&Edges, &u64)| match edges {
            Edges::Fixed(size) => n.div_ceil(*size),
            Edges::Listed(ends) => (ends.partition_point(|end| end < n) as u64 + 1).min(*n),
        };
        self.0.iter().zip(shape).map(count).collect()
    }

    /// The chunks along a dimension that have pixels from `start` to before `end`.
    pub fn spans(&self, dimension: usize, start: u64, end: u64) -> Vec<Span> {
        match self.0.get(dimension) {
            None => Vec::new(),
            Some(Edges::Fixed(size)) => {
                let span = |number: u64| Span { number, start: number.saturating_mul(*size), len: *size };
                (start / size..end.div_ceil(*size)).map(span).collect()
            }
            Some(Edges::Listed(ends)) => {
                let first = ends.partition_point(|end| *end <= start);
                let mut from = first.checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or(0);
                let mut spans = Vec::new();
                for (number, to) in ends.iter().enumerate().skip(first) {
                    if from >= end {
                        break;
                    }
                    spans.push(Span { number: number as u64, start: from, len: to - from });
                    from = *to;
                }
                spans
            }
        }
    }
}

fn size_of(size: &Value) -> Option<u64> {
    size.as_u64().filter(|size| *size > 0)
}

/// Where listed chunks end; `[size, n]` stands for `n` of them.
fn listed(list: &[Value], n_listed: &mut usize) -> Result<Vec<u64>, &'static str> {
    let mut ends: Vec<u64> = Vec::new();
    for sizes in list {
        let (size, n) = match sizes.as_array().map(Vec::as_slice) {
            None => (size_of(sizes), Some(1)),
            Some([size, n]) => (size_of(size), size_of(n)),
            Some(_) => (None, None),
        };
        let (size, n) = size.zip(n).ok_or("sizes above 0, or a size and how often it is there")?;
        let n = usize::try_from(n).unwrap_or(usize::MAX);
        *n_listed = n_listed.saturating_add(n);
        if *n_listed > MAX_LISTED {
            return Err("at most 1048576 of them");
        }
        for _ in 0..n {
            let end = ends.last().unwrap_or(&0).checked_add(size);
            ends.push(end.ok_or("sizes that can be added up")?);
        }
    }
    if ends.is_empty() { Err("at least one chunk along every dimension") } else { Ok(ends) }
}

fn list_shortened(list: &[Value]) -> String {
    shortened(&Value::from(list))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn grid(shape: Value, name: &str, sizes: Value) -> Result<Option<IrregularGrid>, String> {
        let key = if name == "rectangular" { "chunk_shape" } else { "chunk_shapes" };
        let metadata = json!({"shape": shape, "chunk_grid": {"name": name, "configuration": {key: sizes}}});
        let Value::Object(metadata) = metadata else { unreachable!("an object") };
        IrregularGrid::of("a", ZarrVersion::V3, &metadata).map_err(|error| error.to_string())
    }

    #[test]
    fn sizes_are_taken_without_counting_chunks() {
        let edges = |sizes| grid(json!([1_u64 << 40, 12]), "rectilinear", sizes).unwrap().unwrap();
        assert_eq!(edges(json!([1, [12]])).largest(), [1, 12]);
        assert_eq!(edges(json!([7, [[2, 3], 5, 1]])).largest(), [7, 5]);
        let rectangular = grid(json!([12, 9]), "rectangular", json!([[5, 7], 4])).unwrap().unwrap();
        assert_eq!(rectangular.largest(), [7, 4]);
        assert_eq!(grid(json!([1]), "regular", json!(null)), Ok(None));
    }

    #[test]
    fn what_cannot_be_counted_is_refused() {
        for (sizes, expected) in [
            (json!([[u64::MAX, 2]]), "sizes that can be added up"),
            (json!([[[1_u64 << 62, 4]]]), "sizes that can be added up"),
            (json!([[[1, 1_u64 << 50]]]), "at most 1048576 of them"),
            (json!([[]]), "at least one chunk along every dimension"),
            (json!([[3, 4]]), "chunks that cover [10]"),
            (json!([5, 5]), "chunks that cover [10]"),
            (json!([0]), "sizes above 0"),
            (json!([[[3, 3, 3]]]), "sizes above 0, or a size and how often it is there"),
        ] {
            let error = grid(json!([10]), "rectilinear", sizes).unwrap_err();
            assert!(error.ends_with(&format!("expected {expected}")), "{error}");
        }
        let error = grid(json!([10]), "zarrs.regular_bounded", json!([1])).unwrap_err();
        assert!(error.contains("the chunk grid zarrs.regular_bounded is not supported"), "{error}");
    }

    #[test]
    fn spans_cover_what_was_asked_for() {
        for sizes in [json!([[2, 3, 1, 4]]), json!([3])] {
            let grid = grid(json!([10]), "rectilinear", sizes).unwrap().unwrap();
            for (start, end) in (0..10).flat_map(|start| (start..=10).map(move |end| (start, end))) {
                let spans = grid.spans(0, start, end);
                let is_hit = |span: &Span| span.start < end && span.start + span.len > start;
                assert!(spans.iter().all(is_hit) || start == end, "{start}..{end}: {spans:?}");
                let n: u64 = spans
                    .iter()
                    .map(|span| (span.start + span.len).min(end).saturating_sub(span.start.max(start)))
                    .sum();
                assert_eq!(n, end - start);
            }
        }
    }
}
