//! Two or three values, one per spatial axis.

use std::fmt;
use std::ops::Index;

use serde::{Deserialize, Serialize};

use crate::{GeometryError, coordinate};

/// One value for each spatial axis, in the order `(Z)YX`: two values for planes, three for volumes.
///
/// ```
/// use patchweave_geometry::PerAxis;
///
/// let start = PerAxis::new(&[3_i64, -2])?;
/// assert_eq!(start.as_slice(), [3, -2]);
/// assert_eq!(start.to_zyx(0), [0, 3, -2]);
/// assert!(PerAxis::new(&[1, 2, 3, 4]).is_err());
/// # Ok::<(), patchweave_geometry::GeometryError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(
    try_from = "Vec<T>",
    into = "Vec<T>",
    bound(serialize = "T: Copy + Serialize", deserialize = "T: Copy + Deserialize<'de>")
)]
pub struct PerAxis<T> {
    // Planes keep their values in the last two places; the first then repeats Y and is never shown.
    zyx: [T; 3],
    is_3d: bool,
}

/// A position in an image in pixels; may lie outside of it.
pub type Coords = PerAxis<i64>;

/// How far neighbouring tiles overlap, in pixels.
pub type Overlaps = PerAxis<usize>;

impl<T: Copy> PerAxis<T> {
    /// Takes two values `YX` or three values `ZYX`.
    ///
    /// # Errors
    /// [`GeometryError::SpatialRank`] for any other number of values.
    pub fn new(values: &[T]) -> Result<Self, GeometryError> {
        match *values {
            [y, x] => Ok(PerAxis { zyx: [y, y, x], is_3d: false }),
            [z, y, x] => Ok(PerAxis { zyx: [z, y, x], is_3d: true }),
            _ => Err(GeometryError::SpatialRank { n_given: values.len() }),
        }
    }

    /// The same value for `n_axes` axes, which is 2 or 3.
    ///
    /// # Errors
    /// [`GeometryError::SpatialRank`] for any other number of axes.
    pub fn splat(value: T, n_axes: usize) -> Result<Self, GeometryError> {
        match n_axes {
            2 | 3 => Ok(PerAxis { zyx: [value; 3], is_3d: n_axes == 3 }),
            _ => Err(GeometryError::SpatialRank { n_given: n_axes }),
        }
    }

    /// The values in order.
    pub fn as_slice(&self) -> &[T] {
        &self.zyx[usize::from(!self.is_3d)..]
    }

    /// 2 or 3.
    pub fn n_axes(&self) -> usize {
        self.as_slice().len()
    }

    /// Always three values; planes get `z` in front.
    pub fn to_zyx(&self, z: T) -> [T; 3] {
        let [own_z, y, x] = self.zyx;
        [if self.is_3d { own_z } else { z }, y, x]
    }

    /// The values of `ZYX` along the axes that there are here; planes leave the first one out.
    ///
    /// ```
    /// use patchweave_geometry::PerAxis;
    ///
    /// let plane = PerAxis::new(&[64, 64])?;
    /// assert_eq!(plane.of_zyx([0, 3, 5]), PerAxis::new(&[3, 5])?);
    /// # Ok::<(), patchweave_geometry::GeometryError>(())
    /// ```
    pub fn of_zyx<U: Copy>(&self, zyx: [U; 3]) -> PerAxis<U> {
        let [z, y, x] = zyx;
        PerAxis { zyx: [if self.is_3d { z } else { y }, y, x], is_3d: self.is_3d }
    }

    /// The result of `f` for every axis.
    pub fn map<U: Copy>(&self, f: impl Fn(T) -> U) -> PerAxis<U> {
        PerAxis { zyx: self.zyx.map(f), is_3d: self.is_3d }
    }

    /// The result of `f` for every axis index, 0 being the first spatial axis.
    pub fn map_indexed<U: Copy>(&self, f: impl Fn(usize, T) -> U) -> PerAxis<U> {
        let first = 3 - self.n_axes();
        let at = |place: usize| f(place.saturating_sub(first), self.zyx[place]);
        PerAxis { zyx: [at(0), at(1), at(2)], is_3d: self.is_3d }
    }

    /// The result of `f` for every axis index, or its first error.
    ///
    /// # Errors
    /// What `f` refuses.
    pub fn try_map_indexed<U: Copy, E>(&self, f: impl Fn(usize, T) -> Result<U, E>) -> Result<PerAxis<U>, E> {
        let first = 3 - self.n_axes();
        let at = |place: usize| f(place.saturating_sub(first), self.zyx[place]);
        Ok(PerAxis { zyx: [at(0)?, at(1)?, at(2)?], is_3d: self.is_3d })
    }

    /// The values one by one.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = T> + DoubleEndedIterator + '_ {
        self.as_slice().iter().copied()
    }
}

impl PerAxis<usize> {
    /// A position in an image; what is in memory lies below 2⁶³.
    pub fn to_coords(&self) -> Coords {
        self.map(coordinate)
    }

    /// The place along every axis of element `index` of a grid with so many elements along each, the last axis fastest.
    ///
    /// ```
    /// use patchweave_geometry::PerAxis;
    ///
    /// let grid = PerAxis::new(&[3, 4])?;
    /// assert_eq!(grid.unravel(6), Some(PerAxis::new(&[1, 2])?));
    /// assert_eq!(grid.unravel(12), None);
    /// # Ok::<(), patchweave_geometry::GeometryError>(())
    /// ```
    pub fn unravel(&self, index: usize) -> Option<PerAxis<usize>> {
        let [n_z, n_y, n_x] = self.to_zyx(1);
        let row = index.checked_div(n_x)?;
        let layer = row.checked_div(n_y)?;
        (layer < n_z).then(|| self.of_zyx([layer, row % n_y, index % n_x]))
    }
}

impl<T: Copy> Index<usize> for PerAxis<T> {
    type Output = T;

    fn index(&self, axis: usize) -> &T {
        &self.as_slice()[axis]
    }
}

impl<T: Copy + fmt::Debug> fmt::Debug for PerAxis<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_slice().fmt(f)
    }
}

impl<T: Copy> TryFrom<Vec<T>> for PerAxis<T> {
    type Error = GeometryError;

    fn try_from(values: Vec<T>) -> Result<Self, GeometryError> {
        PerAxis::new(&values)
    }
}

impl<T: Copy> From<PerAxis<T>> for Vec<T> {
    fn from(values: PerAxis<T>) -> Vec<T> {
        values.as_slice().to_vec()
    }
}
