//! The one loop that turns pixels of any type into `f32` on their way.

use ndarray::{ArrayView, ArrayViewMut, Dimension, ErrorKind, ShapeError, Zip};

use crate::Pixel;

/// Copies `source` into `target` of the same shape, converting to `f32`.
///
/// Rows that are contiguous on both sides are copied as slices, which the compiler vectorises.
///
/// # Errors
/// [`ShapeError`] if the shapes differ; nothing is written then.
pub fn copy_as_f32<T: Pixel, D: Dimension>(
    source: ArrayView<'_, T, D>,
    mut target: ArrayViewMut<'_, f32, D>,
) -> Result<(), ShapeError> {
    if source.shape() != target.shape() {
        return Err(ShapeError::from_kind(ErrorKind::IncompatibleShape));
    }
    if let (Some(from), Some(to)) = (source.as_slice(), target.as_slice_mut()) {
        convert_row(from, to);
        return Ok(());
    }
    Zip::from(source.rows()).and(target.rows_mut()).for_each(|from, mut to| {
        match (from.as_slice(), to.as_slice_mut()) {
            (Some(from), Some(to)) => convert_row(from, to),
            _ => Zip::from(from).and(&mut to).for_each(|&from, to| *to = from.to_f32()),
        }
    });
    Ok(())
}

fn convert_row<T: Pixel>(from: &[T], to: &mut [f32]) {
    for (to, &from) in to.iter_mut().zip(from) {
        *to = from.to_f32();
    }
}
