//! Whole samples as patches.

use patchweave_geometry::{Extent, ImageShape, PatchSpec, RegionSpec};

use crate::counts::Counts;
use crate::{PatchIndices, PatchRng, Patching, PatchingError, Starts};

/// One patch per sample, as large as the sample.
///
/// ```
/// use patchweave_geometry::ImageShape;
/// use patchweave_patching::{Patching, WholePatching};
///
/// let patching = WholePatching::new(&[ImageShape::from_slice(&[3, 1, 20, 30])?])?;
/// assert_eq!(patching.n_patches(), 3);
/// assert_eq!(patching.patch_size(2)?.as_slice(), [20, 30]);
/// # Ok::<(), patchweave_patching::PatchingError>(())
/// ```
#[derive(Debug, Clone)]
pub struct WholePatching {
    counts: Counts,
}

impl WholePatching {
    /// The samples of images of any size.
    ///
    /// # Errors
    /// [`PatchingError::TooMany`] if the samples cannot be counted.
    pub fn new(shapes: &[ImageShape]) -> Result<Self, PatchingError> {
        Ok(WholePatching { counts: Counts::new(shapes, |_, _| Ok(1))? })
    }
}

fn whole(data_idx: usize, sample_idx: usize, extent: Extent) -> PatchSpec {
    PatchSpec { data_idx, sample_idx, coords: extent.per_axis().map(|_| 0), patch_size: extent }
}

impl Patching for WholePatching {
    fn n_patches(&self) -> usize {
        self.counts.n_patches()
    }

    fn spec(&self, index: usize, _rng: &mut PatchRng) -> Result<RegionSpec, PatchingError> {
        let place = self.counts.locate(index)?;
        Ok(whole(place.data_idx, place.sample_idx, place.shape.extent).into())
    }

    fn patch_size(&self, index: usize) -> Result<Extent, PatchingError> {
        self.counts.locate(index).map(|place| place.shape.extent)
    }

    fn indices_of(&self, data_idx: usize) -> PatchIndices {
        PatchIndices::Range(self.counts.indices_of(data_idx))
    }

    fn starts(&self, data_idx: usize, sample_idx: usize) -> Starts<'_> {
        let shape = self.counts.shape_of(data_idx, sample_idx);
        let spec = shape.map(|shape| Ok(whole(data_idx, sample_idx, shape.extent)));
        Starts::listed(spec.into_iter())
    }
}
