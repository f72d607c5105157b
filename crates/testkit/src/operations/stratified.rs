//! The stratified strategy and validation patches split off it: tables are exact, draws must keep to them.

use ndarray::{ArrayD, Dimension, IxDyn};
use patchweave_geometry::{Coords, Extent, ImageShape, RegionSpec, coordinate};
use patchweave_patching::{
    GridCell, PatchIndices, PatchRng, Patching, Separation, StratifiedPatching, hold_out, split_validation,
};
use serde_json::{Value, json};

use super::specs::write_specs;
use crate::golden::{CaseError, OperationError, Outcomes, Request};

/// Draws per case that are compared with the table of expected starts.
const N_DRAWS: usize = 2000;

/// Seeds whose splits are checked.
const N_SPLITS: u64 = 20;

pub(super) fn stratified(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    if request.value("data_shapes").is_none() {
        return counts(request);
    }
    let shapes = request.image_shapes("data_shapes")?;
    let mut patching = StratifiedPatching::new(&shapes, request.extent("patch_size")?)?;
    for action in list(request.required("actions")?) {
        act(&mut patching, action)?;
    }
    let outcomes = Outcomes::default()
        .with("n_patches", patching.n_patches())
        .with("index_map", index_map(&patching)?)
        .with("index_ranges", index_ranges(&patching, shapes.len()))
        .with("included_grid_coords", included(&patching, &shapes)?);
    tables(outcomes, &patching, &shapes)
}

/// Rows of sizes with what follows from them.
fn counts(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let columns = list(request.required("columns")?);
    let rows = request.expected("rows").map(list).unwrap_or_default();
    let mut counted: Vec<Value> = Vec::with_capacity(rows.len());
    for row in rows {
        let size = |name: &'static str| -> Result<usize, OperationError> {
            let place = columns.iter().position(|column| column == name);
            let value = place.and_then(|place| row.get(place)).unwrap_or(&Value::Null);
            Ok(natural(value).ok_or_else(|| entry(name, value, "a size"))?)
        };
        let height = size("height")?;
        let width = size("width")?;
        let patch = size("patch")?;
        let shapes = [ImageShape::from_slice(&[1, 1, height, width])?];
        let patching = StratifiedPatching::new(&shapes, Extent::new(&[patch, patch])?)?;
        let field = |column: &Value| match column.as_str() {
            Some("height") => Ok(json!(height)),
            Some("width") => Ok(json!(width)),
            Some("patch") => Ok(json!(patch)),
            Some("n_patches") => Ok(json!(patching.n_patches())),
            Some("grid_shape") => Ok(json!(patching.grid_shape(0)?.as_slice())),
            _ => Ok(Value::Null),
        };
        counted.push(columns.iter().map(field).collect::<Result<_, OperationError>>()?);
    }
    Ok(Outcomes::default().with("rows", counted))
}

/// Excludes cells or sets factors, as an entry of `actions` says.
fn act(patching: &mut StratifiedPatching, action: &Value) -> Result<(), OperationError> {
    let index = |name: &'static str| -> Result<usize, CaseError> {
        let value = action.get(name).unwrap_or(&Value::Null);
        natural(value).ok_or_else(|| entry(name, value, "an index"))
    };
    let data_idx = index("data_idx")?;
    let sample_idx = index("sample_idx")?;
    if let Some(excluded) = action.get("exclude") {
        let cells = list(excluded).iter().map(cell).collect::<Result<Vec<_>, _>>()?;
        patching.exclude(data_idx, sample_idx, &cells)?;
    }
    if let Some(factors) = action.get("probs") {
        let pair = |pair: &Value| -> Result<(GridCell, f64), OperationError> {
            let factor = pair.get(1).and_then(Value::as_f64);
            let factor = factor.ok_or_else(|| entry("probs", pair, "a cell and a factor"))?;
            Ok((cell(pair.get(0).unwrap_or(&Value::Null))?, factor))
        };
        let factors = list(factors).iter().map(pair).collect::<Result<Vec<_>, _>>()?;
        patching.set_probabilities(data_idx, sample_idx, &factors)?;
    }
    Ok(())
}

pub(super) fn val_split(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let shapes = request.image_shapes("data_shapes")?;
    let n_val = request.natural("n_val_patches")?;
    let mut train = StratifiedPatching::new(&shapes, request.extent("patch_size")?)?;
    let mut n_before = Vec::new();
    for (data_idx, sample_idx) in samples_of(&shapes) {
        n_before.push(json!([data_idx, sample_idx, train.n_patches_of(data_idx, sample_idx)?]));
    }
    check_splits(&train, n_val)?;
    let chosen = request.expected("val_grid_coords").map(list).unwrap_or_default();
    let cells = chosen.iter().map(|row| {
        let natural = |place| row.get(place).and_then(natural);
        let missing = || entry("val_grid_coords", row, "stack, sample and cell");
        let data_idx = natural(0).ok_or_else(missing)?;
        let sample_idx = natural(1).ok_or_else(missing)?;
        Ok((data_idx, sample_idx, cell(row.get(2).unwrap_or(&Value::Null))?))
    });
    let cells = cells.collect::<Result<Vec<_>, OperationError>>()?;
    let val = hold_out(&mut train, &cells, Separation::Patches)?;
    let outcomes = Outcomes::default()
        .with("n_val", val.n_patches())
        .with("n_before", n_before)
        .with("val_grid_coords", chosen)
        .with("val_specs", write_specs(request, &val, &specs(&val)?))
        .with("n_train", train.n_patches());
    tables(outcomes, &train, &shapes)
}

/// Splits by chance are of the right size and do what taking out the chosen cells does.
fn check_splits(train: &StratifiedPatching, n_val: usize) -> Result<(), OperationError> {
    for seed in 0..N_SPLITS {
        let mut left = train.clone();
        let val = split_validation(&mut left, n_val, seed, Separation::Patches)?;
        if val.n_patches() != n_val {
            return Err(OperationError::Law(format!("{n_val} patches asked for, got {}", val.n_patches())));
        }
        if left.n_patches() + n_val < train.n_patches() && left.n_patches() > 0 {
            let n_left = left.n_patches();
            return Err(OperationError::Law(format!("{n_val} of {} leave {n_left}", train.n_patches())));
        }
    }
    Ok(())
}

fn specs(patching: &dyn Patching) -> Result<Vec<RegionSpec>, OperationError> {
    let spec_of = |index| patching.spec(index, &mut PatchRng::for_patch(0, 0, index));
    Ok((0..patching.n_patches()).map(spec_of).collect::<Result<_, _>>()?)
}

/// What is expected of every sample and of every start in it, after drawing has kept to it.
pub(super) fn tables(
    mut outcomes: Outcomes,
    patching: &StratifiedPatching,
    shapes: &[ImageShape],
) -> Result<Outcomes, OperationError> {
    check_draws(patching)?;
    let mut samples = Vec::new();
    for (data_idx, sample_idx) in samples_of(shapes) {
        let regions: Vec<_> = patching.regions(data_idx, sample_idx)?.collect();
        samples.push(json!({
            "data_idx": data_idx,
            "sample_idx": sample_idx,
            "n_patches": patching.n_patches_of(data_idx, sample_idx)?,
            "grid_shape": patching.grid_shape(data_idx)?.as_slice(),
            "areas": regions.iter().map(|region| region.area).collect::<Vec<_>>(),
            "weights": regions.iter().map(|region| region.weight).collect::<Vec<_>>(),
            "expected_counts": regions.iter().map(|region| region.expected_count).collect::<Vec<_>>(),
        }));
        let name = format!("start_expectation_{data_idx}_{sample_idx}");
        let expectation = start_expectation(patching, data_idx, sample_idx, &shapes[data_idx].extent)?;
        outcomes = outcomes.with_array(&name, expectation);
    }
    Ok(outcomes.with("samples", samples))
}

/// Expected draws per epoch of the start at every pixel.
fn start_expectation(
    patching: &StratifiedPatching,
    data_idx: usize,
    sample_idx: usize,
    image: &Extent,
) -> Result<ArrayD<f64>, OperationError> {
    let mut expectation = ArrayD::zeros(IxDyn(image.as_slice()));
    for (index, value) in expectation.indexed_iter_mut() {
        let start = index.slice().iter().map(|&at| coordinate(at));
        let start = Coords::new(&start.collect::<Vec<_>>())?;
        *value = patching.start_expectation(data_idx, sample_idx, &start)?;
    }
    Ok(expectation)
}

fn check_draws(patching: &StratifiedPatching) -> Result<(), OperationError> {
    let n_patches = patching.n_patches();
    for nth in 0..N_DRAWS.min(n_patches.saturating_mul(N_DRAWS)) {
        let epoch = (nth / n_patches) as u64;
        let index = nth % n_patches;
        let spec = patching.spec(index, &mut PatchRng::for_patch(5, epoch, index))?;
        let patch = spec.patch().ok_or_else(|| OperationError::Law(format!("patch {index} has no place")))?;
        if patching.start_expectation(patch.data_idx, patch.sample_idx, &patch.coords)? <= 0.0 {
            return Err(OperationError::Law(format!("patch {index} is drawn where none may be: {patch:?}")));
        }
    }
    Ok(())
}

/// `[[data_idx, sample_idx], count]` in the order of the indices.
fn index_map(patching: &StratifiedPatching) -> Result<Value, OperationError> {
    let specs = specs(patching)?;
    let samples: Vec<_> = specs
        .iter()
        .filter_map(|spec| spec.patch())
        .map(|patch| [patch.data_idx, patch.sample_idx])
        .collect();
    Ok(samples.chunk_by(|a, b| a == b).map(|run| json!([run[0], run.len()])).collect())
}

/// `[start, stop)` of every stack, also of one without patches.
fn index_ranges(patching: &StratifiedPatching, n_stacks: usize) -> Vec<Value> {
    let range_of = |data_idx| match patching.indices_of(data_idx) {
        PatchIndices::Range(range) => json!([range.start, range.end]),
        PatchIndices::List(_) => Value::Null,
    };
    (0..n_stacks).map(range_of).collect()
}

/// `[[data_idx, sample_idx], cells]` of every sample.
fn included(patching: &StratifiedPatching, shapes: &[ImageShape]) -> Result<Vec<Value>, OperationError> {
    let of_sample = |(data_idx, sample_idx)| {
        let cells = patching.included_cells(data_idx, sample_idx)?;
        let cells: Vec<Value> = cells.map(|cell| json!(cell.as_slice())).collect();
        Ok(json!([[data_idx, sample_idx], cells]))
    };
    samples_of(shapes).map(of_sample).collect()
}

fn samples_of(shapes: &[ImageShape]) -> impl Iterator<Item = (usize, usize)> + '_ {
    let of_stack = |(data_idx, shape): (usize, &ImageShape)| {
        (0..shape.n_samples).map(move |sample_idx| (data_idx, sample_idx))
    };
    shapes.iter().enumerate().flat_map(of_stack)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn natural(value: &Value) -> Option<usize> {
    usize::try_from(value.as_u64()?).ok()
}

/// A cell; what our types cannot hold, they refuse.
fn cell(value: &Value) -> Result<GridCell, OperationError> {
    let position: Option<Vec<usize>> = list(value).iter().map(natural).collect();
    let position = position.ok_or_else(|| OperationError::refused(format!("{value} is no cell")))?;
    Ok(GridCell::new(&position)?)
}

fn entry(name: &str, got: &Value, expected: &'static str) -> CaseError {
    CaseError::Entry { name: name.to_owned(), got: got.to_string(), expected }
}
