//! How slices are read from the image that they belong to.

use ndarray::Array4;
use patchweave_geometry::{Region, try_zeros};
use patchweave_pixel::Pixel;
use patchweave_stack::{ImageStack, ImageStackExt, StackError};

/// How a region of some channels of a sample is read from the image, `CZYX`.
pub(crate) type Read<'r, S, T> =
    &'r dyn Fn(&S, usize, Option<&[usize]>, &Region) -> Result<Array4<T>, StackError>;

/// Reads a region in the image's own pixel type, which is `T`.
pub(crate) fn read_own<S: ImageStack, T: Pixel>(
    source: &S,
    sample_idx: usize,
    channels: Option<&[usize]>,
    region: &Region,
) -> Result<Array4<T>, StackError> {
    let info = source.info();
    let [z, y, x] = region.size.to_zyx();
    let shape = [channels.map_or(info.shape().n_channels, <[usize]>::len), z, y, x];
    let patch = try_zeros(&shape).and_then(|values| Array4::from_shape_vec(shape, values).ok());
    let mut patch = patch.ok_or_else(|| StackError::OutOfMemory { stack: info.source.clone(), shape })?;
    source.read_typed_into(sample_idx, channels, region, T::typed_view_mut(patch.view_mut().into_dyn()))?;
    Ok(patch)
}
