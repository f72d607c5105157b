//! The form of a page: its sizes, its samples and their type.

use patchweave_pixel::PixelType;

/// What all pages of a series have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct PageForm {
    pub height: usize,
    pub width: usize,
    pub n_samples: usize,
    /// Samples are stored plane by plane, not pixel by pixel; false where there is one sample.
    pub is_planar: bool,
    pub pixel_type: PixelType,
}

impl PageForm {
    pub fn describe(&self) -> String {
        let PageForm { height, width, n_samples, is_planar, pixel_type } = self;
        let planes = if *is_planar { " in planes" } else { "" };
        format!("{height} × {width} pixels with {n_samples} samples of {pixel_type}{planes}")
    }

    /// Samples that stand next to each other.
    pub fn samples_together(&self) -> usize {
        if self.is_planar { 1 } else { self.n_samples }
    }

    /// How many planes of samples a page has.
    pub fn n_planes(&self) -> usize {
        if self.is_planar { self.n_samples } else { 1 }
    }

    /// Decoded bytes of `height` × `width` pixels of one plane, if a number can tell.
    pub fn n_bytes(&self, [height, width]: [usize; 2]) -> Option<usize> {
        let n_pixels = height.checked_mul(width)?.checked_mul(self.samples_together())?;
        n_pixels.checked_mul(self.pixel_type.n_bytes())
    }

    /// Decoded bytes of the whole page.
    pub fn page_bytes(&self) -> Option<usize> {
        self.n_bytes([self.height, self.width])?.checked_mul(self.n_planes())
    }
}
