//! Patches whose centres follow a map of weights.

use patchweave_geometry::{Extent, ImageShape, PatchSpec, RegionSpec};
use rand::RngExt;

use crate::counts::{Counts, Place};
use crate::start_box::StartBox;
use crate::starts::{StartSet, all_starts};
use crate::{PatchIndices, PatchRng, Patching, PatchingError, SampleWeights, Starts};

/// Patches whose centres follow a map of weights; as many per sample as [`RandomPatching`](crate::RandomPatching)
/// has.
///
/// A share of the patches has its centre drawn by weight: a block, then any of its pixels. The start is moved as
/// little as needed for the patch to lie inside the image, so weights near borders count. All other patches start
/// anywhere, uniformly, and so do all in samples without weight. The centre of a patch of size `p` at `x` is
/// `x + p/2`, rounded down.
///
/// Random numbers are drawn in this order: whether the map is followed, the block, and the pixel or start along
/// `(Z)YX`. A map takes 8 bytes per block.
///
/// ```
/// use patchweave_geometry::{Extent, ImageShape};
/// use patchweave_patching::{PatchRng, Patching, SampleWeights, WeightedPatching};
///
/// let shapes = [ImageShape::from_slice(&[1, 1, 64, 100])?];
/// let (patch, block) = (Extent::new(&[16, 16])?, Extent::new(&[32, 50])?);
/// let weights = SampleWeights::new(shapes[0].extent, block, vec![0.0, 0.0, 0.0, 1.0])?;
/// let patching = WeightedPatching::new(&shapes, patch, vec![weights], 1.0)?;
/// let spec = patching.spec(2, &mut PatchRng::for_patch(1, 0, 2))?;
/// let start = spec.patch().unwrap().coords;
/// assert!((24..=48).contains(&start[0]) && (42..=84).contains(&start[1]));
/// # Ok::<(), patchweave_patching::PatchingError>(())
/// ```
#[derive(Debug, Clone)]
pub struct WeightedPatching {
    counts: Counts,
    first_sample: Vec<usize>,
    weights: Vec<SampleWeights>,
    patch_size: Extent,
    share: f64,
    seed: Option<u64>,
}

impl WeightedPatching {
    /// Patches of one size from samples with one map each: stacks in order, in each its samples in order.
    ///
    /// # Errors
    /// [`PatchingError::Share`] unless `share` is in `(0, 1]`, [`PatchingError::MapCount`] for another number of
    /// maps than samples, [`PatchingError::MapSize`] for a map of another size than its image,
    /// [`PatchingError::RankMismatch`] and [`PatchingError::TooMany`].
    pub fn new(
        shapes: &[ImageShape],
        patch_size: Extent,
        weights: Vec<SampleWeights>,
        share: f64,
    ) -> Result<Self, PatchingError> {
        if !(share > 0.0 && share <= 1.0) {
            return Err(PatchingError::Share { share });
        }
        let counts = Counts::covering(shapes, patch_size)?;
        let mut first_sample = Vec::with_capacity(shapes.len());
        let mut n_samples = 0_usize;
        for (data_idx, shape) in shapes.iter().enumerate() {
            first_sample.push(n_samples);
            n_samples = n_samples.saturating_add(shape.n_samples);
            let maps = weights.get(first_sample[data_idx]..n_samples.min(weights.len())).unwrap_or_default();
            if let Some(place) = maps.iter().position(|map| map.image() != shape.extent) {
                let map = maps[place].image();
                let image = shape.extent;
                return Err(PatchingError::MapSize { data_idx, sample_idx: place, map, image });
            }
        }
        if weights.len() != n_samples {
            return Err(PatchingError::MapCount { got: weights.len(), expected: n_samples });
        }
        Ok(WeightedPatching { counts, first_sample, weights, patch_size, share, seed: None })
    }

    /// Draws places with a seed of its own instead of that of the data set.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        WeightedPatching { seed: Some(seed), ..self }
    }

    fn map(&self, data_idx: usize, sample_idx: usize) -> Option<&SampleWeights> {
        self.weights.get(self.first_sample.get(data_idx)? + sample_idx)
    }

    fn draw(&self, place: &Place, rng: &mut PatchRng) -> PatchSpec {
        let Place { data_idx, sample_idx, shape, .. } = *place;
        let starts = all_starts(&shape.extent, &self.patch_size);
        let map = self.map(data_idx, sample_idx).filter(|map| map.total() > 0.0);
        let start = match map.filter(|_| rng.random::<f64>() < self.share) {
            Some(map) => self.start_around(map.draw(rng), starts.high),
            None => starts.draw(shape.extent.n_axes(), rng),
        };
        let coords = shape.extent.per_axis().of_zyx(start).to_coords();
        PatchSpec { data_idx, sample_idx, coords, patch_size: self.patch_size }
    }

    /// The start whose patch has its centre nearest to a pixel, where there are `n_starts` along each axis.
    fn start_around(&self, centre: [usize; 3], n_starts: [usize; 3]) -> [usize; 3] {
        let patch = self.patch_size.to_zyx();
        [0, 1, 2].map(|axis| centre[axis].saturating_sub(patch[axis] / 2).min(n_starts[axis] - 1))
    }
}

impl Patching for WeightedPatching {
    fn n_patches(&self) -> usize {
        self.counts.n_patches()
    }

    fn spec(&self, index: usize, rng: &mut PatchRng) -> Result<RegionSpec, PatchingError> {
        let place = self.counts.locate(index)?;
        let patch = match self.seed {
            Some(seed) => self.draw(&place, &mut rng.fork_place(seed)),
            None => self.draw(&place, rng),
        };
        Ok(patch.into())
    }

    fn patch_size(&self, index: usize) -> Result<Extent, PatchingError> {
        self.counts.locate(index).map(|_| self.patch_size)
    }

    fn indices_of(&self, data_idx: usize) -> PatchIndices {
        PatchIndices::Range(self.counts.indices_of(data_idx))
    }

    fn starts(&self, data_idx: usize, sample_idx: usize) -> Starts<'_> {
        let Some(shape) = self.counts.shape_of(data_idx, sample_idx) else { return Starts::none() };
        match self.map(data_idx, sample_idx) {
            Some(map) if self.share >= 1.0 && map.total() > 0.0 => Starts::among(Weighty {
                patching: self,
                map,
                starts: all_starts(&shape.extent, &self.patch_size),
            }),
            _ => Starts::anywhere(shape.extent, self.patch_size),
        }
    }
}

/// The starts of patches whose centres always follow a map.
struct Weighty<'a> {
    patching: &'a WeightedPatching,
    map: &'a SampleWeights,
    starts: StartBox,
}

impl StartSet for Weighty<'_> {
    fn patch_size(&self) -> Extent {
        self.patching.patch_size
    }

    fn start_within(&self, within: &StartBox) -> Option<[usize; 3]> {
        let StartBox { low, high } = self.starts.intersection(within)?;
        let half = self.patching.patch_size.to_zyx().map(|p| p / 2);
        let image = self.map.image().to_zyx();
        // Centres beyond the first and last ones are moved to them.
        let centres = StartBox {
            low: [0, 1, 2].map(|axis| if low[axis] == 0 { 0 } else { low[axis] + half[axis] }),
            high: [0, 1, 2].map(|axis| {
                if high[axis] == self.starts.high[axis] { image[axis] } else { high[axis] + half[axis] }
            }),
        };
        let centre = self.map.pixel_within(&centres)?;
        Some(self.patching.start_around(centre, self.starts.high))
    }
}
