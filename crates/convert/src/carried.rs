//! What is known of an image, said of the selection that is written of it.

use patchweave_geometry::{Axis, PerAxis};
use patchweave_sink::ImageSpec;

use crate::{ConvertError, Source};

/// The specification of a source's result: its axes, its pixel type, and all that is known of the image, as far as it is true
/// of what is selected.
///
/// # Errors
/// As [`Selection::layout`](crate::Selection::layout).
///
/// ```
/// use std::sync::Arc;
///
/// use patchweave_convert::{Selection, Source, spec_of};
/// use patchweave_geometry::Axis;
/// use patchweave_pixel::{PixelMap, PixelType};
/// use patchweave_stack::ArrayStack;
///
/// let image = ndarray::Array3::<u16>::zeros((2, 8, 8)).into_dyn();
/// let stack = Arc::new(ArrayStack::new(image, &"TYX".parse()?)?);
/// let source = Source::new(stack, Selection::whole().with_range(Axis::Y, 2..6), PixelMap::to(PixelType::U16))?;
/// let spec = spec_of(&source)?;
/// assert_eq!((spec.layout.shape(), spec.pixel_type), (&[2, 4, 8][..], PixelType::U16));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn spec_of(source: &Source) -> Result<ImageSpec, ConvertError> {
    let info = source.stack().info();
    let mut spec = ImageSpec::new(source.layout().clone(), source.map().pixel_type());
    spec.pixel_size = info.pixel_size;
    spec.time_step = info.time_step;
    spec.channel_names = selected(source, info.channel_names.as_deref());
    spec.channel_colors = selected(source, info.channel_colors.as_deref());
    // Display ranges are intensities: another scale would show something else.
    let keeps_values = !source.map().is_scaled();
    spec.channel_windows = selected(source, info.channel_windows.as_deref()).filter(|_| keeps_values);
    spec.is_labels = info.is_labels;
    spec.translation = translation(source)?;
    Ok(spec)
}

/// Where the first pixel of the selection is, if that is known or not the origin.
fn translation(source: &Source) -> Result<Option<PerAxis<f64>>, ConvertError> {
    let info = source.stack().info();
    let axes = &[Axis::Z, Axis::Y, Axis::X][3 - info.layout.axes().n_spatial()..];
    let mut starts = Vec::with_capacity(axes.len());
    for axis in axes {
        starts.push(source.selection().range(info, *axis)?.start);
    }
    // Without a size of pixels there is no length to say where the selection is.
    let Some(sizes) = info.pixel_size.filter(|_| starts.iter().any(|start| *start > 0)) else {
        return Ok(info.translation.filter(|_| starts.iter().all(|start| *start == 0)));
    };
    let places = starts.iter().zip(sizes.iter()).enumerate().map(|(at, (start, size))| {
        let origin = info.translation.as_ref().and_then(|origin| origin.as_slice().get(at)).copied();
        #[expect(clippy::cast_precision_loss, reason = "images have fewer than 2^53 pixels along an axis")]
        let start = *start as f64;
        origin.unwrap_or(0.0) + start * size
    });
    let places = PerAxis::new(&places.collect::<Vec<_>>());
    places.map(Some).map_err(|source| ConvertError::Geometry { stack: info.source.clone(), source })
}

/// What is said of the channels that are selected.
fn selected<T: Clone>(source: &Source, of_channels: Option<&[T]>) -> Option<Vec<T>> {
    let of_channels = of_channels?;
    match source.selection().channels() {
        None => Some(of_channels.to_vec()),
        Some(channels) => channels.iter().map(|channel| of_channels.get(*channel).cloned()).collect(),
    }
}
