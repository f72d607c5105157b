//! How images are cut for a prediction.

use patchweave_geometry::{Extent, GeometryError, ImageShape, Overlaps, PerAxis, TileGrid};

/// How images are cut for a prediction: what a patching of the same name makes patches of.
///
/// ```
/// use patchweave_geometry::{Extent, ImageShape, PerAxis};
/// use patchweave_predict::Tiling;
///
/// let shape = ImageShape::from_slice(&[2, 1, 20, 20])?;
/// assert_eq!(Tiling::Whole.grid(shape)?.n_tiles(), 2);
/// let tiles = Tiling::Tiles { size: Extent::new(&[8, 8])?, overlaps: PerAxis::new(&[2, 2])? };
/// assert_eq!(tiles.grid(shape)?.n_tiles(), 18);
/// # Ok::<(), patchweave_geometry::GeometryError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tiling {
    /// Samples as they are, as `WholePatching` delivers them.
    Whole,
    /// Tiles of one size, as `TiledPatching` delivers them.
    Tiles {
        /// Their size.
        size: Extent,
        /// How many pixels neighbours share.
        overlaps: Overlaps,
    },
}

impl Tiling {
    /// The tiles of an image; of whole samples each is one.
    ///
    /// # Errors
    /// [`GeometryError::RankMismatch`] if the image has other axes, [`GeometryError::Overlap`] unless tiles are larger than what
    /// they share.
    pub fn grid(&self, shape: ImageShape) -> Result<TileGrid, GeometryError> {
        match *self {
            Tiling::Whole => TileGrid::new(shape, shape.extent, PerAxis::splat(0, shape.extent.n_axes())?),
            Tiling::Tiles { size, overlaps } => TileGrid::new(shape, size, overlaps),
        }
    }
}
