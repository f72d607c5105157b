//! Patches on a regular grid that covers every pixel.

use patchweave_geometry::{Extent, ImageShape, Overlaps, PatchSpec, RegionSpec, WindowGrid};

use crate::counts::{self, Counts, Place};
use crate::{PatchIndices, PatchRng, Patching, PatchingError, Starts};

/// Patches at steps of `p - overlap`; a last one that would not reach the border is moved to end there.
///
/// ```
/// use patchweave_geometry::{Extent, ImageShape};
/// use patchweave_patching::{PatchRng, Patching, SequentialPatching};
///
/// let shapes = [ImageShape::from_slice(&[1, 1, 8, 21])?];
/// let patching = SequentialPatching::new(&shapes, Extent::new(&[8, 8])?, None)?;
/// let mut rng = PatchRng::for_patch(0, 0, 0);
/// let starts: Vec<i64> =
///     (0..patching.n_patches()).map(|i| patching.spec(i, &mut rng).unwrap().patch().unwrap().coords[1]).collect();
/// assert_eq!(starts, [0, 8, 13]);
/// # Ok::<(), patchweave_patching::PatchingError>(())
/// ```
#[derive(Debug, Clone)]
pub struct SequentialPatching {
    counts: Counts,
    patch_size: Extent,
    /// Those of every image.
    grids: Vec<WindowGrid>,
}

impl SequentialPatching {
    /// Patches of one size; `overlaps` of `None` means none.
    ///
    /// # Errors
    /// [`PatchingError::Overlap`] if an overlap is not smaller than the patch,
    /// [`PatchingError::TooSmall`] if an image is smaller than the patch,
    /// [`PatchingError::RankMismatch`] and [`PatchingError::TooMany`].
    pub fn new(
        shapes: &[ImageShape],
        patch_size: Extent,
        overlaps: Option<Overlaps>,
    ) -> Result<Self, PatchingError> {
        let overlaps = check_overlaps(patch_size, overlaps)?;
        let step = overlaps.map_indexed(|axis, overlap| patch_size.as_slice()[axis] - overlap);
        let grid_of = |(data_idx, shape): (usize, &ImageShape)| {
            counts::check_rank(data_idx, shape, patch_size)?;
            if !shape.extent.covers(&patch_size) {
                return Err(PatchingError::TooSmall { patch_size, data_idx, image: shape.extent });
            }
            Ok(WindowGrid::new(shape.extent, patch_size, step)?)
        };
        let grids = shapes.iter().enumerate().map(grid_of).collect::<Result<Vec<_>, _>>()?;
        let counts = Counts::new(shapes, |data_idx, _| Ok(grids[data_idx].n_windows()))?;
        Ok(SequentialPatching { counts, patch_size, grids })
    }
}

/// Overlaps that are given, or none, each smaller than the patch.
pub(crate) fn check_overlaps(
    patch_size: Extent,
    overlaps: Option<Overlaps>,
) -> Result<Overlaps, PatchingError> {
    let overlaps = overlaps.unwrap_or(patch_size.per_axis().map(|_| 0));
    let fits = overlaps.n_axes() == patch_size.n_axes()
        && overlaps.iter().zip(patch_size.iter()).all(|(overlap, p)| overlap < p);
    if fits { Ok(overlaps) } else { Err(PatchingError::Overlap { overlaps, patch_size }) }
}

impl Patching for SequentialPatching {
    fn n_patches(&self) -> usize {
        self.counts.n_patches()
    }

    fn spec(&self, index: usize, _rng: &mut PatchRng) -> Result<RegionSpec, PatchingError> {
        let Place { data_idx, sample_idx, within, .. } = self.counts.locate(index)?;
        let no_patch = || PatchingError::IndexOutOfRange { index, n_patches: self.n_patches() };
        let coords = self.grids[data_idx].start(within).ok_or_else(no_patch)?.to_coords();
        Ok(PatchSpec { data_idx, sample_idx, coords, patch_size: self.patch_size }.into())
    }

    fn patch_size(&self, index: usize) -> Result<Extent, PatchingError> {
        self.counts.locate(index).map(|_| self.patch_size)
    }

    fn indices_of(&self, data_idx: usize) -> PatchIndices {
        PatchIndices::Range(self.counts.indices_of(data_idx))
    }

    fn starts(&self, data_idx: usize, sample_idx: usize) -> Starts<'_> {
        if self.counts.shape_of(data_idx, sample_idx).is_none() {
            return Starts::none();
        }
        Starts::on_grid(self.patch_size, *self.grids[data_idx].axes())
    }
}
