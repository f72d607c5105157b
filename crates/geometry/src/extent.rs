//! Sizes along the spatial axes, proven to be usable.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{GeometryError, PerAxis};

/// A size in pixels along `(Z)YX`: every axis at least 1, and few enough pixels to address.
///
/// Patch sizes, tile sizes, crops and images all have one, so code that holds an `Extent` never
/// divides by zero and never overflows when it counts pixels.
///
/// ```
/// use patchweave_geometry::Extent;
///
/// let patch = Extent::new(&[16, 64, 64])?;
/// assert_eq!((patch.n_axes(), patch.n_pixels()), (3, 65_536));
/// let error = Extent::new(&[0, 64]).unwrap_err();
/// assert_eq!(error.to_string(), "shape [0, 64] has no pixels or too many to address");
/// # Ok::<(), patchweave_geometry::GeometryError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Vec<usize>", into = "Vec<usize>")]
pub struct Extent(PerAxis<usize>);

impl Extent {
    /// Takes sizes `YX` or `ZYX`.
    ///
    /// # Errors
    /// [`GeometryError::SpatialRank`] for other than two or three sizes, [`GeometryError::BadSize`] if
    /// one is zero or their product exceeds `isize::MAX`.
    pub fn new(sizes: &[usize]) -> Result<Self, GeometryError> {
        PerAxis::new(sizes)?.try_into()
    }

    /// The size of a part of this extent, which has at least a pixel and at most all along every axis.
    pub(crate) fn part(&self, sizes: &PerAxis<usize>) -> Self {
        let is_part = |(size, whole): (usize, usize)| (1..=whole).contains(&size);
        debug_assert!(sizes.iter().zip(self.iter()).all(is_part), "{sizes:?} is no part of {self:?}");
        Extent(*sizes)
    }

    /// The sizes in order.
    pub fn as_slice(&self) -> &[usize] {
        self.0.as_slice()
    }

    /// The sizes as plain values.
    pub fn per_axis(&self) -> PerAxis<usize> {
        self.0
    }

    /// 2 or 3.
    pub fn n_axes(&self) -> usize {
        self.0.n_axes()
    }

    /// Always three sizes; planes have depth 1.
    pub fn to_zyx(&self) -> [usize; 3] {
        self.0.to_zyx(1)
    }

    /// The product of all sizes.
    pub fn n_pixels(&self) -> usize {
        self.as_slice().iter().product()
    }

    /// The sizes one by one.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = usize> + DoubleEndedIterator + '_ {
        self.0.iter()
    }

    /// Whether this is at least as large as `other` along every axis of the same rank.
    pub fn covers(&self, other: &Extent) -> bool {
        self.n_axes() == other.n_axes() && self.iter().zip(other.iter()).all(|(a, b)| a >= b)
    }
}

impl fmt::Debug for Extent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Written as `64 × 64`.
impl fmt::Display for Extent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (axis, size) in self.iter().enumerate() {
            let separator = if axis == 0 { "" } else { " × " };
            write!(f, "{separator}{size}")?;
        }
        Ok(())
    }
}

impl TryFrom<PerAxis<usize>> for Extent {
    type Error = GeometryError;

    fn try_from(sizes: PerAxis<usize>) -> Result<Self, GeometryError> {
        let n_pixels = sizes.iter().try_fold(1_usize, usize::checked_mul);
        match n_pixels {
            Some(n) if n > 0 && isize::try_from(n).is_ok() => Ok(Extent(sizes)),
            _ => Err(GeometryError::BadSize { shape: sizes.into() }),
        }
    }
}

impl TryFrom<Vec<usize>> for Extent {
    type Error = GeometryError;

    fn try_from(sizes: Vec<usize>) -> Result<Self, GeometryError> {
        Extent::new(&sizes)
    }
}

impl From<Extent> for Vec<usize> {
    fn from(extent: Extent) -> Vec<usize> {
        extent.as_slice().to_vec()
    }
}
