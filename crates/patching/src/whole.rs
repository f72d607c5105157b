//! Whole samples as patches.

use patchweave_geometry::{Extent, ImageShape, PatchSpec, RegionSpec};

use crate::counts::Counts;
use crate::{PatchIndices, PatchRng, Patching, PatchingError};

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

impl Patching for WholePatching {
    fn n_patches(&self) -> usize {
        self.counts.n_patches()
    }

    fn spec(&self, index: usize, _rng: &mut PatchRng) -> Result<RegionSpec, PatchingError> {
        let place = self.counts.locate(index)?;
        let extent = place.shape.extent;
        let spec = PatchSpec {
            data_idx: place.data_idx,
            sample_idx: place.sample_idx,
            coords: extent.per_axis().map(|_| 0),
            patch_size: extent,
        };
        Ok(spec.into())
    }

    fn patch_size(&self, index: usize) -> Result<Extent, PatchingError> {
        self.counts.locate(index).map(|place| place.shape.extent)
    }

    fn indices_of(&self, data_idx: usize) -> PatchIndices {
        PatchIndices::Range(self.counts.indices_of(data_idx))
    }
}
