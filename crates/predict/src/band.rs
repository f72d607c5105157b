//! A row of tiles, collected before it is written.

use ndarray::{Array4, ArrayView4};
use patchweave_geometry::{PerAxis, TileSpec};
use patchweave_quilt::{StitchError, place_tile};

/// The kept parts of all tiles with the same place along the leading spatial axes, over the full width.
///
/// Tiles come with the last axis fastest, so a band is complete when a tile of another band arrives.
pub(crate) struct Band {
    pub data_idx: usize,
    pub sample_idx: usize,
    /// Place in the image as `ZYX`; `X` is 0.
    pub start: [usize; 3],
    pub pixels: Array4<f32>,
}

impl Band {
    /// The empty band of a tile in an image of that width.
    pub fn of(tile: &TileSpec, n_channels: usize, width: usize) -> Self {
        let [z, y, _] = tile.crop_size.to_zyx();
        Band {
            data_idx: tile.patch.data_idx,
            sample_idx: tile.patch.sample_idx,
            start: start(tile),
            pixels: Array4::zeros([n_channels, z, y, width]),
        }
    }

    /// Whether the tile belongs to this band.
    pub fn holds(&self, tile: &TileSpec) -> bool {
        (self.data_idx, self.sample_idx, self.start)
            == (tile.patch.data_idx, tile.patch.sample_idx, start(tile))
    }

    /// Places the kept part of a tile `CZYX`.
    pub fn place(&mut self, pixels: ArrayView4<'_, f32>, tile: &TileSpec) -> Result<(), StitchError> {
        let last = tile.stitch_coords.n_axes() - 1;
        let in_band: PerAxis<i64> =
            tile.stitch_coords.map_indexed(|axis, place| if axis == last { place } else { 0 });
        place_tile(pixels, &TileSpec { stitch_coords: in_band, ..*tile }, self.pixels.view_mut())
    }
}

fn start(tile: &TileSpec) -> [usize; 3] {
    let [z, y, _] = tile.stitch_coords.to_zyx(0).map(|place| usize::try_from(place).unwrap_or(usize::MAX));
    [z, y, 0]
}
