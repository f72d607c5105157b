//! Positions in memory as coordinates.

/// A position or size in an image as a coordinate, which may be negative elsewhere; what is in memory lies below 2⁶³.
///
/// ```
/// use patchweave_geometry::coordinate;
///
/// assert_eq!(coordinate(7) - coordinate(9), -2);
/// ```
#[inline]
#[must_use]
pub fn coordinate(position: usize) -> i64 {
    i64::try_from(position).unwrap_or(i64::MAX)
}
