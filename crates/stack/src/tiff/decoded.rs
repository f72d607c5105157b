//! One decoded strip or tile, in the type of its file.

use std::ops::Range;

use ::tiff::decoder::DecodingResult;
use ndarray::{ArrayView3, ArrayViewMut3, s};
use patchweave_pixel::{Pixel, copy_as_f32};

/// The pixels of one strip or tile, padding already cut off.
pub(super) struct DecodedTile {
    pub pixels: DecodingResult,
    /// `(row, column, sample)`.
    pub shape: [usize; 3],
}

impl DecodedTile {
    /// Copies a block; the error says how many pixels there are instead.
    pub fn copy(&self, from: [Range<usize>; 3], to: ArrayViewMut3<'_, f32>) -> Result<(), String> {
        match &self.pixels {
            DecodingResult::U8(pixels) => self.copy_of(pixels, from, to),
            DecodingResult::U16(pixels) => self.copy_of(pixels, from, to),
            DecodingResult::U32(pixels) => self.copy_of(pixels, from, to),
            DecodingResult::U64(pixels) => self.copy_of(pixels, from, to),
            DecodingResult::I8(pixels) => self.copy_of(pixels, from, to),
            DecodingResult::I16(pixels) => self.copy_of(pixels, from, to),
            DecodingResult::I32(pixels) => self.copy_of(pixels, from, to),
            DecodingResult::I64(pixels) => self.copy_of(pixels, from, to),
            DecodingResult::F16(pixels) => self.copy_of(pixels, from, to),
            DecodingResult::F32(pixels) => self.copy_of(pixels, from, to),
            DecodingResult::F64(pixels) => self.copy_of(pixels, from, to),
        }
    }

    fn copy_of<T: Pixel>(
        &self,
        pixels: &[T],
        [rows, columns, samples]: [Range<usize>; 3],
        to: ArrayViewMut3<'_, f32>,
    ) -> Result<(), String> {
        let tile =
            ArrayView3::from_shape(self.shape, pixels).map_err(|_| format!("{} pixels", pixels.len()))?;
        copy_as_f32(tile.slice(s![rows, columns, samples]), to).map_err(|error| error.to_string())
    }
}
