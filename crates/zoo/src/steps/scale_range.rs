//! `scale_range`.

use ndarray::ArrayViewMut4;

use super::by_channel::by_channel;

/// `(x − low) / (high − low + eps)`, where `low` and `high` are percentiles.
///
/// ```
/// use ndarray::Array4;
/// use patchweave_zoo::steps::scale_range;
///
/// let mut pixels = Array4::from_elem([1, 1, 1, 1], 6.0);
/// scale_range(&mut pixels.view_mut(), &[2.0], &[9.0], 1.0);
/// assert_eq!(pixels[[0, 0, 0, 0]], 0.5);
/// ```
pub fn scale_range(pixels: &mut ArrayViewMut4<'_, f32>, low: &[f64], high: &[f64], eps: f64) {
    by_channel(pixels, [low, high], |x, [low, high]| (x - low) / (high - low + eps));
}
