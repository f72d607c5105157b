//! Where pixels are, in integers: axes, extents, regions and the specs that name a patch or a tile.
//!
//! Nothing here touches a pixel or opens a file. Spatial tuples are always in the order `(Z)YX`,
//! whole images in the order `SC(Z)YX`.

mod axes;
mod context;
mod error;
mod extent;
mod layout;
mod per_axis;
mod region;
mod shape;
mod spec;
mod strides;

pub use axes::{Axes, Axis};
pub use context::{Context, ContextAxis, ContextPadding, mirror};
pub use error::GeometryError;
pub use extent::Extent;
pub use layout::{ArrayLayout, AxisIndex};
pub use per_axis::{Coords, Overlaps, PerAxis};
pub use region::{InsideRegion, Region};
pub use shape::ImageShape;
pub use spec::{PatchSpec, RegionSpec, TileSpec, UncorrelatedSpec};
pub use strides::c_strides;
