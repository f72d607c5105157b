//! A row of tiles, collected before it is written.

use std::collections::BTreeSet;

use ndarray::{Array4, ArrayView4};
use patchweave_geometry::{PerAxis, TileSpec, try_zeros};
use patchweave_quilt::{KeptPart, StitchError, place_tile};

/// The kept parts of all tiles with the same place along the leading spatial axes, over the full width.
///
/// Tiles come with the last axis fastest, so a band is complete when a tile of another band arrives.
pub(crate) struct Band {
    /// The rows of pixels it keeps; along `X` one pixel stands for all.
    pub rows: KeptPart,
    pub pixels: Array4<f32>,
    /// Pixels from the left that tiles have covered.
    n_covered: usize,
    /// Start and size of every kept part, along `X`.
    kept: BTreeSet<(usize, usize)>,
}

/// A band of this shape does not fit into memory.
#[derive(Debug)]
pub(crate) struct BandTooLarge(pub [usize; 4]);

/// Pixels along `X` that no tile covers.
#[derive(Debug)]
pub(crate) struct Gap {
    pub start: usize,
    pub end: usize,
}

impl Band {
    /// The empty band of what a tile keeps in an image of that width.
    ///
    /// The width is what a file says of itself: memory that does not exist is an error.
    pub fn of(part: &KeptPart, n_channels: usize, width: usize) -> Result<Self, BandTooLarge> {
        let [z, y, _] = part.size;
        let shape = [n_channels, z, y, width];
        let pixels = try_zeros(&shape).ok_or(BandTooLarge(shape))?;
        let pixels = Array4::from_shape_vec(shape, pixels).map_err(|_| BandTooLarge(shape))?;
        Ok(Band { rows: rows_of(part), pixels, n_covered: 0, kept: BTreeSet::new() })
    }

    /// Whether a kept part belongs to this band.
    pub fn holds(&self, part: &KeptPart) -> bool {
        self.rows == rows_of(part)
    }

    /// Whether the same kept part was placed before.
    pub fn has(&self, part: &KeptPart) -> bool {
        self.kept.contains(&along_x(part))
    }

    /// The pixels between the tiles so far and pixel `x`, if there are some.
    pub fn gap_before(&self, x: usize) -> Option<Gap> {
        (self.n_covered < x).then_some(Gap { start: self.n_covered, end: x })
    }

    /// The pixels that are missing on the right, if there are some.
    pub fn gap_at_end(&self) -> Option<Gap> {
        self.gap_before(self.pixels.shape()[3])
    }

    /// Places the kept part of a tile `CZYX`.
    pub fn place(
        &mut self,
        pixels: ArrayView4<'_, f32>,
        tile: &TileSpec,
        part: &KeptPart,
    ) -> Result<(), StitchError> {
        let last = tile.stitch_coords.n_axes() - 1;
        let in_band: PerAxis<i64> =
            tile.stitch_coords.map_indexed(|axis, place| if axis == last { place } else { 0 });
        place_tile(pixels, &TileSpec { stitch_coords: in_band, ..*tile }, self.pixels.view_mut())?;
        let (start, size) = along_x(part);
        self.n_covered = self.n_covered.max(start.saturating_add(size));
        self.kept.insert((start, size));
        Ok(())
    }
}

/// The rows of pixels that the row of a tile keeps, from a part that it keeps.
pub(crate) fn rows_of(part: &KeptPart) -> KeptPart {
    let [z, y, _] = part.start;
    let [depth, height, _] = part.size;
    KeptPart { sample_idx: part.sample_idx, start: [z, y, 0], size: [depth, height, 1] }
}

fn along_x(part: &KeptPart) -> (usize, usize) {
    (part.start[2], part.size[2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_beyond_any_memory_are_errors() {
        let part = KeptPart { sample_idx: 0, start: [0; 3], size: [1, 8, 8] };
        for width in [usize::MAX, usize::MAX / 64, 1 << 42] {
            let BandTooLarge(shape) = Band::of(&part, 3, width).err().unwrap();
            assert_eq!(shape, [3, 1, 8, width]);
        }
        assert!(Band::of(&part, 3, 20).is_ok());
    }
}
