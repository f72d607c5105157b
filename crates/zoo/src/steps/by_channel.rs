//! Values of every channel, with the settings of that channel.

use ndarray::{ArrayViewMut4, Axis};

use crate::data_type::single;

/// Replaces every value `x` of channel `c` by `f(x, settings of c)`.
pub(super) fn by_channel<const N: usize>(
    pixels: &mut ArrayViewMut4<'_, f32>,
    settings: [&[f64]; N],
    f: impl Fn(f64, [f64; N]) -> f64,
) {
    for (channel, mut values) in pixels.axis_iter_mut(Axis(0)).enumerate() {
        let own = settings.map(|numbers| of_channel(numbers, channel));
        values.mapv_inplace(|value| single(f(f64::from(value), own)));
    }
}

/// The number of a channel; there is one for all of them or one for each.
pub(super) fn of_channel(numbers: &[f64], channel: usize) -> f64 {
    let own = if numbers.len() == 1 { numbers.first() } else { numbers.get(channel) };
    own.copied().unwrap_or(f64::NAN)
}
