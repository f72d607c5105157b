//! `scale_mean_variance`.

use ndarray::ArrayViewMut4;

use super::by_channel::by_channel;

/// `(x − mean) / (std + eps) · (reference_std + eps) + reference_mean`.
///
/// `own` and `reference` are means and standard deviations.
///
/// ```
/// use ndarray::Array4;
/// use patchweave_zoo::steps::scale_mean_variance;
///
/// let mut pixels = Array4::from_elem([1, 1, 1, 1], 5.0);
/// scale_mean_variance(&mut pixels.view_mut(), [&[3.0], &[0.5]], [&[100.0], &[9.5]], 0.5);
/// assert_eq!(pixels[[0, 0, 0, 0]], 120.0);
/// ```
pub fn scale_mean_variance(
    pixels: &mut ArrayViewMut4<'_, f32>,
    own: [&[f64]; 2],
    reference: [&[f64]; 2],
    eps: f64,
) {
    let [mean, std] = own;
    let [reference_mean, reference_std] = reference;
    by_channel(
        pixels,
        [mean, std, reference_mean, reference_std],
        |x, [mean, std, reference_mean, reference_std]| {
            (x - mean) / (std + eps) * (reference_std + eps) + reference_mean
        },
    );
}
