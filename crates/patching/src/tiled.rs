//! Overlapping tiles whose crops cover an image exactly once.

use patchweave_geometry::{Extent, ImageShape, Overlaps, RegionSpec, TileGrid};

use crate::counts::{self, Counts};
use crate::sequential::check_overlaps;
use crate::{PatchIndices, PatchRng, Patching, PatchingError, Starts};

/// Tiles for prediction: read with context, cropped to the part that is kept.
///
/// With even overlaps the crops of a sample cover every pixel exactly once; with odd ones the first two
/// crops of an axis share a pixel and the later tile wins. A tile exceeds the image only where the image
/// is smaller than the tile. The tiles of an image are those of a [`TileGrid`], image by image.
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
/// assert_eq!((tile.crop_size.as_slice(), patching.n_patches()), ([7, 6].as_slice(), 9));
/// # Ok::<(), patchweave_patching::PatchingError>(())
/// ```
#[derive(Debug, Clone)]
pub struct TiledPatching {
    counts: Counts,
    patch_size: Extent,
    /// Those of every image.
    grids: Vec<TileGrid>,
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
        let grid_of = |(data_idx, shape)| {
            counts::check_rank(data_idx, shape, patch_size)?;
            Ok(TileGrid::new(*shape, patch_size, overlaps)?)
        };
        let grids = shapes.iter().enumerate().map(grid_of).collect::<Result<Vec<_>, PatchingError>>()?;
        let counts = Counts::new(shapes, |data_idx, _| Ok(grids[data_idx].n_per_sample()))?;
        Ok(TiledPatching { counts, patch_size, grids })
    }

    /// The tiles of an image, if there is one with this number: which of them a block of a result is
    /// [made of](TileGrid::keeping), and what lists of tiles [hold](TileGrid::record).
    ///
    /// Tile `index` of the grid is patch `index` of those of the image.
    pub fn grid(&self, data_idx: usize) -> Option<&TileGrid> {
        self.grids.get(data_idx)
    }
}

impl Patching for TiledPatching {
    fn n_patches(&self) -> usize {
        self.counts.n_patches()
    }

    fn spec(&self, index: usize, _rng: &mut PatchRng) -> Result<RegionSpec, PatchingError> {
        let data_idx = self.counts.locate(index)?.data_idx;
        let in_image = index - self.counts.indices_of(data_idx).start;
        let spec = self.grids[data_idx].spec(data_idx, in_image);
        let no_tile = || PatchingError::IndexOutOfRange { index, n_patches: self.n_patches() };
        spec.map(RegionSpec::from).ok_or_else(no_tile)
    }

    fn patch_size(&self, index: usize) -> Result<Extent, PatchingError> {
        self.counts.locate(index).map(|_| self.patch_size)
    }

    fn indices_of(&self, data_idx: usize) -> PatchIndices {
        PatchIndices::Range(self.counts.indices_of(data_idx))
    }

    fn starts(&self, data_idx: usize, sample_idx: usize) -> Starts<'_> {
        if self.counts.shape_of(data_idx, sample_idx).is_none() {
            return Starts::none();
        }
        let axes = self.grids[data_idx].axes().map(|axis| *axis.grid());
        Starts::on_grid(self.patch_size, axes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use patchweave_geometry::PerAxis;

    #[test]
    fn overlap_must_be_smaller_than_the_tile() {
        let shapes = [ImageShape::from_slice(&[1, 1, 20, 20]).unwrap()];
        let patch_size = Extent::new(&[8, 8]).unwrap();
        let overlaps = PerAxis::new(&[8, 0]).unwrap();
        let error = TiledPatching::new(&shapes, patch_size, Some(overlaps)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "overlaps [8, 0] do not go with patch [8, 8], each must be smaller than the patch"
        );
    }
}
