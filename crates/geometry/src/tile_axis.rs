//! Overlapping tiles along an axis, and the part of each that is kept.

use std::ops::Range;

use crate::{AxisGrid, GeometryError};

/// One tile along one axis.
///
/// ```
/// use patchweave_geometry::{AxisTile, TileAxis};
///
/// let tile = TileAxis::new(20, 8, 2)?.tile(1);
/// assert_eq!(tile, AxisTile { start: 6, stitch: 7, crop_start: 1, crop_size: 6 });
/// assert_eq!(tile.kept(), 7..13);
/// # Ok::<(), patchweave_geometry::GeometryError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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

impl AxisTile {
    /// The pixels of the image that are kept.
    #[must_use]
    pub fn kept(&self) -> Range<usize> {
        self.stitch..self.stitch + self.crop_size
    }
}

/// Overlapping tiles along an axis, which lie as an [`AxisGrid`] says; each keeps its middle, so that kept parts cover
/// the axis.
///
/// Half of the overlap is cut off on either side, but for the ends of the axis. With an even overlap the kept parts follow
/// one another; with an odd one the first two share a pixel. A last tile that is pulled back keeps what the one before it
/// left.
///
/// ```
/// use patchweave_geometry::TileAxis;
///
/// let axis = TileAxis::new(20, 8, 2)?;
/// let kept: Vec<_> = axis.tiles().map(|tile| tile.kept()).collect();
/// assert_eq!(kept, [0..7, 7..13, 13..20]);
/// assert_eq!(axis.tiles().map(|tile| tile.start).collect::<Vec<_>>(), [0, 6, 12]);
/// assert_eq!(axis.keeping(6..8), 0..2);
/// let error = TileAxis::new(20, 8, 8).unwrap_err();
/// assert_eq!(error.to_string(), "got an overlap of 8 pixels, expected less than the 8 of a tile");
/// # Ok::<(), patchweave_geometry::GeometryError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TileAxis {
    grid: AxisGrid,
    overlap: usize,
}

impl TileAxis {
    /// Tiles of `tile` pixels along an axis of `size` pixels, which share `overlap` pixels with the next one.
    ///
    /// # Errors
    /// [`GeometryError::Overlap`] unless the overlap is smaller than the tile, [`GeometryError::AxisGrid`] for an axis of nothing.
    pub fn new(size: usize, tile: usize, overlap: usize) -> Result<Self, GeometryError> {
        let step = tile.checked_sub(overlap).filter(|&step| step > 0);
        let step = step.ok_or(GeometryError::Overlap { overlap, tile })?;
        Ok(TileAxis { grid: AxisGrid::new(size, tile, step)?, overlap })
    }

    /// Where tiles are read.
    #[must_use]
    pub fn grid(&self) -> &AxisGrid {
        &self.grid
    }

    /// Number of tiles, at least 1.
    #[must_use]
    pub fn n_tiles(&self) -> usize {
        self.grid.n_windows()
    }

    /// A tile; places from the number of tiles on are those of the last one.
    #[must_use]
    pub fn tile(&self, place: usize) -> AxisTile {
        let place = place.min(self.n_tiles() - 1);
        let start = self.grid.start(place);
        let stitch = self.kept_start(place);
        let is_last = place + 1 == self.n_tiles();
        let end = if is_last { self.grid.size() } else { self.kept_end(place) };
        AxisTile { start, stitch, crop_start: stitch - start, crop_size: end - stitch }
    }

    /// All tiles in order.
    pub fn tiles(&self) -> impl ExactSizeIterator<Item = AxisTile> + use<> {
        let axis = *self;
        (0..axis.n_tiles()).map(move |place| axis.tile(place))
    }

    /// The places of the tiles that keep a pixel of a part of the axis; none for an empty part.
    #[must_use]
    pub fn keeping(&self, part: Range<usize>) -> Range<usize> {
        let part = part.start..part.end.min(self.grid.size());
        if part.is_empty() {
            return 0..0;
        }
        let last = self.n_tiles() - 1;
        let around = |pixel: usize| (pixel.saturating_sub(self.overlap / 2) / self.grid.step()).min(last);
        // Where the first two tiles share a pixel, or the second of two starts a pixel later, the quotient is one too high.
        let first = around(part.start).saturating_sub(1);
        let end = around(part.end - 1) + 1;
        let shares = |place: &usize| {
            let kept = self.tile(*place).kept();
            kept.start < part.end && part.start < kept.end
        };
        let first = (first..end).find(shares).unwrap_or(end);
        let end = (first..end).rev().find(shares).map_or(first, |last| last + 1);
        first..end
    }

    /// First kept pixel of a tile that is there. A last tile keeps what the one before it left.
    fn kept_start(&self, place: usize) -> usize {
        let is_last = place + 1 == self.n_tiles();
        match place {
            0 => 0,
            _ if is_last => self.kept_end(place - 1),
            _ => place * self.grid.step() + self.overlap / 2,
        }
    }

    /// The pixel behind the last one that a tile keeps which is not the last tile.
    fn kept_end(&self, place: usize) -> usize {
        match place {
            0 => self.grid.window() - self.overlap / 2,
            _ => (place + 1) * self.grid.step() + self.overlap / 2,
        }
    }
}
