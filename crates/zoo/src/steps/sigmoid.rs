//! `sigmoid`.

use ndarray::ArrayViewMut4;

use super::by_channel::by_channel;

/// `1 / (1 + exp(−x))`.
///
/// ```
/// use ndarray::Array4;
/// use patchweave_zoo::steps::sigmoid;
///
/// let mut pixels = Array4::zeros([1, 1, 1, 1]);
/// sigmoid(&mut pixels.view_mut());
/// assert_eq!(pixels[[0, 0, 0, 0]], 0.5);
/// ```
pub fn sigmoid(pixels: &mut ArrayViewMut4<'_, f32>) {
    by_channel(pixels, [], |x, []| 1.0 / (1.0 + (-x).exp()));
}
