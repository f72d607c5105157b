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
    let spatial = &[Axis::Z, Axis::Y, Axis::X][3 - info.layout.axes().n_spatial()..];
    let mut starts = Vec::with_capacity(spatial.len());
    for axis in spatial {
        starts.push(source.selection().range(info, *axis)?.start);
    }
    let sizes = info.pixel_size.map(|size| size.as_slice().to_vec());
    let origin: Option<Vec<f64>> = None;
    if origin.is_some() || starts.iter().any(|start| *start > 0) {
        let places = starts.iter().enumerate().map(|(at, start)| {
            let size = sizes.as_ref().and_then(|sizes| sizes.get(at)).copied().unwrap_or(1.0);
            let origin = origin.as_ref().and_then(|origin| origin.get(at)).copied().unwrap_or(0.0);
            #[expect(
                clippy::cast_precision_loss,
                reason = "images have fewer than 2^53 pixels along an axis"
            )]
            let start = *start as f64;
            origin + start * size
        });
        let geometry = |source| ConvertError::Geometry { stack: info.source.clone(), source };
        // Without a pixel size there is no length to say where it is.
        if sizes.is_some() {
            spec.translation = Some(PerAxis::new(&places.collect::<Vec<_>>()).map_err(geometry)?);
        }
    }
    Ok(spec)
}

/// What is said of the channels that are selected.
fn selected<T: Clone>(source: &Source, of_channels: Option<&[T]>) -> Option<Vec<T>> {
    let of_channels = of_channels?;
    match source.selection().channels() {
        None => Some(of_channels.to_vec()),
        Some(channels) => channels.iter().map(|channel| of_channels.get(*channel).cloned()).collect(),
    }
}
