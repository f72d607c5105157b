//! Quilts on disk: accumulating, normalising, iterating, positions, pairs with labels.

use std::fs;
use std::path::Path;

use ndarray::{Array, ArrayD, Axis};
use patchweave_geometry::coordinate;
use patchweave_large::{LargeOptions, LargeQuilt, LargeSpec, MeanOptions};
use serde_json::{Map, Value, json};

use super::quilt::{as_label, border, missing_label, quilt, weight};
use crate::golden::{CaseError, NumericArray, OperationError, Outcomes, Request, with_numeric};

const ENDINGS: [&str; 5] =
    ["_mean.zarr", "_mean_cache.zarr", "_norma_cache.zarr", "_std.zarr", "_std_cache.zarr"];

pub(super) fn accumulate(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let folder = tempfile::tempdir().map_err(no_folder)?;
    let base = folder.path().join("quilt");
    let mut large = create(request, &base)?;
    add_all(request, &mut large)?;
    let (mean, std) = large.mean_and_std(&options(request)?)?;
    let outcomes = Outcomes::default()
        .with("n_chunks", large.n_patches())
        .with("times", large.spec().quilt().times().as_slice())
        .with_array("mean_cache", large.mean_sums()?)
        .with_array("std_cache", large.variance_sums()?)
        .with_array("norma_cache", large.weights()?)
        .with_array("mean", mean)
        .with_array("std", std);
    large.close()?;
    Ok(outcomes.with("layout", layout(&base)?))
}

pub(super) fn normalize(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let folder = tempfile::tempdir().map_err(no_folder)?;
    let mut large = create(request, &folder.path().join("quilt"))?;
    add_all(request, &mut large)?;
    let options = MeanOptions { normalize: true, ..options(request)? };
    let (mean, std) = large.mean_and_std(&options)?;
    Ok(Outcomes::default().with_array("mean", mean).with_array("std", std))
}

pub(super) fn iterate(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let folder = tempfile::tempdir().map_err(no_folder)?;
    let mut large = create(request, &folder.path().join("quilt"))?;
    let n_calls = request.natural("calls")?;
    let mut indices = Vec::new();
    let patches: NumericArray = with_numeric!(request.required_input("tensor")?, tensor => {
        let mut patches = Vec::new();
        for _ in 0..n_calls {
            let (index, patch) = large.unstitch_next(tensor.view())?;
            indices.push(index);
            patches.push(patch);
        }
        ndarray::stack(Axis(0), &patches)?.into()
    });
    Ok(Outcomes::default().with("indices", indices).with_array("patches", patches))
}

pub(super) fn positions(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let spec = spec(request)?;
    let mut rows: Vec<i64> = Vec::new();
    for index in 0..spec.n_patches() {
        let (image, start) = spec.position(index)?;
        rows.extend([image].into_iter().chain(start.iter()).map(coordinate));
    }
    let n_columns = 1 + spec.quilt().times().n_axes();
    let table = Array::from_shape_vec((spec.n_patches(), n_columns), rows)?;
    Ok(Outcomes::default().with_array("positions_with_n", table.into_dyn()))
}

pub(super) fn clean(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let folder = tempfile::tempdir().map_err(no_folder)?;
    let large = create(request, &folder.path().join("quilt"))?;
    let inputs = request.required_input("tensor_in")?.to_f32();
    let missing = missing_label(request)?;
    with_numeric!(request.required_input("tensor_out")?, targets => {
        let missing = as_label(&targets, missing);
        let pairs = large.unstitch_and_clean_sparse_data_pair(inputs.view(), targets.view(), missing)?;
        Ok(Outcomes::default()
            .with("kept", pairs.kept)
            .with_array("patches_in", pairs.inputs)
            .with_array("patches_out", pairs.targets))
    })
}

fn spec(request: &Request<'_>) -> Result<LargeSpec, OperationError> {
    let quilt = quilt(request)?;
    let grid = quilt.grid();
    let spec = LargeSpec::new(request.natural("N")?, grid.image(), grid.window(), grid.step())?;
    Ok(spec.with_border(border(request)?, weight(request)?)?)
}

fn create(request: &Request<'_>, base: &Path) -> Result<LargeQuilt, OperationError> {
    Ok(LargeQuilt::create(base, spec(request)?, LargeOptions::default())?)
}

fn options(request: &Request<'_>) -> Result<MeanOptions, OperationError> {
    let eps = request.value("eps").and_then(Value::as_f64);
    Ok(eps.map_or_else(MeanOptions::default, |eps| MeanOptions { eps, ..MeanOptions::default() }))
}

/// Adds all patches with their variances, in the order of the case.
fn add_all(request: &Request<'_>, large: &mut LargeQuilt) -> Result<(), OperationError> {
    let patches = request.required_input("patches")?.to_f32();
    let variances = request.input("variances")?.map(|variances| variances.to_f32());
    let order: Vec<usize> = match request.input("order")? {
        Some(NumericArray::I64(order)) => {
            order.iter().map(|&index| usize::try_from(index)).collect::<Result<_, _>>()
        }
        Some(_) => return Err(OperationError::refused("the order of patches is not int64")),
        None => Ok((0..patches.len_of(Axis(0))).collect()),
    }
    .map_err(|_| OperationError::refused("a patch has a negative number"))?;
    let part = |array: &ArrayD<f32>, index: usize| match array.axis_iter(Axis(0)).nth(index) {
        Some(part) => Ok(part.to_owned()),
        None => Err(OperationError::refused(format!("there is no patch {index}"))),
    };
    for index in order {
        let patch = part(&patches, index)?;
        match &variances {
            None => large.stitch(patch.view(), index)?,
            Some(variances) => {
                large.stitch_with_variance(patch.view(), part(variances, index)?.view(), index)?;
            }
        }
    }
    Ok(())
}

/// What the metadata on disk say, by ending.
fn layout(base: &Path) -> Result<Value, OperationError> {
    let mut layout = Map::new();
    for ending in ENDINGS {
        let mut path = base.as_os_str().to_owned();
        path.push(ending);
        let file = Path::new(&path).join("zarr.json");
        let text = fs::read(&file).map_err(no_folder)?;
        let metadata: Value =
            serde_json::from_slice(&text).map_err(|error| OperationError::refused(error.to_string()))?;
        let entry = json!({
            "shape": metadata["shape"],
            "dtype": metadata["data_type"],
            "chunks": metadata["chunk_grid"]["configuration"]["chunk_shape"],
            "fill_value": metadata["fill_value"],
            "zarr_format": metadata["zarr_format"],
        });
        layout.insert(ending.to_owned(), entry);
    }
    Ok(layout.into())
}

fn no_folder(error: std::io::Error) -> CaseError {
    CaseError::Entry { name: "a temporary folder".to_owned(), got: error.to_string(), expected: "one" }
}
