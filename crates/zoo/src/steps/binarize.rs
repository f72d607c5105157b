//! `binarize`.

use ndarray::ArrayViewMut4;

use super::by_channel::by_channel;

/// 1 where `x > threshold`, 0 elsewhere.
///
/// ```
/// use ndarray::Array4;
/// use patchweave_zoo::steps::binarize;
///
/// let mut pixels = Array4::from_shape_fn([1, 1, 1, 3], |(.., x)| x as f32);
/// binarize(&mut pixels.view_mut(), &[1.0]);
/// assert_eq!(pixels.into_raw_vec_and_offset().0, [0.0, 0.0, 1.0]);
/// ```
pub fn binarize(pixels: &mut ArrayViewMut4<'_, f32>, threshold: &[f64]) {
    by_channel(pixels, [threshold], |x, [threshold]| f64::from(u8::from(x > threshold)));
}
