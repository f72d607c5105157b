//! Background, region by region and as maps.

use ndarray::{ArrayViewD, Axis, Ix3, Ix4};
use patchweave_construct::{BackgroundCells, thin_out_background};
use patchweave_patching::{Patching, StratifiedPatching};
use patchweave_transform::{
    FilterMap, FilterMapKind, MaskFilter, MaxFilter, MeanStdFilter, PatchFilter, ShannonFilter,
};
use serde_json::{Value, json};

use super::axes::with_depth;
use super::extract::images;
use super::stratified::tables;
use crate::golden::{CaseError, OperationError, Outcomes, Request, number};

pub(super) fn filter_out(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let filter = read_filter(request.required("filter")?)?;
    let patches = with_depth(request.required_input("patches")?.to_f32(), 1);
    let is_background =
        |patch: ArrayViewD<'_, f32>| Ok(filter.is_background(patch.into_dimensionality::<Ix4>()?).into());
    let filtered: Result<Vec<Value>, OperationError> =
        patches.axis_iter(Axis(0)).map(is_background).collect();
    Ok(Outcomes::default().with("filtered", filtered?))
}

pub(super) fn filter_map(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let kind = match request.text("filter")? {
        Some("max") => FilterMapKind::Max { coverage: request.value("coverage").and_then(number) },
        Some("mean_std") => FilterMapKind::MeanStd,
        Some("shannon") => FilterMapKind::Shannon,
        Some("mask") => FilterMapKind::Mask,
        other => return Err(OperationError::refused(format!("no filter is called {other:?}"))),
    };
    let name = if kind == FilterMapKind::Mask { "mask" } else { "image" };
    let image = request.required_input(name)?.to_f32();
    let mut shape = image.shape().to_vec();
    let image = with_depth(image.insert_axis(Axis(0)), 0).remove_axis(Axis(0));
    let map =
        FilterMap::new(image.view().into_dimensionality::<Ix3>()?, &request.extent("patch_size")?, kind);
    let n_maps = map.values().len_of(Axis(0));
    if n_maps > 1 {
        shape.insert(0, n_maps);
    }
    Ok(Outcomes::default().with_reshaped("map", &map.values(), &shape)?)
}

pub(super) fn filter_background(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let filter = read_filter(request.required("filter")?)?;
    let looked_at = if matches!(filter, PatchFilter::Mask(_)) { "mask" } else { "image" };
    let images = images(request, looked_at)?;
    let probability = request.required("filtered_patch_prob")?;
    let probability = number(probability).ok_or_else(|| CaseError::Entry {
        name: "filtered_patch_prob".to_owned(),
        got: probability.to_string(),
        expected: "a number",
    })?;
    let mut patching = StratifiedPatching::new(images.shapes(), request.extent("patch_size")?)?;
    let channel = request.natural("ref_channel")?;
    let found = thin_out_background(&mut patching, &images, channel, &filter, probability, &|| true)?;
    let row = |BackgroundCells { data_idx, sample_idx, cells, .. }: &BackgroundCells| {
        json!([data_idx, sample_idx, cells.iter().map(|cell| cell.as_slice()).collect::<Vec<_>>()])
    };
    let outcomes = Outcomes::default()
        .with("filtered", found.iter().map(row).collect::<Vec<_>>())
        .with("n_patches", patching.n_patches());
    tables(outcomes, &patching, images.shapes())
}

fn read_filter(value: &Value) -> Result<PatchFilter, OperationError> {
    let name = value.get("name").or_else(|| value.get("class")).and_then(Value::as_str);
    Ok(match name {
        Some("max" | "MaxPatchFilter") => {
            MaxFilter::new(entry(value, "threshold")?, entry(value, "coverage")?)?.into()
        }
        Some("mean_std" | "MeanStdPatchFilter") => {
            let std = value.get("std_threshold").filter(|std| !std.is_null());
            let std = std.map(|_| entry(value, "std_threshold")).transpose()?;
            let mean = entry(value, "mean_threshold")?;
            // A rule of the reference alone: images may have negative values.
            if mean < 0.0 {
                return Err(OperationError::refused(format!(
                    "got mean_threshold {mean}, expected at least 0"
                )));
            }
            MeanStdFilter::new(mean, std)?.into()
        }
        Some("shannon" | "ShannonPatchFilter") => ShannonFilter::new(entry(value, "threshold")?)?.into(),
        Some("mask" | "MaskPatchFilter") => MaskFilter::new(entry(value, "coverage")?)?.into(),
        _ => return Err(OperationError::refused(format!("no filter is called {name:?}"))),
    })
}

/// A number that must be there.
fn entry(block: &Value, name: &str) -> Result<f64, CaseError> {
    let value = block.get(name).unwrap_or(&Value::Null);
    number(value).ok_or_else(|| CaseError::Entry {
        name: name.to_owned(),
        got: value.to_string(),
        expected: "a number",
    })
}
