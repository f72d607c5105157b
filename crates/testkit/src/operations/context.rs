//! Lateral context: padding, shrinking, and patches at several scales.

use ndarray::{Array5, Axis as Dim, Slice};
use patchweave_construct::{LateralContext, PatchExtractor, Scratch};
use patchweave_geometry::{Axes, Context, ContextPadding, Coords, Extent, PatchSpec, coordinate};

use super::extract::array_stack;
use crate::golden::{OperationError, Outcomes, Request};

/// The scales and padding of a request.
pub(super) fn lateral_context(request: &Request<'_>) -> Result<LateralContext, OperationError> {
    let padding = padding(request, "padding_mode", ContextPadding::WrapWindow)?;
    Ok(LateralContext::new(Context::new(request.natural("multiscale_count")?, padding)?))
}

fn padding(
    request: &Request<'_>,
    name: &str,
    wrap: ContextPadding,
) -> Result<ContextPadding, OperationError> {
    match request.text(name)? {
        Some("reflect") => Ok(ContextPadding::Reflect),
        Some("wrap") => Ok(wrap),
        other => Err(OperationError::refused(format!("no padding is called {other:?}"))),
    }
}

pub(super) fn pad_index(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let [size, before, after] =
        [request.natural("size")?, request.natural("before")?, request.natural("after")?];
    let context = Context::new(1, padding(request, "mode", ContextPadding::WrapImage)?)?;
    let start = Coords::new(&[0, -coordinate(before)])?;
    let [.., axis] =
        context.axes(&start, &Extent::new(&[1, before + size + after])?, &Extent::new(&[1, size])?)?;
    let index: Vec<Option<usize>> = (0..axis.len()).map(|position| axis.pixel(position)).collect();
    Ok(Outcomes::default().with("index", index))
}

/// A window is what the coarsest scale sees of an image of just that size.
pub(super) fn resize_antialias(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let window = request.required_input("window")?;
    let factor = request.natural("factor")?;
    if !factor.is_power_of_two() {
        return Err(OperationError::NotSupported);
    }
    let patch_size = request.extent("out_size")?;
    let axes: Axes = if patch_size.n_axes() == 3 { "CZYX" } else { "CYX" }.parse()?;
    let images = PatchExtractor::new(vec![array_stack(window, &axes)?])?;
    let n_scales = usize::try_from(factor.trailing_zeros()).unwrap_or(0) + 1;
    let context = LateralContext::new(Context::new(n_scales, ContextPadding::Reflect)?);
    let half = |n: usize| coordinate(n * factor / 2 - n / 2);
    let coords = patch_size.per_axis().map(half);
    let spec = PatchSpec { data_idx: 0, sample_idx: 0, coords, patch_size };
    let mut scales = extract(&context, &images, &spec, None)?;
    scales.slice_axis_inplace(Dim(1), Slice::from(n_scales - 1..));
    let shape: Vec<usize> = std::iter::once(scales.shape()[0]).chain(patch_size.iter()).collect();
    Ok(Outcomes::default().with_reshaped("out", &scales, &shape)?)
}

pub(super) fn patch(request: &Request<'_>) -> Result<Outcomes, OperationError> {
    let axes = request.required_axes("axes")?;
    let images = PatchExtractor::new(vec![array_stack(request.required_input("image")?, &axes)?])?;
    let spec = PatchSpec {
        data_idx: 0,
        sample_idx: request.natural("sample_idx")?,
        coords: request.coords("coords")?,
        patch_size: request.extent("patch_size")?,
    };
    let channels = request.optional_naturals("channels")?;
    let scales = extract(&lateral_context(request)?, &images, &spec, channels.as_deref())?;
    let shape: Vec<usize> = scales.shape()[..2].iter().copied().chain(spec.patch_size.iter()).collect();
    Ok(Outcomes::default().with_reshaped("patch", &scales, &shape)?)
}

fn extract(
    context: &LateralContext,
    images: &PatchExtractor,
    spec: &PatchSpec,
    channels: Option<&[usize]>,
) -> Result<Array5<f32>, OperationError> {
    let [z, y, x] = spec.patch_size.to_zyx();
    let n_channels = channels.map_or(images.n_channels(), <[usize]>::len);
    let mut scales = Array5::zeros([n_channels, context.context().n_scales(), z, y, x]);
    context.extract_into(images, spec, channels, &mut Scratch::default(), scales.view_mut())?;
    Ok(scales)
}
