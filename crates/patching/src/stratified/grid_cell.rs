//! A cell of the grid of stratified patching.

use patchweave_geometry::PerAxis;

/// A cell of the grid that [`StratifiedPatching`](crate::StratifiedPatching) lays over an image, counted in patches along
/// `(Z)YX`.
pub type GridCell = PerAxis<usize>;
