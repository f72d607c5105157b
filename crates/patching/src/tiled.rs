//! Overlapping tiles whose crops cover an image exactly once.

use patchweave_geometry::{Extent, ImageShape, Overlaps, PatchSpec, PerAxis, RegionSpec, TileSpec};

use crate::counts::{self, Counts, coordinate, unravel};
use crate::sequential::check_overlaps;
use crate::{PatchIndices, PatchRng, Patching, PatchingError, Starts};

/// Tiles for prediction: read with context, cropped to the part that is kept.
///
/// With even overlaps the crops of a sample cover every pixel exactly once; with odd ones the first two
/// crops of an axis share a pixel and the later tile wins. A tile exceeds the image only where the image
/// is smaller than the tile.
///
/// ```
/// use patchweave_geometry::{Extent, ImageShape, PerAxis};
/// use patchweave_patching::{PatchRng, Patching, TiledPatching};
///
/// let shapes = [ImageShape::from_slice(&[1, 1, 20, 20])?];
/// let overlaps = PerAxis::new(&[2, 2])?;
/// let patching = TiledPatching::new(&shapes, Extent::new(&[8, 8])?, Some(overlaps))?;
/// let spec = patching.spec(1, &mut PatchRng::for_patch(0, 0, 1))?;
/// let tile = spec.tile().unwrap();
/// assert_eq!(tile.patch.coords.as_slice(), [0, 6]);
/// assert_eq!(tile.stitch_coords.as_slice(), [0, 7]);
/// assert_eq!((tile.crop_size.as_slice(), tile.total_tiles), ([7, 6].as_slice(), 9));
/// # Ok::<(), patchweave_patching::PatchingError>(())
/// ```
#[derive(Debug, Clone)]
pub struct TiledPatching {
    counts: Counts,
    patch_size: Extent,
    overlaps: Overlaps,
}

/// One tile along one axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AxisTile {
    /// First pixel that is read.
    pub start: usize,
    /// First pixel that is kept, counted in the image.
    pub stitch: usize,
    /// First pixel that is kept, counted in the tile.
    pub crop_start: usize,
    /// How many pixels are kept.
    pub crop_size: usize,
}

/// All tiles along an axis of `n` pixels.
///
/// # Errors
/// [`PatchingError::Overlap`] unless `overlap` is smaller than `tile`, [`PatchingError::Geometry`] if a
/// size is 0.
pub fn tile_axis(n: usize, tile: usize, overlap: usize) -> Result<Vec<AxisTile>, PatchingError> {
    let (image, patch_size) = (Extent::new(&[n, 1])?, Extent::new(&[tile, 1])?);
    let overlaps = check_overlaps(patch_size, Some(PerAxis::new(&[overlap, 0])?))?;
    let n_tiles = n_tiles(image.as_slice()[0], tile, overlaps[0]);
    Ok((0..n_tiles).map(|place| nth_tile(place, n, tile, overlap)).collect())
}

fn n_tiles(n: usize, tile: usize, overlap: usize) -> usize {
    n.saturating_sub(overlap).max(1).div_ceil(tile - overlap)
}

fn nth_tile(place: usize, n: usize, tile: usize, overlap: usize) -> AxisTile {
    let step = tile - overlap;
    let grid_start = place * step;
    if place == 0 {
        let crop_size = if n <= tile { n } else { tile - overlap / 2 };
        AxisTile { start: 0, stitch: 0, crop_start: 0, crop_size }
    } else if grid_start + tile < n {
        AxisTile {
            start: grid_start,
            stitch: grid_start + overlap / 2,
            crop_start: overlap / 2,
            crop_size: step,
        }
    } else {
        // The last tile ends at the border and keeps what its predecessor left.
        let start = n.saturating_sub(tile);
        let previous = nth_tile(place - 1, n, tile, overlap);
        let stitch = previous.stitch + previous.crop_size;
        AxisTile { start, stitch, crop_start: stitch - start, crop_size: n - stitch }
    }
}

impl TiledPatching {
    /// Tiles of one size; `overlaps` of `None` means none.
    ///
    /// # Errors
    /// [`PatchingError::Overlap`] if an overlap is not smaller than the tile,
    /// [`PatchingError::RankMismatch`] and [`PatchingError::TooMany`].
    pub fn new(
        shapes: &[ImageShape],
        patch_size: Extent,
        overlaps: Option<Overlaps>,
    ) -> Result<Self, PatchingError> {
        let overlaps = check_overlaps(patch_size, overlaps)?;
        let counts = Counts::new(shapes, |data_idx, shape| {
            counts::check_rank(data_idx, shape, patch_size)?;
            counts::product(data_idx, grid(&shape.extent, &patch_size, &overlaps).into_iter())
        })?;
        Ok(TiledPatching { counts, patch_size, overlaps })
    }
}

fn grid(image: &Extent, patch_size: &Extent, overlaps: &Overlaps) -> Vec<usize> {
    let axes = image.iter().zip(patch_size.iter()).zip(overlaps.iter());
    axes.map(|((n, tile), overlap)| n_tiles(n, tile, overlap)).collect()
}

impl Patching for TiledPatching {
    fn n_patches(&self) -> usize {
        self.counts.n_patches()
    }

    fn spec(&self, index: usize, _rng: &mut PatchRng) -> Result<RegionSpec, PatchingError> {
        let place = self.counts.locate(index)?;
        let image = place.shape.extent;
        let position = unravel(place.within, &grid(&image, &self.patch_size, &self.overlaps));
        let tiles = image.per_axis().map_indexed(|axis, n| {
            nth_tile(position[axis], n, self.patch_size.as_slice()[axis], self.overlaps[axis])
        });
        let crop: Vec<usize> = tiles.iter().map(|tile| tile.crop_size).collect();
        let tile = TileSpec {
            patch: PatchSpec {
                data_idx: place.data_idx,
                sample_idx: place.sample_idx,
                coords: tiles.map(|tile| coordinate(tile.start)),
                patch_size: self.patch_size,
            },
            crop_coords: tiles.map(|tile| coordinate(tile.crop_start)),
            crop_size: Extent::new(&crop)?,
            stitch_coords: tiles.map(|tile| coordinate(tile.stitch)),
            total_tiles: self.counts.indices_of(place.data_idx).len(),
        };
        Ok(tile.into())
    }

    fn patch_size(&self, index: usize) -> Result<Extent, PatchingError> {
        self.counts.locate(index).map(|_| self.patch_size)
    }

    fn indices_of(&self, data_idx: usize) -> PatchIndices {
        PatchIndices::Range(self.counts.indices_of(data_idx))
    }

    fn starts(&self, data_idx: usize, sample_idx: usize) -> Starts<'_> {
        let Some(shape) = self.counts.shape_of(data_idx, sample_idx) else { return Starts::none() };
        let image = shape.extent;
        let grid = grid(&image, &self.patch_size, &self.overlaps);
        Starts::on_grid(self.patch_size, grid, move |axis, place| {
            nth_tile(place, image.as_slice()[axis], self.patch_size.as_slice()[axis], self.overlaps[axis])
                .start
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Even overlaps: crops follow one another without gap or overlap and end at the border.
        #[test]
        fn crops_cover_every_pixel_once(n in 1_usize..200, tile in 1_usize..64, overlap in 0_usize..64) {
            let overlap = overlap % tile / 2 * 2;
            let mut next = 0;
            for axis_tile in tile_axis(n, tile, overlap).unwrap() {
                prop_assert_eq!(axis_tile.stitch, next);
                prop_assert_eq!(axis_tile.start + axis_tile.crop_start, axis_tile.stitch);
                prop_assert!(axis_tile.crop_size > 0);
                prop_assert!(axis_tile.crop_start + axis_tile.crop_size <= tile);
                next += axis_tile.crop_size;
            }
            prop_assert_eq!(next, n);
        }

        /// Any overlap: no pixel is missed, and only the first two crops may share one.
        #[test]
        fn odd_overlaps_leave_no_gap(n in 1_usize..200, tile in 1_usize..64, overlap in 0_usize..64) {
            let overlap = overlap % tile;
            let mut times = vec![0; n];
            for axis_tile in tile_axis(n, tile, overlap).unwrap() {
                for count in &mut times[axis_tile.stitch..axis_tile.stitch + axis_tile.crop_size] {
                    *count += 1;
                }
            }
            prop_assert!(times.iter().all(|&count| count >= 1));
            prop_assert!(times.iter().sum::<usize>() <= n + 1);
        }
    }

    #[test]
    fn overlap_must_be_smaller_than_the_tile() {
        let error = tile_axis(20, 8, 8).unwrap_err();
        assert_eq!(
            error.to_string(),
            "overlaps [8, 0] do not go with patch [8, 1], each must be smaller than the patch"
        );
    }
}
