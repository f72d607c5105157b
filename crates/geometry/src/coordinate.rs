//! Positions in memory as coordinates.

/// A position or size in an image as `i64`, the type of coordinates; larger values saturate.
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
