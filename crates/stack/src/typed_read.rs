//! Pixels of any type from sources that deliver `f32`.

use ndarray::{Array4, Ix4, Zip};
use patchweave_geometry::try_zeros;
use patchweave_pixel::{Pixel, TypedViewMut, with_typed};

use crate::inside_window::{InsideWindow, PatchViewMut};
use crate::judgement::check_exact;
use crate::{Exactness, StackError, StackInfo};

/// Turns what `read` delivers into pixels of the image's own type, as long as they are what they were.
///
/// # Errors
/// What `read` and `tell` report, [`StackError::Inexact`] for pixels that may have been rounded, and
/// [`StackError::PixelType`] for memory of another type.
pub(crate) fn from_f32(
    info: &StackInfo,
    window: &InsideWindow<'_>,
    out: TypedViewMut<'_>,
    read: impl FnOnce(PatchViewMut<'_>) -> Result<(), StackError>,
    tell: impl FnOnce() -> Result<Exactness, StackError>,
) -> Result<(), StackError> {
    info.check_typed(&out)?;
    let mut shape = [1; 4];
    shape.iter_mut().zip(out.shape()).for_each(|(to, size)| *to = *size);
    let no_memory = || StackError::OutOfMemory { stack: info.source.clone(), shape };
    let out = match out {
        TypedViewMut::F32(out) => {
            return read(out.into_dimensionality::<Ix4>().map_err(|_| no_memory())?);
        }
        out => out,
    };
    let values = try_zeros(&shape).and_then(|values| Array4::from_shape_vec(shape, values).ok());
    let mut values = values.ok_or_else(no_memory)?;
    read(values.view_mut())?;
    check_exact(info, window, &values.view(), tell)?;
    with_typed!(TypedViewMut, out, out => {
        let out = out.into_dimensionality::<Ix4>().map_err(|_| no_memory())?;
        Zip::from(out).and(&values).for_each(|to, value| *to = Pixel::from_f32(*value));
    });
    Ok(())
}
