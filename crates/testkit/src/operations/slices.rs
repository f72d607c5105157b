//! 2.5-D: channels made of neighbouring slices, their metadata, and plans.

use std::sync::Arc;

use patchweave_geometry::{Extent, PerAxis};
use patchweave_predict::StitchingPlan;
use patchweave_slices::{Boundary, ChannelSpec, PlanOptions, SliceOptions, SliceStack, Span, ZSlices};
use patchweave_stack::ImageStack;
use serde::Serialize;
use serde_json::Value;

use super::extract::array_stack;
use crate::golden::{CaseError, OperationError, Outcomes, Request};

pub(super) fn convert(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let slices = slice_stack(request, volume(request)?)?;
    Ok(Outcomes::default()
        .with_array("converted", slices.convert()?)
        .with("output_shape", slices.output_shape())
        .with("z_indices", slices.z_slices().to_vec()))
}

/// One row of the table: rule, place, number of slices; −1 stands for no slice.
pub(super) fn boundary(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let row = request.required("row")?;
    let at = |place: usize| row.get(place).ok_or_else(|| entry("row", row, "rule, place and size"));
    let number = |place: usize| at(place)?.as_i64().ok_or_else(|| entry("row", row, "numbers"));
    let rule: Boundary = at(0)?.as_str().unwrap_or_default().parse()?;
    let n_slices = usize::try_from(number(2)?).map_err(|_| entry("row", row, "a size"))?;
    let slice = rule.resolve(number(1)?, n_slices).and_then(|slice| i64::try_from(slice).ok());
    Ok(Outcomes::default().with("result", slice.unwrap_or(-1)))
}

pub(super) fn channel_metadata(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let metadata = spec(request)?.channel_metadata(request.natural("C")?);
    Ok(Outcomes::default().with("metadata", json(&metadata)?))
}

pub(super) fn parse(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    spec(request).map(|_| Outcomes::default())
}

pub(super) fn plan(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let slices = slice_stack(request, volume(request)?)?;
    let sizes = |name: &str| request.optional_naturals(name);
    let options = PlanOptions {
        window: sizes("window")?.map(|sizes| Extent::new(&sizes)).transpose()?,
        step: sizes("step")?.map(|sizes| PerAxis::new(&sizes)).transpose()?,
        n_colours_y: request.value("color_y_mod").map(|_| request.natural("color_y_mod")).transpose()?,
        n_colours_x: request.value("color_x_mod").map(|_| request.natural("color_x_mod")).transpose()?,
    };
    let plan = slices.extraction_plan(&options)?;
    let stitching = StitchingPlan::new(&slices, &plan)?;
    let mut outcomes = Outcomes::default().with("plan", json(&plan)?).with("stitching", json(&stitching)?);
    for entry in plan.patches() {
        let name = format!("patch_{}", entry.patch_idx);
        if request.expected(&name).is_some() {
            outcomes = outcomes.with_array(&name, slices.extract(entry)?.into_dyn());
        }
    }
    Ok(outcomes)
}

/// The 2.5-D view of a stack that the parameters of a check ask for.
pub(super) fn slice_stack(
    request: &Request<'_>,
    stack: Arc<dyn ImageStack>,
) -> Result<SliceStack<Arc<dyn ImageStack>>, OperationError> {
    let boundary = request.text("boundary_mode")?.unwrap_or("clamp").parse()?;
    let accumulation = request.text("accumulation_mode")?.unwrap_or("2d").parse()?;
    let z_slices = match request.value("z_slices") {
        None => ZSlices::All,
        Some(slice @ Value::Object(_)) => span("z_slices", slice)?.into(),
        Some(_) => request.naturals("z_slices")?.into(),
    };
    let options = SliceOptions { boundary, accumulation, z_slices, ..SliceOptions::default() };
    Ok(SliceStack::new(stack, spec(request)?, options)?)
}

/// A slice as cases write it, `{"slice": [start, stop, step]}`.
pub(super) fn span(name: &str, value: &Value) -> Result<Span, CaseError> {
    let parts: Option<[Option<i64>; 3]> =
        value.get("slice").and_then(|parts| serde_json::from_value(parts.clone()).ok());
    let [start, stop, step] = parts.ok_or_else(|| entry(name, value, "a slice"))?;
    Ok(Span { start, stop, step })
}

fn volume(request: &Request<'_>) -> Result<Arc<dyn ImageStack>, OperationError> {
    array_stack(request.required_input("data")?, &"SCZYX".parse()?)
}

fn spec(request: &Request<'_>) -> Result<ChannelSpec, OperationError> {
    let written = request.required("channel_spec")?;
    serde_json::from_value(written.clone()).map_err(|error| OperationError::Refused(error.into()))
}

fn json(value: &impl Serialize) -> Result<Value, OperationError> {
    serde_json::to_value(value).map_err(|error| OperationError::Law(error.to_string()))
}

fn entry(name: &str, got: &Value, expected: &'static str) -> CaseError {
    CaseError::Entry { name: name.to_owned(), got: got.to_string(), expected }
}
