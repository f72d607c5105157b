//! Colours of channels.

/// Red, green and blue, 0 to 255.
pub type Colour = [u8; 3];

/// Hues that people with the common colour-vision deficiencies tell apart; beyond six they repeat.
const HUES: [Colour; 6] =
    [[0, 255, 255], [255, 0, 255], [255, 255, 0], [70, 110, 255], [255, 140, 40], [0, 200, 110]];

/// The colour at full brightness of channel `channel_idx` of `n_channels`: white for a single channel,
/// else cyan, magenta, yellow, blue, orange, green and round again.
///
/// ```
/// use patchweave_view::channel_colour;
///
/// assert_eq!(channel_colour(0, 1), [255, 255, 255]);
/// assert_eq!(channel_colour(1, 2), [255, 0, 255]);
/// assert_eq!(channel_colour(6, 7), channel_colour(0, 7));
/// ```
pub fn channel_colour(channel_idx: usize, n_channels: usize) -> Colour {
    if n_channels == 1 { [u8::MAX; 3] } else { HUES[channel_idx % HUES.len()] }
}

/// Adds `colour` at a brightness of 0 to 255, clipping at full brightness.
pub(crate) fn add(pixel: &mut [u8], colour: Colour, level: u8) {
    for (value, part) in pixel.iter_mut().zip(colour) {
        let added = (u16::from(part) * u16::from(level) + 127) / 255;
        *value = value.saturating_add(u8::try_from(added).unwrap_or(u8::MAX));
    }
}
