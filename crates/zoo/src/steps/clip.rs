//! `clip`.

use ndarray::ArrayViewMut4;

use super::by_channel::by_channel;

/// `min(max(x, low), high)`; a bound that is infinite changes nothing.
///
/// ```
/// use ndarray::Array4;
/// use patchweave_zoo::steps::clip;
///
/// let mut pixels = Array4::from_shape_fn([1, 1, 1, 4], |(.., x)| x as f32);
/// clip(&mut pixels.view_mut(), &[0.5], &[2.0]);
/// assert_eq!(pixels.into_raw_vec_and_offset().0, [0.5, 1.0, 2.0, 2.0]);
/// ```
pub fn clip(pixels: &mut ArrayViewMut4<'_, f32>, low: &[f64], high: &[f64]) {
    by_channel(pixels, [low, high], |x, [low, high]| {
        // What is no number stays none.
        let above = if x < low { low } else { x };
        if above > high { high } else { above }
    });
}
