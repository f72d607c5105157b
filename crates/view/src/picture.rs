//! An image in red, green and blue that holds at least one pixel.

use crate::{Colour, ViewError};

/// The most pixels of a picture, a budget of 768 MiB.
pub const MAX_PIXELS: usize = 1 << 28;

/// A picture of 8 bits each for red, green and blue; rows from the top, pixels from the left.
///
/// ```
/// use patchweave_view::Picture;
///
/// let picture = Picture::from_rgb(2, 1, vec![255, 0, 0, 0, 0, 255])?;
/// assert_eq!((picture.width(), picture.height()), (2, 1));
/// assert_eq!(picture.pixel(1, 0), Some([0, 0, 255]));
/// assert_eq!(picture.encode_png()?[..4], *b"\x89PNG");
/// let error = Picture::from_rgb(2, 2, vec![0; 6]).unwrap_err();
/// assert_eq!(error.to_string(), "got 6 bytes, expected 3 for each of 2 × 2 pixels");
/// # Ok::<(), patchweave_view::ViewError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    width: usize,
    height: usize,
    rgb: Vec<u8>,
}

impl Picture {
    /// A picture of one colour.
    ///
    /// # Errors
    /// [`ViewError::PictureSize`] if it has no pixel or more than [`MAX_PIXELS`].
    pub fn filled(width: usize, height: usize, colour: Colour) -> Result<Self, ViewError> {
        let n_pixels = checked_n_pixels(width, height)?;
        Ok(Picture { width, height, rgb: colour.repeat(n_pixels) })
    }

    /// A picture from its bytes, three per pixel.
    ///
    /// # Errors
    /// [`ViewError::PictureSize`] as [`filled`](Self::filled), [`ViewError::ByteCount`] if the bytes do not fit.
    pub fn from_rgb(width: usize, height: usize, rgb: Vec<u8>) -> Result<Self, ViewError> {
        if rgb.len() != 3 * checked_n_pixels(width, height)? {
            return Err(ViewError::ByteCount { n_bytes: rgb.len(), width, height });
        }
        Ok(Picture { width, height, rgb })
    }

    /// Pixels from left to right, at least 1.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Pixels from top to bottom, at least 1.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Three bytes per pixel, row by row.
    pub fn as_rgb(&self) -> &[u8] {
        &self.rgb
    }

    /// The bytes of [`as_rgb`](Self::as_rgb), without copying.
    pub fn into_rgb(self) -> Vec<u8> {
        self.rgb
    }

    /// The colour at column `x` and row `y`, if the picture reaches that far.
    pub fn pixel(&self, x: usize, y: usize) -> Option<Colour> {
        if x >= self.width || y >= self.height {
            return None;
        }
        self.rgb.as_chunks().0.get(y * self.width + x).copied()
    }

    /// The bytes of row `y`, which must exist.
    pub(crate) fn row(&self, y: usize) -> &[u8] {
        let n_bytes = 3 * self.width;
        &self.rgb[y * n_bytes..(y + 1) * n_bytes]
    }

    /// Covers what lies below `top`, right of `left`; parts of `other` that stick out are cut off.
    pub(crate) fn paste(&mut self, other: &Picture, left: usize, top: usize) {
        let n_bytes = 3 * other.width.min(self.width.saturating_sub(left));
        if n_bytes == 0 {
            return;
        }
        for y in 0..other.height.min(self.height.saturating_sub(top)) {
            let start = 3 * ((top + y) * self.width + left);
            self.rgb[start..start + n_bytes].copy_from_slice(&other.row(y)[..n_bytes]);
        }
    }
}

fn checked_n_pixels(width: usize, height: usize) -> Result<usize, ViewError> {
    match width.checked_mul(height) {
        Some(n_pixels @ 1..=MAX_PIXELS) => Ok(n_pixels),
        _ => Err(ViewError::PictureSize { width, height, max_pixels: MAX_PIXELS }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_checked() {
        for (width, height) in [(0, 5), (5, 0), (1 << 15, 1 << 14), (usize::MAX, 2)] {
            assert!(matches!(Picture::filled(width, height, [0; 3]), Err(ViewError::PictureSize { .. })));
        }
    }

    #[test]
    fn pasting_cuts_what_sticks_out() {
        let mut picture = Picture::filled(3, 2, [0; 3]).unwrap();
        picture.paste(&Picture::filled(2, 2, [9; 3]).unwrap(), 2, 1);
        assert_eq!(picture.pixel(2, 1), Some([9; 3]));
        assert_eq!(picture.as_rgb().iter().filter(|&&value| value == 9).count(), 3);
        picture.paste(&Picture::filled(1, 1, [7; 3]).unwrap(), 3, 0);
        assert!(!picture.as_rgb().contains(&7));
    }
}
