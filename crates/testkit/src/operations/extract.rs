//! Cutting patches out of arrays in memory.

use std::sync::Arc;

use ndarray::ArrayD;
use patchweave_construct::PatchExtractor;
use patchweave_geometry::{Axes, ImageShape, Region};
use patchweave_stack::{ArrayStack, ImageStack, ImageStackExt};

use super::axes::numbered;
use crate::golden::{NumericArray, OperationError, Outcomes, Request, with_numeric};

/// An array of any type as an image source.
pub(super) fn array_stack(array: NumericArray, axes: &Axes) -> Result<Arc<dyn ImageStack>, OperationError> {
    with_numeric!(array, array => Ok(Arc::new(ArrayStack::new(array, axes)?)))
}

/// The arrays `prefix_0`, `prefix_1` … of a case.
pub(super) fn images(request: &Request<'_>, prefix: &str) -> Result<PatchExtractor, OperationError> {
    let axes = request.required_axes("axes")?;
    let mut stacks = Vec::new();
    while let Some(image) = request.input(&format!("{prefix}_{}", stacks.len()))? {
        stacks.push(array_stack(image, &axes)?);
    }
    Ok(PatchExtractor::new(stacks)?)
}

pub(super) fn extract_patch(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let axes = request.required_axes("axes")?;
    let image = match request.input("image")? {
        Some(image) => image,
        None => numbered(&request.naturals("shape")?)?,
    };
    patch_of(request, &*array_stack(image, &axes)?)
}

/// The patch that a check asks for, from any source.
pub(super) fn patch_of(request: &Request<'_>, stack: &dyn ImageStack) -> Result<Outcomes, OperationError> {
    let channels = request.optional_naturals("channels")?;
    let region = Region::new(request.coords("coords")?, request.extent("patch_size")?)?;
    let patch = stack.read_patch(request.natural("sample_idx")?, channels.as_deref(), &region)?;
    let shape: Vec<usize> = std::iter::once(patch.shape()[0]).chain(region.size.iter()).collect();
    Ok(Outcomes::default().with_reshaped("patch", &patch, &shape)?)
}

pub(super) fn patch_extractor(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let mut stacks = Vec::new();
    for shape in request.image_shapes("shapes")? {
        let axes = if shape.extent.n_axes() == 3 { "SCZYX" } else { "SCYX" };
        stacks.push(array_stack(ArrayD::<u8>::zeros(shape.to_vec()).into(), &axes.parse()?)?);
    }
    let extractor = PatchExtractor::new(stacks)?;
    Ok(Outcomes::default()
        .with("shapes", shape_lists(extractor.shapes()))
        .with("n_channels", extractor.n_channels()))
}

/// Shapes as lists of numbers.
pub(super) fn shape_lists(shapes: &[ImageShape]) -> Vec<Vec<usize>> {
    shapes.iter().map(ImageShape::to_vec).collect()
}
