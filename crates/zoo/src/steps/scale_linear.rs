//! `scale_linear`.

use ndarray::ArrayViewMut4;

use super::by_channel::by_channel;

/// `gain · x + offset`.
///
/// ```
/// use ndarray::Array4;
/// use patchweave_zoo::steps::scale_linear;
///
/// let mut pixels = Array4::from_elem([2, 1, 1, 1], 3.0);
/// scale_linear(&mut pixels.view_mut(), &[2.0, -1.0], &[0.5]);
/// assert_eq!(pixels.into_raw_vec_and_offset().0, [6.5, -2.5]);
/// ```
pub fn scale_linear(pixels: &mut ArrayViewMut4<'_, f32>, gain: &[f64], offset: &[f64]) {
    by_channel(pixels, [gain, offset], |x, [gain, offset]| gain * x + offset);
}
