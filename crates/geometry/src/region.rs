//! A box in an image, which may stick out, and the part of it that is inside.

use serde::{Deserialize, Serialize};

use crate::{Coords, Extent, GeometryError, coordinate};

/// A box of pixels, from `start` over `size`; any part of it may lie outside the image.
///
/// ```
/// use patchweave_geometry::{Extent, PerAxis, Region};
///
/// let region = Region::new(PerAxis::new(&[-2, 5])?, Extent::new(&[4, 4])?)?;
/// let inside = region.clip(&Extent::new(&[8, 8])?)?.unwrap();
/// assert_eq!(inside.start, [0, 0, 5]);
/// assert_eq!(inside.size, [1, 2, 3]);
/// assert_eq!(inside.offset, [0, 2, 0]);
/// # Ok::<(), patchweave_geometry::GeometryError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Region {
    /// First pixel along `(Z)YX`.
    pub start: Coords,
    /// Number of pixels along `(Z)YX`.
    pub size: Extent,
}

impl Region {
    /// Joins a start and a size of the same rank.
    ///
    /// # Errors
    /// [`GeometryError::RankMismatch`] if one is two- and the other three-dimensional.
    pub fn new(start: Coords, size: Extent) -> Result<Self, GeometryError> {
        if start.n_axes() == size.n_axes() {
            Ok(Region { start, size })
        } else {
            Err(GeometryError::RankMismatch { what: "size", got: size.n_axes(), expected: start.n_axes() })
        }
    }

    /// The whole of an image.
    pub fn whole(image: Extent) -> Self {
        Region { start: image.per_axis().map(|_| 0), size: image }
    }

    /// The part of this region inside an image of extent `image`; `None` if nothing of it is.
    ///
    /// # Errors
    /// [`GeometryError::RankMismatch`] if the ranks differ.
    pub fn clip(&self, image: &Extent) -> Result<Option<InsideRegion>, GeometryError> {
        let expected = image.n_axes();
        for (what, got) in [("start", self.start.n_axes()), ("size", self.size.n_axes())] {
            if got != expected {
                return Err(GeometryError::RankMismatch { what, got, expected });
            }
        }
        let start = self.start.to_zyx(0);
        let size = self.size.to_zyx();
        let image = image.to_zyx();
        let mut inside = InsideRegion { start: [0; 3], size: [0; 3], offset: [0; 3] };
        for axis in 0..3 {
            let clamp = |at: i64| usize::try_from(at.max(0)).map_or(image[axis], |at| at.min(image[axis]));
            let length = coordinate(size[axis]);
            let low = clamp(start[axis]);
            let high = clamp(start[axis].saturating_add(length));
            if low >= high {
                return Ok(None);
            }
            inside.start[axis] = low;
            inside.size[axis] = high - low;
            inside.offset[axis] = usize::try_from(start[axis].saturating_neg()).unwrap_or(0);
        }
        Ok(Some(inside))
    }
}

/// The part of a [`Region`] that lies inside the image, always as `ZYX` (planes have depth 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InsideRegion {
    /// First pixel in the image.
    pub start: [usize; 3],
    /// Number of pixels, at least 1 along every axis.
    pub size: [usize; 3],
    /// Where the first pixel stands in the region it was cut from.
    pub offset: [usize; 3],
}

impl InsideRegion {
    /// The pixels of the image along an axis of `ZYX`.
    pub fn range(&self, axis: usize) -> std::ops::Range<usize> {
        self.start[axis]..self.start[axis] + self.size[axis]
    }
}
