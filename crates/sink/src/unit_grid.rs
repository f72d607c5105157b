//! How an image is cut into units, each of which is written whole by one owner; integers only.

use std::ops::Range;

use ndarray::{IxDyn, indices};
use patchweave_geometry::{ArrayLayout, GeometryError, c_strides};
use patchweave_pixel::PixelType;

/// Units that are chosen have about so many bytes.
const UNIT_BYTES: usize = 4 << 20;

/// The units of an image: boxes of one size, cut to the image at its ends, numbered in C order of the axes.
///
/// ```
/// use patchweave_geometry::ArrayLayout;
/// use patchweave_sink::UnitGrid;
///
/// let layout = ArrayLayout::new("CYX".parse()?, &[2, 10, 7])?;
/// let grid = UnitGrid::new(layout, &[1, 4, 8])?;
/// assert_eq!(grid.n_units(), 6);
/// let last = grid.unit(5).unwrap();
/// assert_eq!((last.start, last.size), (vec![1, 8, 0], vec![1, 2, 7]));
/// assert_eq!(grid.touching(&[0, 3, 0], &[2, 2, 1]).collect::<Vec<_>>(), [0, 1, 3, 4]);
/// assert_eq!(grid.unit(6), None);
/// # Ok::<(), patchweave_geometry::GeometryError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitGrid {
    layout: ArrayLayout,
    unit_size: Vec<usize>,
    n_along: Vec<usize>,
}

/// One unit of an image, in its axes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// The first pixel.
    pub start: Vec<usize>,
    /// Pixels along every axis, those inside the image.
    pub size: Vec<usize>,
}

impl UnitGrid {
    /// Units of a size in an image; sizes larger than the image mean all of it.
    ///
    /// # Errors
    /// [`GeometryError::BadSize`] if a size is 0 or there is not one for every axis.
    pub fn new(layout: ArrayLayout, unit_size: &[usize]) -> Result<Self, GeometryError> {
        if unit_size.len() != layout.shape().len() || unit_size.contains(&0) {
            return Err(GeometryError::BadSize { shape: unit_size.to_vec() });
        }
        let sizes = layout.shape().iter().zip(unit_size);
        let unit_size: Vec<usize> = sizes.map(|(n, unit)| (*unit).min(*n)).collect();
        let n_along = layout.shape().iter().zip(&unit_size).map(|(n, unit)| n.div_ceil(*unit)).collect();
        Ok(UnitGrid { layout, unit_size, n_along })
    }

    /// Axes and shape of the image, in the order in which units are written.
    #[must_use]
    pub fn layout(&self) -> &ArrayLayout {
        &self.layout
    }

    /// Pixels of a unit along every axis; those at the ends of the image may have fewer.
    #[must_use]
    pub fn unit_size(&self) -> &[usize] {
        &self.unit_size
    }

    /// How many units there are.
    #[must_use]
    pub fn n_units(&self) -> usize {
        self.n_along.iter().product()
    }

    /// Where a unit is; `None` if there is none of that number.
    #[must_use]
    pub fn unit(&self, unit_idx: usize) -> Option<Unit> {
        if unit_idx >= self.n_units() {
            return None;
        }
        let place = |(stride, n): (&usize, &usize)| unit_idx / stride % n;
        let places = c_strides(&self.n_along).iter().zip(&self.n_along).map(place).collect::<Vec<_>>();
        let start: Vec<usize> = places.iter().zip(&self.unit_size).map(|(at, size)| at * size).collect();
        let ends = self.layout.shape().iter().zip(&start);
        let size = ends.zip(&self.unit_size).map(|((n, start), size)| (n - start).min(*size)).collect();
        Some(Unit { start, size })
    }

    /// The place of a unit in the grid along every axis; `None` if there is none of that number.
    #[must_use]
    pub fn place(&self, unit_idx: usize) -> Option<Vec<usize>> {
        let unit = self.unit(unit_idx)?;
        Some(unit.start.iter().zip(&self.unit_size).map(|(start, size)| start / size).collect())
    }

    /// The units that have pixels in a box, ascending; a box beyond the image is cut to it.
    pub fn touching(&self, start: &[usize], size: &[usize]) -> impl Iterator<Item = usize> + use<> {
        let ranges = self.layout.shape().iter().zip(&self.unit_size).zip(start.iter().zip(size));
        let ranges: Vec<Range<usize>> = ranges
            .map(|((n, unit), (start, size))| {
                let end = start.saturating_add(*size).min(*n);
                if *start < end { start / unit..end.div_ceil(*unit) } else { 0..0 }
            })
            .collect();
        let strides = c_strides(&self.n_along);
        let lengths: Vec<usize> = ranges.iter().map(Range::len).collect();
        indices(IxDyn(&lengths)).into_iter().map(move |step| {
            let places = ranges.iter().zip(&strides).enumerate();
            places.map(|(axis, (range, stride))| (range.start + step[axis]) * stride).sum()
        })
    }

    /// A grid whose units are made of whole units of this one, `factors` along every axis.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn joined(&self, factors: &[usize]) -> Result<Self, GeometryError> {
        let sizes = self.unit_size.iter().zip(factors);
        let sizes: Vec<usize> = sizes.map(|(size, factor)| size.saturating_mul(*factor)).collect();
        UnitGrid::new(self.layout.clone(), &sizes)
    }
}

/// The size of units that lie in one piece in C order: whole rows along the trailing axes, about 4 MiB of them.
pub(crate) fn leading_rows(shape: &[usize], pixel_type: PixelType) -> Vec<usize> {
    let mut unit = shape.to_vec();
    let mut row_bytes = pixel_type.n_bytes();
    for at in (0..unit.len()).rev() {
        let whole = row_bytes.saturating_mul(unit[at]);
        if whole > UNIT_BYTES || at == 0 {
            // A power of two, so that units of other formats have a small common multiple with it.
            let n_rows = 1 << (UNIT_BYTES / row_bytes).max(1).ilog2();
            unit[at] = unit[at].min(n_rows);
            unit[..at].fill(1);
            break;
        }
        row_bytes = whole;
    }
    unit
}

/// The part of a box that lies in a unit: where it starts in the box, where in the unit, and its size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Overlap {
    pub in_box: Vec<usize>,
    pub in_unit: Vec<usize>,
    pub size: Vec<usize>,
}

impl Unit {
    /// What this unit has of a box; empty along an axis along which they do not meet.
    pub(crate) fn overlap(&self, start: &[usize], size: &[usize]) -> Overlap {
        let n_axes = self.start.len();
        let mut overlap = Overlap {
            in_box: Vec::with_capacity(n_axes),
            in_unit: Vec::with_capacity(n_axes),
            size: Vec::with_capacity(n_axes),
        };
        for axis in 0..n_axes {
            let first = self.start[axis].max(start[axis]);
            let end = (self.start[axis] + self.size[axis]).min(start[axis].saturating_add(size[axis]));
            overlap.in_box.push(first - start[axis]);
            overlap.in_unit.push(first - self.start[axis]);
            overlap.size.push(end.saturating_sub(first));
        }
        overlap
    }

    /// How many pixels it has.
    #[must_use]
    pub fn n_pixels(&self) -> usize {
        self.size.iter().product()
    }
}

/// How often a size has to be taken to become a multiple of another.
pub(crate) fn times_to_multiple(size: usize, of: usize) -> usize {
    let (mut divisor, mut rest) = (of, size);
    while rest > 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    of / divisor.max(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn layout(shape: &[usize]) -> ArrayLayout {
        let axes = &"STCZYX"[6 - shape.len()..];
        ArrayLayout::new(axes.parse().unwrap(), shape).unwrap()
    }

    proptest! {
        /// Every pixel of a box lies in exactly one of the units that touch it.
        #[test]
        fn units_tile_the_image(
            axes in prop::collection::vec((1_usize..9, 1_usize..11, 0_usize..9, 1_usize..9), 2..4),
        ) {
            let shape: Vec<usize> = axes.iter().map(|axis| axis.0).collect();
            let unit: Vec<usize> = axes.iter().map(|axis| axis.1).collect();
            let start: Vec<usize> = axes.iter().map(|axis| axis.2 % axis.0).collect();
            let size: Vec<usize> = axes.iter().zip(&start).map(|(axis, start)| axis.3.min(axis.0 - start)).collect();
            let grid = UnitGrid::new(layout(&shape), &unit).unwrap();
            let touching: Vec<usize> = grid.touching(&start, &size).collect();
            prop_assert!(touching.is_sorted());
            let mut n_inside = 0;
            for unit_idx in 0..grid.n_units() {
                let unit = grid.unit(unit_idx).unwrap();
                let meets = (0..shape.len()).all(|axis| {
                    unit.start[axis] < start[axis] + size[axis] && start[axis] < unit.start[axis] + unit.size[axis]
                });
                prop_assert_eq!(touching.contains(&unit_idx), meets);
                if meets {
                    let overlap = unit.overlap(&start, &size);
                    n_inside += overlap.size.iter().product::<usize>();
                    for (axis, start) in start.iter().enumerate() {
                        prop_assert_eq!(
                            unit.start[axis] + overlap.in_unit[axis], start + overlap.in_box[axis]
                        );
                    }
                }
            }
            prop_assert_eq!(n_inside, size.iter().product::<usize>());
            let all: usize = (0..grid.n_units()).map(|unit| grid.unit(unit).unwrap().n_pixels()).sum();
            prop_assert_eq!(all, shape.iter().product::<usize>());
            prop_assert!(grid.unit(grid.n_units()).is_none());
        }
    }

    #[test]
    fn leading_rows_lie_in_one_piece() {
        let rows = |shape: &[usize]| leading_rows(shape, PixelType::U16);
        assert_eq!(rows(&[3, 100, 100]), [3, 100, 100], "a small image is one unit");
        assert_eq!(rows(&[300, 1000, 1000]), [2, 1000, 1000]);
        assert_eq!(rows(&[3, 4000, 1000]), [1, 2048, 1000]);
        assert_eq!(rows(&[3, 4, 1 << 23]), [1, 1, 1 << 21], "a row may be cut");
    }

    #[test]
    fn boxes_beyond_the_image_touch_nothing() {
        let grid = UnitGrid::new(layout(&[4, 4]), &[2, 2]).unwrap();
        assert_eq!(grid.touching(&[4, 0], &[1, 1]).count(), 0);
        assert_eq!(grid.touching(&[0, 0], &[0, 1]).count(), 0);
        assert_eq!(grid.touching(&[3, 3], &[usize::MAX, 9]).collect::<Vec<_>>(), [3]);
        assert!(UnitGrid::new(layout(&[4, 4]), &[0, 2]).is_err());
    }
}
