//! Where pixels are, in integers: axes, extents, regions, grids of windows and tiles, and the specs that name a patch or
//! a tile.
//!
//! Nothing here touches a pixel or opens a file. Spatial tuples are always in the order `(Z)YX`,
//! whole images in the order `SC(Z)YX`.

mod axes;
mod axis_grid;
mod context;
mod coordinate;
mod error;
mod extent;
mod grid_places;
mod layout;
mod per_axis;
mod plate;
mod region;
mod shape;
mod spec;
mod strides;
mod tile_axis;
mod tile_grid;
mod window_grid;
mod zeros;

pub use axes::{Axes, Axis};
pub use axis_grid::AxisGrid;
pub use context::{Context, ContextAxis, ContextPadding, mirror};
pub use coordinate::coordinate;
pub use error::GeometryError;
pub use extent::Extent;
pub use grid_places::grid_places;
pub use layout::{ArrayLayout, AxisIndex};
pub use per_axis::{Coords, Overlaps, PerAxis};
pub use plate::{Acquisition, Plate, WellField};
pub use region::{InsideRegion, Region};
pub use shape::ImageShape;
pub use spec::{PatchSpec, RegionSpec, TileRecord, TileSpec, UncorrelatedSpec};
pub use strides::c_strides;
pub use tile_axis::{AxisTile, TileAxis};
pub use tile_grid::TileGrid;
pub use window_grid::WindowGrid;
pub use zeros::{try_lazy_zeros, try_zeros};
