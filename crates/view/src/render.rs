//! One patch as one picture: maximum over depth, channels added in false colour.

use ndarray::{ArrayView4, ArrayView5, Axis};

use crate::palette::{add, channel_colour};
use crate::{Contrast, DisplayRange, Picture, ViewError};

/// A patch `CZYX` as a picture of `Y` rows and `X` columns, each channel in the display range of its own.
///
/// Planes have `Z = 1`; volumes are shown as their maximum over `Z`. One channel is grey, several are
/// added in the colours of [`channel_colour`]. Pixels without a number are black.
///
/// ```
/// use ndarray::Array4;
/// use patchweave_view::{Contrast, render};
///
/// let mut patch = Array4::zeros((2, 3, 4, 5));
/// patch[[0, 2, 1, 1]] = 8.0;
/// patch[[1, 0, 3, 4]] = 0.5;
/// let picture = render(patch.view(), Contrast::default())?;
/// assert_eq!((picture.width(), picture.height()), (5, 4));
/// assert_eq!(picture.pixel(1, 1), Some([0, 255, 255]));
/// assert_eq!(picture.pixel(4, 3), Some([255, 0, 255]));
/// # Ok::<(), patchweave_view::ViewError>(())
/// ```
///
/// # Errors
/// [`ViewError::Empty`] for a patch without pixels, [`ViewError::Percentiles`], [`ViewError::PictureSize`].
pub fn render(patch: ArrayView4<'_, f32>, contrast: Contrast) -> Result<Picture, ViewError> {
    refuse_empty("a patch", patch.shape())?;
    let ranges = display_ranges(patch.insert_axis(Axis(0)), contrast)?;
    render_with(patch, &ranges)
}

/// As [`render`] with one given display range per channel, so that patches are shown alike.
///
/// # Errors
/// [`ViewError::Ranges`] unless there is one range per channel, [`ViewError::Empty`] and
/// [`ViewError::PictureSize`] as [`render`].
pub fn render_with(patch: ArrayView4<'_, f32>, ranges: &[DisplayRange]) -> Result<Picture, ViewError> {
    refuse_empty("a patch", patch.shape())?;
    let (n_channels, _, height, width) = patch.dim();
    if ranges.len() != n_channels {
        return Err(ViewError::Ranges { n_ranges: ranges.len(), n_channels });
    }
    // Checks the size against the budget before the pixels are made.
    let mut rgb = Picture::filled(width, height, [0; 3])?.into_rgb();
    for (channel_idx, (channel, range)) in patch.outer_iter().zip(ranges).enumerate() {
        let colour = channel_colour(channel_idx, n_channels);
        let projected = channel.fold_axis(Axis(0), f32::NEG_INFINITY, |&a, &b| a.max(b));
        for (pixel, &value) in rgb.chunks_exact_mut(3).zip(&projected) {
            add(pixel, colour, range.level(value));
        }
    }
    Picture::from_rgb(width, height, rgb)
}

/// One display range per channel of a batch `BCZYX`, over all its patches as they are shown: projected over `Z`.
///
/// ```
/// use ndarray::Array5;
/// use patchweave_view::{Contrast, DisplayRange, display_ranges};
///
/// let mut batch = Array5::zeros((2, 1, 1, 4, 4));
/// batch[[1, 0, 0, 2, 2]] = 6.0;
/// assert_eq!(display_ranges(batch.view(), Contrast::default())?, [DisplayRange::new(0.0, 6.0)]);
/// # Ok::<(), patchweave_view::ViewError>(())
/// ```
///
/// # Errors
/// [`ViewError::Empty`] for a batch without pixels, [`ViewError::Percentiles`].
pub fn display_ranges(
    batch: ArrayView5<'_, f32>,
    contrast: Contrast,
) -> Result<Vec<DisplayRange>, ViewError> {
    refuse_empty("a batch", batch.shape())?;
    batch
        .axis_iter(Axis(1))
        .map(|channel| {
            let projected = channel.fold_axis(Axis(1), f32::NEG_INFINITY, |&a, &b| a.max(b));
            contrast.range_of(projected.iter().copied())
        })
        .collect()
}

fn refuse_empty(what: &'static str, shape: &[usize]) -> Result<(), ViewError> {
    if shape.contains(&0) { Err(ViewError::Empty { what, shape: shape.to_vec() }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array4, arr2};

    fn plane(rows: [[f32; 2]; 2]) -> Array4<f32> {
        arr2(&rows).insert_axis(Axis(0)).insert_axis(Axis(0))
    }

    #[test]
    fn one_channel_is_grey() {
        let patch = plane([[0.0, 5.0], [10.0, 20.0]]);
        let picture = render_with(patch.view(), &[DisplayRange::new(0.0, 10.0)]).unwrap();
        assert_eq!(picture.as_rgb(), [0, 0, 0, 128, 128, 128, 255, 255, 255, 255, 255, 255]);
    }

    #[test]
    fn channels_are_added() {
        let patch = Array4::ones((3, 1, 1, 1));
        let ranges = [DisplayRange::new(0.0, 5.0), DisplayRange::new(0.0, 1.0), DisplayRange::new(1.0, 2.0)];
        let picture = render_with(patch.view(), &ranges).unwrap();
        assert_eq!(picture.pixel(0, 0), Some([255, 51, 255]));
    }

    #[test]
    fn not_a_number_is_black_and_never_hides_the_maximum() {
        let ranges = [DisplayRange::new(0.0, 1.0)];
        let patch = plane([[f32::NAN, f32::INFINITY], [f32::NEG_INFINITY, 1.0]]);
        let picture = render_with(patch.view(), &ranges).unwrap();
        assert_eq!(picture.as_rgb(), [0, 0, 0, 255, 255, 255, 0, 0, 0, 255, 255, 255]);
        assert_eq!(render(patch.view(), Contrast::default()).unwrap().pixel(0, 0), Some([0; 3]));

        let mut column = Array4::zeros((1, 3, 1, 1));
        column[[0, 0, 0, 0]] = 1.0;
        column[[0, 1, 0, 0]] = f32::NAN;
        assert_eq!(render_with(column.view(), &ranges).unwrap().pixel(0, 0), Some([255; 3]));
    }

    #[test]
    fn the_memory_order_of_the_array_does_not_matter() {
        let patch = Array4::from_shape_fn((2, 3, 4, 5), |(c, z, y, x)| (c + 2 * z + 3 * y + 7 * x) as f32);
        let mut reversed = Array4::zeros((5, 4, 3, 2)).reversed_axes();
        reversed.assign(&patch);
        let shown = |patch: &Array4<f32>| render(patch.view(), Contrast::default()).unwrap();
        assert_eq!(shown(&patch), shown(&reversed));
    }

    #[test]
    fn wrong_shapes_are_named() {
        let patch = Array4::zeros((2, 1, 3, 0));
        let error = render(patch.view(), Contrast::default()).unwrap_err();
        assert_eq!(error.to_string(), "a patch of shape [2, 1, 3, 0] has nothing to show");
        let error = render_with(Array4::zeros((2, 1, 3, 3)).view(), &[]).unwrap_err();
        assert_eq!(error.to_string(), "got 0 display ranges, expected one for each of 2 channels");
    }
}
