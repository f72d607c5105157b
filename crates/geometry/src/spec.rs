//! The records that name a patch: which image, which sample, where, how large.

use serde::{Deserialize, Serialize};

use crate::{Coords, Extent, Region};

/// Names one patch of one sample of one image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PatchSpec {
    /// Which image stack.
    pub data_idx: usize,
    /// Which sample of it.
    pub sample_idx: usize,
    /// First pixel; may lie outside the image.
    pub coords: Coords,
    /// Size of the patch.
    pub patch_size: Extent,
}

impl PatchSpec {
    /// The pixels this patch covers.
    pub fn region(&self) -> Region {
        Region { start: self.coords, size: self.patch_size }
    }
}

/// A patch of a tiling: where it is read, which part of it is kept and where that part belongs.
///
/// Its serialised form has no `total_tiles`, the number of tiles of its image; that of a [`TileRecord`] has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TileSpec {
    /// What is read.
    #[serde(flatten)]
    pub patch: PatchSpec,
    /// First kept pixel, counted inside the tile.
    pub crop_coords: Coords,
    /// Size of the kept part.
    pub crop_size: Extent,
    /// Place of the kept part in the image.
    pub stitch_coords: Coords,
}

impl TileSpec {
    /// The pixels of the image that are kept.
    pub fn kept(&self) -> Region {
        Region { start: self.stitch_coords, size: self.crop_size }
    }
}

/// A tile as lists of tiles hold it: with the number of tiles of its image; made by
/// [`TileGrid::record`](crate::TileGrid::record).
///
/// ```
/// use patchweave_geometry::{Extent, ImageShape, PerAxis, TileGrid, TileRecord};
///
/// let shape = ImageShape::from_slice(&[1, 1, 10, 10])?;
/// let grid = TileGrid::new(shape, Extent::new(&[8, 8])?, PerAxis::new(&[2, 2])?)?;
/// let record = grid.record(0, 3).ok_or("there are 4 tiles")?;
/// let text = serde_json::to_string(&record)?;
/// assert_eq!(
///     text,
///     r#"{"data_idx":0,"sample_idx":0,"coords":[2,2],"patch_size":[8,8],"crop_coords":[5,5],"#.to_owned()
///         + r#""crop_size":[3,3],"stitch_coords":[7,7],"total_tiles":4}"#
/// );
/// assert_eq!(serde_json::from_str::<TileRecord>(&text)?, record);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TileRecord {
    /// The tile.
    #[serde(flatten)]
    pub tile: TileSpec,
    /// Number of tiles of its image over all samples.
    pub total_tiles: usize,
}

/// A patch whose channels come from different places.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct UncorrelatedSpec {
    /// One spec per channel.
    pub channels: Vec<PatchSpec>,
    /// Which of them leads: it carries the metadata of the whole patch.
    pub principal_channel: usize,
}

/// The spec of a patch of any kind.
///
/// A tile is serialised as [`TileSpec`], without `total_tiles`; for lists of tiles that have it see [`TileRecord`].
///
/// ```
/// use patchweave_geometry::{Extent, PatchSpec, PerAxis, RegionSpec};
///
/// let patch = PatchSpec {
///     data_idx: 0,
///     sample_idx: 2,
///     coords: PerAxis::new(&[4, 8])?,
///     patch_size: Extent::new(&[64, 64])?,
/// };
/// let spec = RegionSpec::from(patch);
/// assert_eq!(spec.patch(), Some(&patch));
/// assert!(spec.tile().is_none());
/// # Ok::<(), patchweave_geometry::GeometryError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RegionSpec {
    /// A plain patch.
    Patch(PatchSpec),
    /// A tile of a prediction.
    Tile(TileSpec),
    /// Channels from different places.
    Uncorrelated(UncorrelatedSpec),
}

impl RegionSpec {
    /// What is read: the patch itself, the tile's patch, or that of the principal channel.
    ///
    /// `None` only for an uncorrelated spec whose principal channel does not exist.
    pub fn patch(&self) -> Option<&PatchSpec> {
        match self {
            RegionSpec::Patch(patch) => Some(patch),
            RegionSpec::Tile(tile) => Some(&tile.patch),
            RegionSpec::Uncorrelated(spec) => spec.channels.get(spec.principal_channel),
        }
    }

    /// The tile, if this is one.
    pub fn tile(&self) -> Option<&TileSpec> {
        match self {
            RegionSpec::Tile(tile) => Some(tile),
            RegionSpec::Patch(_) | RegionSpec::Uncorrelated(_) => None,
        }
    }
}

impl From<PatchSpec> for RegionSpec {
    fn from(patch: PatchSpec) -> Self {
        RegionSpec::Patch(patch)
    }
}

impl From<TileSpec> for RegionSpec {
    fn from(tile: TileSpec) -> Self {
        RegionSpec::Tile(tile)
    }
}
