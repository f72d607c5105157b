//! Whether what was written is what was read.

use std::sync::Arc;

use patchweave_geometry::{ArrayLayout, Axis};
use patchweave_pixel::{PixelMap, PixelType};
use patchweave_sink::{Unit, UnitGrid};
use patchweave_stack::{ImageStack, StackInfo};
use rayon::prelude::*;

use crate::{ConvertError, Selection, Source};

/// Where what was written is not what was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// Other axes, another shape or another pixel type.
    Form {
        /// What was found.
        got: String,
        /// What was written.
        expected: String,
    },
    /// Other pixels, first in this unit.
    Pixels(Unit),
}

/// Compares what a source gives with an image that was written of it and opened again: all pixels of a grid's units, bit by
/// bit. An image with samples `S` may have been written as a collection of images, in this order.
///
/// # Errors
/// [`ConvertError::Read`] if one of them cannot be read.
///
/// ```
/// use std::sync::Arc;
///
/// use patchweave_convert::{Difference, Selection, Source, check};
/// use patchweave_pixel::{PixelMap, PixelType};
/// use patchweave_sink::UnitGrid;
/// use patchweave_stack::{ArrayStack, ImageStack};
///
/// let stack = |last: u16| -> Result<Arc<dyn ImageStack>, Box<dyn std::error::Error>> {
///     Ok(Arc::new(ArrayStack::new(ndarray::arr2(&[[1, 2], [3, last]]).into_dyn(), &"YX".parse()?)?))
/// };
/// let source = Source::new(stack(4)?, Selection::whole(), PixelMap::to(PixelType::U16))?;
/// let grid = UnitGrid::new(source.layout().clone(), &[1, 2])?;
/// assert_eq!(check(&source, &grid, &[stack(4)?])?, None);
/// assert_eq!(check(&source, &grid, &[stack(5)?])?, grid.unit(1).map(Difference::Pixels));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn check(
    source: &Source,
    grid: &UnitGrid,
    written: &[Arc<dyn ImageStack>],
) -> Result<Option<Difference>, ConvertError> {
    let is_collection = grid.layout().axes().contains(Axis::S)
        && written.first().is_some_and(|image| !image.info().layout.axes().contains(Axis::S));
    let images = written.iter().map(|image| {
        let map = PixelMap::to(image.info().pixel_type);
        Source::new(Arc::clone(image), Selection::whole(), map)
    });
    let images = images.collect::<Result<Vec<_>, _>>()?;
    let n_images = if is_collection { grid.layout().size_of(Axis::S).unwrap_or(1) } else { 1 };
    if images.len() != n_images {
        let got = format!("{} images", images.len());
        return Ok(Some(Difference::Form { got, expected: n_images.to_string() }));
    }
    for image in &images {
        if let Some(difference) = other_form(image.stack().info(), source, is_collection) {
            return Ok(Some(difference));
        }
    }
    let found = (0..grid.n_units()).into_par_iter().map(|unit_idx| {
        let Some(unit) = grid.unit(unit_idx) else { return Ok(None) };
        let (expected, _) = source.read(grid.layout(), &unit)?;
        let at = grid.layout().axes().position(Axis::S).filter(|_| is_collection);
        let (image_idx, own, layout) = match at {
            None => (0, unit.clone(), grid.layout().clone()),
            Some(at) => (unit.start[at], first_sample(&unit, at), grid.layout().clone()),
        };
        let Some(image) = images.get(image_idx) else { return Ok(Some(unit)) };
        let (got, _) = image.read(&layout, &own)?;
        let is_same = got.view().to_bytes() == expected.view().to_bytes();
        Ok::<_, ConvertError>((!is_same).then_some(unit))
    });
    let found = found.try_reduce(|| None, |a, b| Ok(a.or(b)))?;
    Ok(found.map(Difference::Pixels))
}

/// The same unit in an image without samples.
fn first_sample(unit: &Unit, at: usize) -> Unit {
    let mut own = unit.clone();
    own.start[at] = 0;
    own
}

fn other_form(info: &StackInfo, source: &Source, is_collection: bool) -> Option<Difference> {
    let form = |layout: &ArrayLayout, pixel_type| {
        // Formats without truth values have bytes of 0 and 1.
        let pixel_type = if pixel_type == PixelType::Bool { PixelType::U8 } else { pixel_type };
        let sizes = layout.axes().as_slice().iter().zip(layout.shape());
        // Dimensions of size 1 may be named or not, and stand in any order.
        let sizes = sizes.filter(|(axis, size)| **size > 1 && !(is_collection && **axis == Axis::S));
        let mut sizes: Vec<String> = sizes.map(|(axis, size)| format!("{axis:?} {size}")).collect();
        sizes.sort();
        format!("{} ({pixel_type})", sizes.join(", "))
    };
    let got = form(&info.layout, info.pixel_type);
    let expected = form(source.layout(), source.map().pixel_type());
    (got != expected).then_some(Difference::Form { got, expected })
}
