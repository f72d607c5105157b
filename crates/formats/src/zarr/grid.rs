//! Grids whose chunks differ in size, read from the metadata before anything is made of it.

use patchweave_stack::StackError;
use serde_json::{Map, Value};

use super::json::shortened;
use super::version::ZarrVersion;
use crate::chunked::Edges;

/// Chunk sizes that a grid may list.
const MAX_LISTED: usize = 1 << 20;

/// Where the chunks of a grid lie along every dimension.
#[derive(Debug, PartialEq)]
pub(super) struct IrregularGrid(pub Vec<Edges>);

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
                    hint: "rewrite the array with chunks of one size",
                });
            }
        };
        let damaged =
            |got: String, expected: &str| StackError::damaged(stack, "the chunk grid", got, expected);
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
            (Edges::Listed(ends), Some(size)) => ends.last().is_some_and(|end| *end as u64 >= size),
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
    pub fn largest(&self) -> Vec<usize> {
        self.0.iter().map(Edges::largest).collect()
    }

    /// The size of a chunk.
    pub fn size_of(&self, chunk: &[usize]) -> Vec<usize> {
        self.0.iter().zip(chunk).map(|(edges, at)| edges.span(*at).1).collect()
    }
}

fn size_of(size: &Value) -> Option<usize> {
    size.as_u64().and_then(|size| usize::try_from(size).ok()).filter(|size| *size > 0)
}

/// Where listed chunks end; `[size, n]` stands for `n` of them.
fn listed(list: &[Value], n_listed: &mut usize) -> Result<Vec<usize>, &'static str> {
    let mut ends: Vec<usize> = Vec::new();
    for sizes in list {
        let (size, n) = match sizes.as_array().map(Vec::as_slice) {
            None => (size_of(sizes), Some(1)),
            Some([size, n]) => (size_of(size), size_of(n)),
            Some(_) => (None, None),
        };
        let (size, n) = size.zip(n).ok_or("sizes above 0, or a size and how often it is there")?;
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
}
