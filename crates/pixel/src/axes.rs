//! Moving whole arrays between their own axes and `SC(Z)YX`.

use ndarray::{Array, ArrayD, ArrayView4, ArrayViewD, ArrayViewMut4, ArrayViewMutD, Axis as Dim, IxDyn};
use patchweave_geometry::{ArrayLayout, Axes, Axis, Extent, GeometryError, ImageShape};

/// Why an array could not be moved to other axes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MoveError {
    /// Axes or shape do not fit.
    #[error(transparent)]
    Geometry(#[from] GeometryError),
    /// Sizes that were checked still did not fit; a bug in this crate.
    #[error("an array could not be reshaped")]
    Shape(#[from] ndarray::ShapeError),
}

/// Brings an array to the canonical form `SC(Z)YX`; the pixel type stays.
///
/// # Errors
/// [`MoveError::Geometry`] if the axes do not describe the array or a size is zero.
pub fn to_canonical<T: Clone>(array: ArrayViewD<'_, T>, axes: &Axes) -> Result<ArrayD<T>, MoveError> {
    let layout = ArrayLayout::new(axes.clone(), array.shape())?;
    let shape = layout.image_shape().to_vec();
    let ordered = array.permuted_axes(axes.canonical_permutation());
    Ok(ordered.as_standard_layout().into_owned().into_shape_with_order(shape)?)
}

/// One sample of an array in its own axes, seen as `CZYX` without copying (planes have depth 1).
///
/// # Errors
/// [`MoveError::Geometry`] if the array has not the layout's shape or not that sample.
pub fn canonical_view<'a, T>(
    array: ArrayViewD<'a, T>,
    layout: &ArrayLayout,
    sample_idx: usize,
) -> Result<ArrayView4<'a, T>, MoveError> {
    check_shape(array.shape(), layout)?;
    let (s, t) = layout.locate_sample(sample_idx)?;
    let mut view = array.permuted_axes(layout.axes().canonical_permutation());
    for (axis, position) in [(Axis::S, s), (Axis::T, t)] {
        if layout.axes().contains(axis) {
            view = view.index_axis_move(Dim(0), position);
        }
    }
    if !layout.axes().contains(Axis::C) {
        view = view.insert_axis(Dim(0));
    }
    if !layout.axes().is_3d() {
        view = view.insert_axis(Dim(1));
    }
    Ok(view.into_dimensionality()?)
}

/// A `CZYX` block of one sample, seen with the dimensions of an array in its own axes and writable.
///
/// Every axis of `axes` is there, `S` and `T` with length 1, so that a reader that walks its own
/// dimensions writes straight to the right place. This is the inverse of [`canonical_view`].
///
/// # Errors
/// [`MoveError::Geometry`] if the block has several channels or planes and the axes no `C` or `Z`.
pub fn own_axes_view<'a, T>(
    block: ArrayViewMut4<'a, T>,
    axes: &Axes,
) -> Result<ArrayViewMutD<'a, T>, MoveError> {
    let mut view = block.into_dyn();
    for (axis, at) in [(Axis::Z, 1), (Axis::C, 0)] {
        if !axes.contains(axis) {
            if view.shape()[at] != 1 {
                let expected = if axis == Axis::Z { "a single plane" } else { "a single channel" };
                return Err(GeometryError::ArrayRank { shape: view.shape().to_vec(), expected }.into());
            }
            view = view.index_axis_move(Dim(at), 0);
        }
    }
    for axis in [Axis::T, Axis::S] {
        if axes.contains(axis) {
            view = view.insert_axis(Dim(0));
        }
    }
    Ok(view.permuted_axes(inverse(&axes.canonical_permutation())))
}

/// The permutation that undoes `order`.
fn inverse(order: &[usize]) -> Vec<usize> {
    let mut back = vec![0; order.len()];
    for (place, &at) in order.iter().enumerate() {
        back[at] = place;
    }
    back
}

/// Brings a canonical array back to the axes it came from, or to `target`.
///
/// The channel axis keeps its current length, so a result with more channels than the source fits as
/// long as the target has a `C`. An image with axes `SCTYX` is read as `SCZYX`, time used as depth.
///
/// # Errors
/// [`MoveError::Geometry`] if the array is not `SC(Z)YX`, has other samples or sizes than `original`,
/// or if `target` has other sample or spatial axes than the original.
pub fn restore<T: Clone>(
    array: ArrayViewD<'_, T>,
    original: &ArrayLayout,
    target: Option<&Axes>,
) -> Result<ArrayD<T>, MoveError> {
    let shape = ImageShape::from_slice(array.shape())?;
    let (original, target) = time_as_depth(original, target, shape.extent.n_axes());
    let restored = original.restored(&target, shape.n_channels)?;
    let image = original.image_shape();
    if (shape.n_samples, shape.extent) != (image.n_samples, image.extent) {
        return Err(mismatch(array.shape(), &original));
    }
    into_layout(array.as_standard_layout().into_owned(), &restored)
}

/// Brings a tile `C(Z)YX` to the order of `target`, without sample axes.
///
/// # Errors
/// As [`restore`]; the sizes of a tile are its own.
pub fn restore_tile<T: Clone>(
    tile: ArrayViewD<'_, T>,
    original: &ArrayLayout,
    target: Option<&Axes>,
) -> Result<ArrayD<T>, MoveError> {
    if !(3..=4).contains(&tile.ndim()) {
        return Err(GeometryError::ArrayRank { shape: tile.shape().to_vec(), expected: "CYX or CZYX" }.into());
    }
    let (original, target) = time_as_depth(original, target, tile.ndim() - 1);
    let crop = Extent::new(&tile.shape()[1..])?;
    let restored = original.restored(&target, tile.shape()[0])?.tile(&crop)?;
    into_layout(tile.as_standard_layout().into_owned(), &restored)
}

/// The layouts to restore with: `SCTYX` becomes `SCZYX` where the array has depth.
fn time_as_depth(original: &ArrayLayout, target: Option<&Axes>, n_spatial: usize) -> (ArrayLayout, Axes) {
    let target = target.unwrap_or(original.axes());
    if n_spatial != 3 || original.axes().to_string() != "SCTYX" {
        return (original.clone(), target.clone());
    }
    let original = original.with_time_as_depth();
    let target = if target.to_string() == "SCTYX" { original.axes().clone() } else { target.clone() };
    (original, target)
}

/// Reshapes a standard-layout array in reference order to the sizes of `layout`, then transposes it.
fn into_layout<T: Clone>(array: ArrayD<T>, layout: &ArrayLayout) -> Result<ArrayD<T>, MoveError> {
    let order = layout.axes().canonical_permutation();
    let canonical_shape: Vec<usize> = order.iter().map(|&at| layout.shape()[at]).collect();
    if canonical_shape.iter().product::<usize>() != array.len() {
        return Err(mismatch(array.shape(), layout));
    }
    let split: Array<T, IxDyn> = array.into_shape_with_order(canonical_shape)?;
    Ok(split.permuted_axes(inverse(&order)).as_standard_layout().into_owned())
}

fn check_shape(shape: &[usize], layout: &ArrayLayout) -> Result<(), MoveError> {
    if shape == layout.shape() { Ok(()) } else { Err(mismatch(shape, layout)) }
}

fn mismatch(shape: &[usize], layout: &ArrayLayout) -> MoveError {
    GeometryError::ShapeMismatch {
        shape: shape.to_vec(),
        axes: layout.axes().clone(),
        expected: layout.shape().to_vec(),
    }
    .into()
}
