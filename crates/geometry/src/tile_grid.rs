//! The tiles of an image: how many there are, what is kept of each, and which have or keep a pixel of a block.

use std::ops::Range;

use crate::{
    Extent, GeometryError, ImageShape, Overlaps, PatchSpec, PerAxis, Region, TileAxis, TileRecord, TileSpec,
    grid_places,
};

/// Overlapping tiles of one size over all samples of an image, whose kept parts cover it.
///
/// Along every axis tiles lie as a [`TileAxis`] says. They are numbered sample by sample, in each row by row (`X` fastest).
///
/// ```
/// use patchweave_geometry::{Extent, ImageShape, PerAxis, Region, TileGrid};
///
/// let shape = ImageShape::from_slice(&[2, 1, 20, 20])?;
/// let grid = TileGrid::new(shape, Extent::new(&[8, 8])?, PerAxis::new(&[2, 2])?)?;
/// assert_eq!((grid.n_per_sample(), grid.n_tiles()), (9, 18));
/// let tile = grid.spec(0, 10).unwrap();
/// assert_eq!((tile.patch.sample_idx, tile.patch.coords), (1, PerAxis::new(&[0, 6])?));
/// assert_eq!(tile.kept(), Region::new(PerAxis::new(&[0, 7])?, Extent::new(&[7, 6])?)?);
/// # Ok::<(), patchweave_geometry::GeometryError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TileGrid {
    shape: ImageShape,
    tile_size: Extent,
    axes: PerAxis<TileAxis>,
}

impl TileGrid {
    /// Tiles of one size over an image, which share `overlaps` pixels with the next ones.
    ///
    /// # Errors
    /// [`GeometryError::RankMismatch`] if the numbers of axes differ, [`GeometryError::Overlap`] unless every overlap is
    /// smaller than the tile.
    pub fn new(shape: ImageShape, tile_size: Extent, overlaps: Overlaps) -> Result<Self, GeometryError> {
        let expected = shape.extent.n_axes();
        for (what, got) in [("the tile", tile_size.n_axes()), ("the overlap", overlaps.n_axes())] {
            if got != expected {
                return Err(GeometryError::RankMismatch { what, got, expected });
            }
        }
        let along = |axis: usize, size| TileAxis::new(size, tile_size.as_slice()[axis], overlaps[axis]);
        Ok(TileGrid { shape, tile_size, axes: shape.extent.per_axis().try_map_indexed(along)? })
    }

    /// The size of every tile.
    #[must_use]
    pub fn tile_size(&self) -> Extent {
        self.tile_size
    }

    /// The samples, channels and pixels that the tiles cover.
    #[must_use]
    pub fn shape(&self) -> ImageShape {
        self.shape
    }

    /// How tiles lie along every axis.
    #[must_use]
    pub fn axes(&self) -> &PerAxis<TileAxis> {
        &self.axes
    }

    /// Number of tiles of a sample, at most one for every pixel.
    #[must_use]
    pub fn n_per_sample(&self) -> usize {
        self.times().iter().product()
    }

    /// Number of tiles of all samples.
    #[must_use]
    pub fn n_tiles(&self) -> usize {
        self.n_per_sample().saturating_mul(self.shape.n_samples)
    }

    /// The tile of a number, of the image that is number `data_idx` of its data set; `None` if there is no such tile.
    #[must_use]
    pub fn spec(&self, data_idx: usize, index: usize) -> Option<TileSpec> {
        let n_per_sample = self.n_per_sample();
        let sample_idx = index / n_per_sample;
        let place =
            self.times().unravel(index % n_per_sample).filter(|_| sample_idx < self.shape.n_samples)?;
        let tiles = self.axes.map_indexed(|axis, tiles| tiles.tile(place[axis]));
        let coords = tiles.map(|tile| tile.start).to_coords();
        Some(TileSpec {
            patch: PatchSpec { data_idx, sample_idx, coords, patch_size: self.tile_size },
            crop_coords: tiles.map(|tile| tile.crop_start).to_coords(),
            crop_size: self.shape.extent.part(&tiles.map(|tile| tile.crop_size)),
            stitch_coords: tiles.map(|tile| tile.stitch).to_coords(),
        })
    }

    /// The tile of a number as lists of tiles hold it, with the number of all tiles of the image; `None` if there is no
    /// such tile.
    #[must_use]
    pub fn record(&self, data_idx: usize, index: usize) -> Option<TileRecord> {
        Some(TileRecord { tile: self.spec(data_idx, index)?, total_tiles: self.n_tiles() })
    }

    /// The numbers of the tiles that keep a pixel of a block of a sample, ascending; what lies outside of the image is kept
    /// by none.
    ///
    /// These are the tiles that have to be predicted before the block can be written.
    ///
    /// ```
    /// use patchweave_geometry::{Extent, ImageShape, PerAxis, Region, TileGrid};
    ///
    /// let shape = ImageShape::from_slice(&[2, 1, 20, 20])?;
    /// let grid = TileGrid::new(shape, Extent::new(&[8, 8])?, PerAxis::new(&[2, 2])?)?;
    /// let block = Region::new(PerAxis::new(&[5, 12])?, Extent::new(&[4, 4])?)?;
    /// assert_eq!(grid.keeping(1, &block)?.collect::<Vec<_>>(), [10, 11, 13, 14]);
    /// # Ok::<(), patchweave_geometry::GeometryError>(())
    /// ```
    ///
    /// # Errors
    /// [`GeometryError::SampleOutOfRange`], and [`GeometryError::RankMismatch`] if the block has other axes than the image.
    pub fn keeping(
        &self,
        sample_idx: usize,
        block: &Region,
    ) -> Result<impl Iterator<Item = usize> + use<>, GeometryError> {
        self.select(sample_idx, block, TileAxis::keeping)
    }

    /// The numbers of the tiles that have a pixel of a block of a sample, kept or not, ascending.
    ///
    /// These are the tiles that are blended where the block is.
    ///
    /// ```
    /// use patchweave_geometry::{Extent, ImageShape, PerAxis, Region, TileGrid};
    ///
    /// let shape = ImageShape::from_slice(&[2, 1, 20, 20])?;
    /// let grid = TileGrid::new(shape, Extent::new(&[8, 8])?, PerAxis::new(&[2, 2])?)?;
    /// let block = Region::new(PerAxis::new(&[7, 8])?, Extent::new(&[1, 4])?)?;
    /// assert_eq!(grid.touching(0, &block)?.collect::<Vec<_>>(), [1, 4]);
    /// assert_eq!(grid.keeping(0, &block)?.collect::<Vec<_>>(), [4]);
    /// # Ok::<(), patchweave_geometry::GeometryError>(())
    /// ```
    ///
    /// # Errors
    /// As [`keeping`](Self::keeping).
    pub fn touching(
        &self,
        sample_idx: usize,
        block: &Region,
    ) -> Result<impl Iterator<Item = usize> + use<>, GeometryError> {
        self.select(sample_idx, block, |axis, part| axis.grid().touching(part))
    }

    fn select(
        &self,
        sample_idx: usize,
        block: &Region,
        places: fn(&TileAxis, Range<usize>) -> Range<usize>,
    ) -> Result<impl Iterator<Item = usize> + use<>, GeometryError> {
        self.shape.check_sample(sample_idx)?;
        let inside = block.clip(&self.shape.extent)?;
        let places = inside.map_or([0..0, 0..0, 0..0], |inside| {
            let axes = self.axes.map(Some).to_zyx(None);
            std::array::from_fn(|axis| axes[axis].map_or(0..1, |tiles| places(&tiles, inside.range(axis))))
        });
        let [_, n_y, n_x] = self.times().to_zyx(1);
        let first = sample_idx * self.n_per_sample();
        Ok(grid_places(places).map(move |[z, y, x]| first + (z * n_y + y) * n_x + x))
    }

    fn times(&self) -> PerAxis<usize> {
        self.axes.map(|axis| axis.n_tiles())
    }
}
