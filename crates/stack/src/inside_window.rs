//! What an image source is asked for, once it is known to be inside, and where it writes.

use ndarray::ArrayViewMut4;
use patchweave_geometry::InsideRegion;

/// Where a patch is written: `CZYX` in `f32`, planes have depth 1.
pub type PatchViewMut<'a> = ArrayViewMut4<'a, f32>;

/// A part of one sample that is known to exist: the sample, the channels and the region are all inside.
#[derive(Debug, Clone, Copy)]
pub struct InsideWindow<'a> {
    /// Which sample of the canonical form.
    pub sample_idx: usize,
    /// Which channels, in this order; `None` means all, and it always is where there is only one.
    pub channels: Option<&'a [usize]>,
    /// Which pixels.
    pub region: InsideRegion,
}
