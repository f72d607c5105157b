//! Patches at random places, drawn anew in every epoch or once for all.

use patchweave_geometry::{Coords, Extent, ImageShape, PatchSpec, RegionSpec, coordinate};
use rand::RngExt;

use crate::counts::{Counts, Place};
use crate::{Draw, PatchIndices, PatchRng, Patching, PatchingError, Starts};

/// Patches anywhere in a sample, uniformly; as many per sample as are needed to cover it once.
///
/// A sample of size `N` has `Π ceil(N / p)` patches; each start is uniform over `[0, max(0, N - p)]` on every
/// axis. One draw per axis in the order `(Z)YX`.
///
/// ```
/// use patchweave_geometry::{Extent, ImageShape};
/// use patchweave_patching::{PatchRng, Patching, RandomPatching};
///
/// let shapes = [ImageShape::from_slice(&[1, 1, 100, 100])?];
/// let patching = RandomPatching::new(&shapes, Extent::new(&[64, 64])?)?;
/// assert_eq!(patching.n_patches(), 4);
/// let spec = patching.spec(3, &mut PatchRng::for_patch(1, 0, 3))?;
/// assert!(spec.patch().unwrap().coords.iter().all(|start| (0..=36).contains(&start)));
/// # Ok::<(), patchweave_patching::PatchingError>(())
/// ```
#[derive(Debug, Clone)]
pub struct RandomPatching {
    counts: Counts,
    patch_size: Extent,
    seed: Option<u64>,
}

impl RandomPatching {
    /// Patches of one size from images of any size.
    ///
    /// # Errors
    /// [`PatchingError::RankMismatch`] if a shape has another rank than the patch,
    /// [`PatchingError::TooMany`] if the patches cannot be counted.
    pub fn new(shapes: &[ImageShape], patch_size: Extent) -> Result<Self, PatchingError> {
        let counts = Counts::covering(shapes, patch_size)?;
        Ok(RandomPatching { counts, patch_size, seed: None })
    }

    /// Draws places with a seed of its own instead of that of the data set.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        RandomPatching { seed: Some(seed), ..self }
    }

    /// The inclusive bounds of the starts in an image.
    fn last_start(&self, image: &Extent) -> Coords {
        image.per_axis().map_indexed(|axis, n| coordinate(n.saturating_sub(self.patch_size.as_slice()[axis])))
    }

    fn draw(&self, place: Place, rng: &mut PatchRng) -> Result<PatchSpec, PatchingError> {
        let last = self.last_start(&place.shape.extent);
        let starts: Vec<i64> = last.iter().map(|last| rng.random_range(0..=last)).collect();
        Ok(PatchSpec {
            data_idx: place.data_idx,
            sample_idx: place.sample_idx,
            coords: Coords::new(&starts)?,
            patch_size: self.patch_size,
        })
    }
}

impl Patching for RandomPatching {
    fn n_patches(&self) -> usize {
        self.counts.n_patches()
    }

    fn spec(&self, index: usize, rng: &mut PatchRng) -> Result<RegionSpec, PatchingError> {
        let place = self.counts.locate(index)?;
        let patch = match self.seed {
            Some(seed) => self.draw(place, &mut rng.fork_place(seed)),
            None => self.draw(place, rng),
        };
        Ok(patch?.into())
    }

    fn patch_size(&self, index: usize) -> Result<Extent, PatchingError> {
        self.counts.locate(index).map(|_| self.patch_size)
    }

    fn indices_of(&self, data_idx: usize) -> PatchIndices {
        PatchIndices::Range(self.counts.indices_of(data_idx))
    }

    fn starts(&self, data_idx: usize, sample_idx: usize) -> Starts<'_> {
        let shape = self.counts.shape_of(data_idx, sample_idx);
        shape.map_or_else(Starts::none, |shape| Starts::anywhere(shape.extent, self.patch_size))
    }
}

/// The same law as [`RandomPatching`], but an index gives the same patch in every epoch.
///
/// The place is computed from the strategy's own seed and the index, so nothing is stored.
///
/// ```
/// use patchweave_geometry::{Extent, ImageShape};
/// use patchweave_patching::{FixedRandomPatching, PatchRng, Patching};
///
/// let shapes = [ImageShape::from_slice(&[1, 1, 100, 100])?];
/// let patching = FixedRandomPatching::new(&shapes, Extent::new(&[64, 64])?, 42)?;
/// let first = patching.spec(0, &mut PatchRng::for_patch(1, 0, 0))?;
/// assert_eq!(first, patching.spec(0, &mut PatchRng::for_patch(9, 5, 0))?);
/// # Ok::<(), patchweave_patching::PatchingError>(())
/// ```
#[derive(Debug, Clone)]
pub struct FixedRandomPatching {
    random: RandomPatching,
    seed: u64,
}

impl FixedRandomPatching {
    /// Patches of one size, placed by `seed`.
    ///
    /// # Errors
    /// As [`RandomPatching::new`].
    pub fn new(shapes: &[ImageShape], patch_size: Extent, seed: u64) -> Result<Self, PatchingError> {
        Ok(FixedRandomPatching { random: RandomPatching::new(shapes, patch_size)?, seed })
    }

    fn draw(&self, index: usize) -> Result<PatchSpec, PatchingError> {
        let mut own = PatchRng::for_patch(self.seed, 0, index).fork(Draw::Fixed);
        self.random.draw(self.random.counts.locate(index)?, &mut own)
    }
}

impl Patching for FixedRandomPatching {
    fn n_patches(&self) -> usize {
        self.random.n_patches()
    }

    fn spec(&self, index: usize, _rng: &mut PatchRng) -> Result<RegionSpec, PatchingError> {
        Ok(self.draw(index)?.into())
    }

    fn patch_size(&self, index: usize) -> Result<Extent, PatchingError> {
        self.random.patch_size(index)
    }

    fn indices_of(&self, data_idx: usize) -> PatchIndices {
        self.random.indices_of(data_idx)
    }

    fn starts(&self, data_idx: usize, sample_idx: usize) -> Starts<'_> {
        let indices = self.random.counts.indices_of_sample(data_idx, sample_idx);
        Starts::listed(indices.map(|index| self.draw(index)))
    }
}
