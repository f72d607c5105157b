//! Strategies without chance: what they list, in which order, for which stack.

use patchweave_geometry::{Extent, ImageShape, Overlaps, TileAxis};
use patchweave_patching::{
    FixedPatching, PatchRng, Patching, PatchingError, SequentialPatching, TiledPatching, WholePatching,
};
use serde_json::{Value, json};

use super::specs::{read_specs, spec_fields, write_specs};
use crate::golden::{OperationError, Outcomes, Request};

pub(super) fn sequential(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    gridded(request, SequentialPatching::new)
}

pub(super) fn tiled(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    gridded(request, TiledPatching::new)
}

/// Lays a grid over images.
type GridOf<P> = fn(&[ImageShape], Extent, Option<Overlaps>) -> Result<P, PatchingError>;

fn gridded<P: Patching>(request: &Request<'_>, new: GridOf<P>) -> Result<Outcomes, OperationError> {
    let shapes = request.image_shapes("data_shapes")?;
    let overlaps = request.optional_naturals("overlaps")?;
    let overlaps = overlaps.map(|overlaps| Overlaps::new(&overlaps)).transpose()?;
    let patching = new(&shapes, request.extent("patch_size")?, overlaps)?;
    listed(request, &patching, shapes.len())
}

pub(super) fn whole(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let shapes = request.image_shapes("data_shapes")?;
    listed(request, &WholePatching::new(&shapes)?, shapes.len())
}

pub(super) fn fixed(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let specs = read_specs(request, "specs")?;
    let last = specs.iter().filter_map(|spec| spec.patch()).map(|patch| patch.data_idx).max();
    let asked = ["indices", "index_ranges"].iter().find_map(|name| request.expected(name)?.as_array());
    let n_stacks = asked.map_or_else(|| last.map_or(0, |last| last + 1), Vec::len);
    listed(request, &FixedPatching::new(specs), n_stacks)
}

/// All that a strategy lists, and the spec of one index if the case names one.
fn listed(
    request: &Request<'_>,
    patching: &dyn Patching,
    n_stacks: usize,
) -> Result<Outcomes, OperationError> {
    let spec_of = |index| patching.spec(index, &mut PatchRng::for_patch(0, 0, index));
    let specs = (0..patching.n_patches()).map(spec_of).collect::<Result<Vec<_>, _>>()?;
    let mut outcomes = Outcomes::default()
        .with("n_patches", patching.n_patches())
        .with("specs", write_specs(request, patching, &specs))
        .with("indices", indices(patching, n_stacks))
        .with("index_ranges", index_ranges(patching, n_stacks));
    if request.value("index").is_some() {
        let spec = spec_of(request.natural("index")?)?;
        outcomes = outcomes.with("spec", spec_fields(&spec, |data_idx| patching.indices_of(data_idx).len()));
    }
    Ok(outcomes)
}

fn indices(patching: &dyn Patching, n_stacks: usize) -> Vec<Vec<usize>> {
    (0..n_stacks).map(|data_idx| patching.indices_of(data_idx).iter().collect()).collect()
}

/// `[start, stop)` of every stack; null for a stack whose indices are not contiguous.
pub(super) fn index_ranges(patching: &dyn Patching, n_stacks: usize) -> Vec<Value> {
    indices(patching, n_stacks)
        .into_iter()
        .map(|indices| match (indices.first(), indices.last()) {
            (Some(&first), Some(&last)) if last - first + 1 == indices.len() => json!([first, last + 1]),
            _ => Value::Null,
        })
        .collect()
}

pub(super) fn tile_axis(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let size = request.natural("axis_size")?;
    let axis = TileAxis::new(size, request.natural("patch_size")?, request.natural("overlap")?)?;
    let columns = request.value("columns").and_then(Value::as_array);
    let default = ["coord", "stitch_coord", "crop_coord", "crop_size"].map(Value::from);
    let columns = columns.map_or(default.as_slice(), Vec::as_slice);
    let rows: Vec<Value> = axis
        .tiles()
        .map(|tile| {
            let field = |column: &Value| match column.as_str() {
                Some("coord") => json!(tile.start),
                Some("stitch_coord") => json!(tile.stitch),
                Some("crop_coord") => json!(tile.crop_start),
                Some("crop_size") => json!(tile.crop_size),
                _ => Value::Null,
            };
            columns.iter().map(field).collect()
        })
        .collect();
    Ok(Outcomes::default().with("rows", rows))
}
