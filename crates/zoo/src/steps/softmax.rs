//! `softmax`.

use ndarray::{ArrayViewMut4, Axis};

use crate::data_type::single;

/// `exp(x) / Σ exp(x)`, the sum being over the channels of a pixel.
///
/// ```
/// use ndarray::Array4;
/// use patchweave_zoo::steps::softmax;
///
/// let mut pixels = Array4::from_elem([4, 1, 1, 1], 1000.0);
/// softmax(&mut pixels.view_mut());
/// assert_eq!(pixels.into_raw_vec_and_offset().0, [0.25; 4]);
/// ```
pub fn softmax(pixels: &mut ArrayViewMut4<'_, f32>) {
    for mut lane in pixels.lanes_mut(Axis(0)) {
        // So that no exponential is infinite.
        let largest = f64::from(lane.fold(f32::NEG_INFINITY, |largest, x| largest.max(*x)));
        let sum: f64 = lane.iter().map(|x| (f64::from(*x) - largest).exp()).sum();
        lane.mapv_inplace(|x| single((f64::from(x) - largest).exp() / sum));
    }
}
