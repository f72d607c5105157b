//! `zero_mean_unit_variance`, with statistics of the tensor or fixed ones.

use ndarray::ArrayViewMut4;

use super::by_channel::by_channel;

/// `(x − mean) / (std + eps)`.
///
/// ```
/// use ndarray::Array4;
/// use patchweave_zoo::steps::zero_mean_unit_variance;
///
/// let mut pixels = Array4::from_elem([1, 1, 1, 1], 5.0);
/// zero_mean_unit_variance(&mut pixels.view_mut(), &[3.0], &[0.5], 0.5);
/// assert_eq!(pixels[[0, 0, 0, 0]], 2.0);
/// ```
pub fn zero_mean_unit_variance(pixels: &mut ArrayViewMut4<'_, f32>, mean: &[f64], std: &[f64], eps: f64) {
    by_channel(pixels, [mean, std], |x, [mean, std]| (x - mean) / (std + eps));
}
