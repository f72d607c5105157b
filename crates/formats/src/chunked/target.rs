//! The caller's memory that pixels of chunks are copied into.

use std::ops::Range;

use ndarray::{Ix4, ShapeError};
use patchweave_pixel::{PixelType, TypedViewMut, copy_bytes, copy_bytes_as_f32, with_pixel, with_typed};
use patchweave_stack::PatchViewMut;

use crate::chunk::Chunk;

/// Memory of a window, `CZYX`.
pub(super) enum Target<'a> {
    /// Pixels become `f32`.
    F32(PatchViewMut<'a>),
    /// Pixels stay what they are; the memory has their type.
    Own(TypedViewMut<'a>),
}

impl Target<'_> {
    /// Copies a block of a chunk of pixels of that type into a part of the window.
    ///
    /// # Errors
    /// [`ShapeError`] if the block leaves the chunk or the part the window.
    pub fn copy(
        &mut self,
        pixel_type: PixelType,
        chunk: &Chunk<'_>,
        start: usize,
        strides: [usize; 4],
        part: [Range<usize>; 4],
    ) -> Result<(), ShapeError> {
        let Chunk { bytes, order, .. } = *chunk;
        match self {
            Target::F32(out) => with_pixel!(pixel_type, T => {
                copy_bytes_as_f32::<T>(bytes, order, start, strides, out.view_mut(), part)
            }),
            Target::Own(out) => with_typed!(TypedViewMut, out, out => {
                copy_bytes(bytes, order, start, strides, out.view_mut().into_dimensionality::<Ix4>()?, part)
            }),
        }
    }
}
