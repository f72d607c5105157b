//! The smallest and the largest value of what is selected.

use patchweave_pixel::{Pixel, PixelMap, with_typed};
use patchweave_sink::UnitGrid;
use rayon::prelude::*;

use crate::{ConvertError, Source};

/// Pixels that are looked at in one piece.
const PART: usize = 1 << 20;

/// The smallest and the largest value of a source before it becomes another type; `None` if no pixel is a finite number.
///
/// Reads all pixels once, on the threads of the caller's rayon pool.
///
/// # Errors
/// [`ConvertError::Read`].
///
/// ```
/// use std::sync::Arc;
///
/// use patchweave_convert::{Selection, Source, extremes};
/// use patchweave_pixel::{PixelMap, PixelType};
/// use patchweave_stack::ArrayStack;
///
/// let image = ndarray::arr2(&[[3.5_f32, f32::NAN], [-1.0, 2.0]]).into_dyn();
/// let stack = Arc::new(ArrayStack::new(image, &"YX".parse()?)?);
/// let source = Source::new(stack, Selection::whole(), PixelMap::to(PixelType::U8))?;
/// assert_eq!(extremes(&source)?, Some((-1.0, 3.5)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn extremes(source: &Source) -> Result<Option<(f64, f64)>, ConvertError> {
    let own = source.with_map(PixelMap::to(source.stack().info().pixel_type));
    // Whole rows of planes, so that what is decoded is used.
    let mut left = PART;
    let shape = own.layout().shape();
    let mut part: Vec<usize> = shape
        .iter()
        .rev()
        .map(|n| {
            let size = left.clamp(1, *n);
            left = left.div_euclid(*n);
            size
        })
        .collect();
    part.reverse();
    let geometry = |error| ConvertError::Geometry { stack: own.stack().info().source.clone(), source: error };
    let grid = UnitGrid::new(own.layout().clone(), &part).map_err(geometry)?;
    let parts = (0..grid.n_units()).par_bridge().map(|unit_idx| {
        let Some(unit) = grid.unit(unit_idx) else { return Ok(None) };
        let (pixels, _) = own.read(grid.layout(), &unit)?;
        Ok(with_typed!(TypedView, pixels.view(), view => of_pixels(view.iter())))
    });
    parts.try_reduce(|| None, |a, b| Ok(joined(a, b)))
}

fn of_pixels<'a, T: Pixel>(pixels: impl Iterator<Item = &'a T>) -> Option<(f64, f64)> {
    let values = pixels.map(|pixel| pixel.to_f64()).filter(|value| value.is_finite());
    values.fold(None, |range, value| joined(range, Some((value, value))))
}

fn joined(a: Option<(f64, f64)>, b: Option<(f64, f64)>) -> Option<(f64, f64)> {
    match (a, b) {
        (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
        (a, b) => a.or(b),
    }
}
