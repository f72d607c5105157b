//! Whether `f32` rounded the pixels that were read.

use ndarray::ArrayView4;
use patchweave_pixel::{InexactPixel, PixelType};

use crate::inside_window::InsideWindow;
use crate::{Exactness, StackError, StackInfo};

/// From here on `f32` has no room for all whole numbers.
const LIMIT: f32 = 16_777_216.0;

/// Refuses a window of an image that was read into `values` if `f32` may have rounded one of them; `tell` is asked where
/// that cannot be seen.
///
/// # Errors
/// [`StackError::Inexact`], or what `tell` reports.
pub(crate) fn check_exact(
    info: &StackInfo,
    window: &InsideWindow<'_>,
    values: &ArrayView4<'_, f32>,
    tell: impl FnOnce() -> Result<Exactness, StackError>,
) -> Result<(), StackError> {
    let Some(pixel) = inexact(info.pixel_type, values, tell)? else { return Ok(()) };
    let [c, z, y, x] = pixel.czyx;
    let channel = window.channels.and_then(|channels| channels.get(c).copied()).unwrap_or(c);
    let [z0, y0, x0] = window.region.start;
    Err(StackError::Inexact {
        stack: info.source.clone(),
        sample_idx: window.sample_idx,
        czyx: [channel, z0 + z, y0 + y, x0 + x],
        value: pixel.to_string(),
    })
}

fn inexact(
    pixel_type: PixelType,
    values: &ArrayView4<'_, f32>,
    tell: impl FnOnce() -> Result<Exactness, StackError>,
) -> Result<Option<InexactPixel>, StackError> {
    let is_double = pixel_type == PixelType::F64;
    if pixel_type.fits_f32() || !(is_double || values.iter().any(|pixel| pixel.abs() >= LIMIT)) {
        return Ok(None);
    }
    Ok(match tell()? {
        Exactness::Exact => None,
        Exactness::Inexact(pixel) => Some(pixel),
        Exactness::Unknown => {
            let may_be_rounded = |pixel: f32| {
                pixel.is_infinite() || pixel.abs() >= LIMIT || (is_double && pixel.fract() != 0.0)
            };
            let found = values.indexed_iter().find(|(_, pixel)| may_be_rounded(**pixel));
            found.map(|((c, z, y, x), pixel)| InexactPixel {
                czyx: [c, z, y, x],
                value: format!("about {pixel}"),
                pixel_type,
            })
        }
    })
}
