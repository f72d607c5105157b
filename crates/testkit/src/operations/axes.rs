//! Arrays between their own axes and `SC(Z)YX`, and where patches and tiles stand in them.

use ndarray::ArrayD;
use patchweave_geometry::{ArrayLayout, Axes, Axis, AxisIndex, Region};
use patchweave_pixel::{PixelType, restore, restore_tile as restore_one_tile, to_canonical};
use serde_json::{Value, json};

use crate::golden::{CaseError, NumericArray, OperationError, Outcomes, Request, with_numeric};

/// The numbers 0, 1, 2 … as 16-bit integers, which is what cases give by their shape alone.
pub(super) fn numbered(shape: &[usize]) -> Result<NumericArray, CaseError> {
    NumericArray::arange(shape, PixelType::U16)
}

pub(super) fn reshape_array(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let axes = request.required_axes("axes")?;
    let array = given_or_numbered(request, "array", "shape")?;
    let layout = ArrayLayout::new(axes.clone(), array.shape())?;
    let canonical: NumericArray = with_numeric!(array, array => to_canonical(array.view(), &axes)?.into());
    let letters: Vec<String> = layout.sample_axes().iter().map(Axis::to_string).collect();
    Ok(Outcomes::default()
        .with("shape", canonical.shape().to_vec())
        .with("axes", if axes.is_3d() { "SCZYX" } else { "SCYX" })
        .with("sample_dims", letters)
        .with_array("array", canonical))
}

pub(super) fn restore_array(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let (layout, target) = original(request)?;
    let array = given_or_numbered(request, "array", "array_shape")?;
    let restored: NumericArray =
        with_numeric!(array, array => restore(array.view(), &layout, target.as_ref())?.into());
    Ok(restored_outcomes(restored))
}

pub(super) fn restore_tile(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let (layout, target) = original(request)?;
    let tile = given_or_numbered(request, "tile", "tile_shape")?;
    let restored: NumericArray =
        with_numeric!(tile, tile => restore_one_tile(tile.view(), &layout, target.as_ref())?.into());
    Ok(restored_outcomes(restored))
}

fn restored_outcomes(array: NumericArray) -> Outcomes {
    Outcomes::default().with("shape", array.shape().to_vec()).with_array("array", array)
}

/// Axes and shape of the source, and the axes it is to be given.
fn original(request: &Request<'_>) -> Result<(ArrayLayout, Option<Axes>), OperationError> {
    let layout = ArrayLayout::new(request.required_axes("axes")?, &request.naturals("shape")?)?;
    Ok((layout, request.axes("target_axes")?))
}

fn given_or_numbered(
    request: &Request<'_>,
    input: &str,
    shape: &str,
) -> Result<NumericArray, OperationError> {
    match request.input(input)? {
        Some(array) => Ok(array),
        None => Ok(numbered(&request.naturals(shape)?)?),
    }
}

pub(super) fn restored_slices(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let (layout, target) = original(request)?;
    let target = target.unwrap_or_else(|| layout.axes().clone());
    let tile_shape = request.naturals("tile_shape")?;
    let &n_channels =
        tile_shape.first().ok_or_else(|| OperationError::refused("the tile has no dimensions"))?;
    let restored = layout.restored(&target, n_channels)?;
    let mut outcomes = Outcomes::default()
        .with("array_shape", restored.shape().to_vec())
        .with("canonical_order", target.is_canonical());
    if request.value("stitch_coords").is_some() {
        let place = Region::new(request.coords("stitch_coords")?, request.extent("crop_size")?)?;
        let index = restored.index(request.natural("sample_idx")?, None, &place)?;
        // A tile without a list of channels brings all of them.
        let entry = |entry: &AxisIndex| match entry {
            AxisIndex::All => json!([0, n_channels]),
            other => index_entry(other),
        };
        outcomes = outcomes.with("slices", index.iter().map(entry).collect::<Vec<_>>());
    }
    if let Some(chunks) = request.optional_naturals("chunks")? {
        outcomes = outcomes.with("adjusted_chunks", layout.reorder_chunks(&chunks, &target));
    }
    Ok(outcomes)
}

pub(super) fn patch_slices(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let layout = ArrayLayout::new(request.required_axes("axes")?, &request.naturals("shape")?)?;
    // Without sample axes the only sample has two names, 0 and -1; our indices have no sign.
    let has_one_name = layout.sample_axes().is_empty() && request.integer("sample_idx")? == -1;
    let sample_idx = if has_one_name { 0 } else { request.natural("sample_idx")? };
    let channels = request.optional_naturals("channels")?;
    let region = Region::new(request.coords("coords")?, request.extent("patch_size")?)?;
    let index = layout.index(sample_idx, channels.as_deref(), &region)?;
    Ok(Outcomes::default().with("slices", index.iter().map(index_entry).collect::<Vec<_>>()))
}

fn index_entry(entry: &AxisIndex) -> Value {
    match entry {
        AxisIndex::At(place) => json!(place),
        AxisIndex::Range(start, end) => json!([start, end]),
        AxisIndex::All => json!("all"),
        AxisIndex::Channels(list) => json!({"channels": list}),
    }
}

/// An array `C(Z)YX` as `CZYX`, or any array with batch axes in front accordingly.
pub(super) fn with_depth(array: ArrayD<f32>, n_batch_axes: usize) -> ArrayD<f32> {
    if array.ndim() == n_batch_axes + 3 { array.insert_axis(ndarray::Axis(n_batch_axes + 1)) } else { array }
}
