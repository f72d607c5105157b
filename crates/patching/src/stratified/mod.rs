//! Patches drawn region by region: every region of a grid is visited about once per epoch.
//!
//! What nobody changed is computed, never listed: a sample costs memory from the first change on, and then for
//! the regions that were changed.

mod area_class;
mod cells;
mod grid;
mod grid_cell;
mod indices;
mod items;
mod packing;
mod quota;
mod sample_state;
mod split;
mod tables;
mod untouched;
mod urn;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use patchweave_geometry::{Extent, ImageShape, PatchSpec, RegionSpec, coordinate};

use self::grid::Grid;
use self::indices::{Indices, Place, StackCount};
use self::sample_state::SampleState;
use crate::counts::check_rank;
use crate::start_box::StartBox;
use crate::starts::StartSet;
use crate::{PatchIndices, PatchRng, Patching, PatchingError, Starts};

pub use self::cells::GridRegion;
pub use self::grid_cell::GridCell;
pub use self::split::{Separation, hold_out, split_validation};

/// Patches drawn region by region, so that an epoch sees all of an image.
///
/// A grid with steps of the patch size `p` lies over a sample of size `N`. Region `g` holds the starts from `g·p`
/// up to the next cell, as far as they are valid; its weight is their number times a factor that is 1 unless it
/// [is set](Self::set_probabilities). A sample has `n = ceil(Π N/p)` patches, less for excluded cells and
/// regions made rarer, and each start of a region is drawn `n · factor / Σ weights` times per epoch on
/// average.
///
/// Regions are dealt out to the indices of a sample, one each where that is enough and otherwise packed by best
/// fit. An index has a bin as large as the fullest one; a place of the bin is drawn and gives its region, or, if
/// it is unused, any region by weight. Thus full regions are visited about once per epoch.
///
/// Random numbers are drawn in this order. In a changed sample: the place in the bin; if it is unused, a region by
/// weight; the start. In an untouched one: the place in the bin, which is a start of its region; if it is unused,
/// any start, one number per axis in the order `(Z)YX`.
///
/// Memory is taken for changed samples only, and for their changed regions only. Changes become effective
/// together when the strategy is next asked; the first question after them costs as much as there are changed
/// regions in the sample, the others are answered in logarithmic time.
///
/// ```
/// use patchweave_geometry::{Extent, ImageShape, PerAxis};
/// use patchweave_patching::{PatchRng, Patching, StratifiedPatching};
///
/// let shapes = [ImageShape::from_slice(&[1, 1, 32, 32])?];
/// let mut patching = StratifiedPatching::new(&shapes, Extent::new(&[8, 8])?)?;
/// assert_eq!(patching.n_patches(), 16);
///
/// patching.exclude(0, 0, &[PerAxis::new(&[1, 1])?])?;
/// assert_eq!(patching.n_patches(), 15);
/// let spec = patching.spec(3, &mut PatchRng::for_patch(7, 0, 3))?;
/// let start = spec.patch().unwrap().coords;
/// assert!(start.iter().any(|at| at <= 0 || at >= 16), "{start:?} touches the block at 8, 8");
///
/// let error = patching.exclude(0, 0, &[PerAxis::new(&[4, 0])?]).unwrap_err();
/// assert_eq!(error.to_string(), "cell [4, 0] does not exist, the grid of image 0 is [4, 4]");
/// # Ok::<(), patchweave_patching::PatchingError>(())
/// ```
#[derive(Debug, Clone)]
pub struct StratifiedPatching {
    stacks: Vec<Stack>,
    patch_size: Extent,
    seed: Option<u64>,
    changed: BTreeMap<(usize, usize), SampleState>,
    indices: OnceLock<Indices>,
}

#[derive(Debug, Clone, Copy)]
struct Stack {
    n_samples: usize,
    image: Extent,
}

impl StratifiedPatching {
    /// Patches of one size from images of any size; images smaller than the patch have none.
    ///
    /// # Errors
    /// [`PatchingError::RankMismatch`] if a shape has another rank than the patch,
    /// [`PatchingError::TooMany`] if the patches cannot be counted.
    pub fn new(shapes: &[ImageShape], patch_size: Extent) -> Result<Self, PatchingError> {
        // Changes only lower the number of patches, so this is checked once.
        let mut n_patches = 0_usize;
        for (data_idx, shape) in shapes.iter().enumerate() {
            check_rank(data_idx, shape, patch_size)?;
            let grid = Grid::new(shape.extent, patch_size);
            let of_stack = grid.is_countable().then(|| shape.n_samples.checked_mul(grid.n_patches()));
            let sum = of_stack.flatten().and_then(|n| n_patches.checked_add(n));
            n_patches = sum.ok_or(PatchingError::TooMany { data_idx })?;
        }
        let stacks = shapes.iter().map(|shape| Stack { n_samples: shape.n_samples, image: shape.extent });
        let stacks = stacks.collect();
        let changed = BTreeMap::new();
        let indices = OnceLock::new();
        Ok(StratifiedPatching { stacks, patch_size, seed: None, changed, indices })
    }

    /// Draws places with a seed of its own instead of that of the data set.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        StratifiedPatching { seed: Some(seed), ..self }
    }

    /// Checks that images lie on those of the strategy: as many, with as many samples, of the same sizes.
    ///
    /// # Errors
    /// [`PatchingError::OtherImages`].
    pub fn check_images(&self, shapes: &[ImageShape]) -> Result<(), PatchingError> {
        let same = |(stack, shape): (&Stack, &ImageShape)| {
            (stack.n_samples, stack.image) == (shape.n_samples, shape.extent)
        };
        let differs = self.stacks.iter().zip(shapes).position(|pair| !same(pair));
        match differs {
            None if shapes.len() == self.stacks.len() => Ok(()),
            _ => {
                let data_idx = differs.unwrap_or(shapes.len().min(self.stacks.len()));
                Err(PatchingError::OtherImages { data_idx, n_images: self.stacks.len(), got: shapes.len() })
            }
        }
    }

    /// Forbids all patches that would touch the blocks of some cells; each cell takes one patch from its sample.
    ///
    /// Cells that are excluded already are ignored. A sample without patches left has 0.
    ///
    /// # Errors
    /// [`PatchingError::NoSample`] or [`PatchingError::NoCell`]; nothing is changed then.
    pub fn exclude(
        &mut self,
        data_idx: usize,
        sample_idx: usize,
        cells: &[GridCell],
    ) -> Result<(), PatchingError> {
        let ranks = cells.iter().map(|cell| self.cell_rank(data_idx, sample_idx, cell));
        let ranks = ranks.collect::<Result<Vec<_>, _>>()?;
        let sample = self.change(data_idx, sample_idx)?;
        ranks.into_iter().for_each(|cell| sample.exclude(cell));
        Ok(())
    }

    /// Gives regions factors in `[0, 1]` by which they are drawn more rarely; the sample has `1 - factor` patches
    /// less for each of them, whatever its area.
    ///
    /// A factor that is set again is replaced.
    ///
    /// # Errors
    /// [`PatchingError::NoSample`], [`PatchingError::NoCell`] or [`PatchingError::Factor`]; nothing is changed
    /// then.
    pub fn set_probabilities(
        &mut self,
        data_idx: usize,
        sample_idx: usize,
        factors: &[(GridCell, f64)],
    ) -> Result<(), PatchingError> {
        let checked = factors.iter().map(|&(cell, factor)| {
            let rank = self.cell_rank(data_idx, sample_idx, &cell)?;
            if (0.0..=1.0).contains(&factor) {
                Ok((rank, factor))
            } else {
                Err(PatchingError::Factor { data_idx, sample_idx, cell, factor })
            }
        });
        let checked = checked.collect::<Result<Vec<_>, _>>()?;
        let sample = self.change(data_idx, sample_idx)?;
        checked.into_iter().for_each(|(cell, factor)| sample.set_factor(cell, factor));
        Ok(())
    }

    /// The size of all patches.
    pub fn size(&self) -> Extent {
        self.patch_size
    }

    /// How many patches of an epoch come from one sample.
    ///
    /// # Errors
    /// [`PatchingError::NoSample`].
    pub fn n_patches_of(&self, data_idx: usize, sample_idx: usize) -> Result<usize, PatchingError> {
        let grid = self.grid(data_idx, sample_idx)?;
        let changed = self.changed.get(&(data_idx, sample_idx));
        Ok(changed.map_or_else(|| grid.n_patches(), SampleState::n_patches))
    }

    fn grid(&self, data_idx: usize, sample_idx: usize) -> Result<Grid, PatchingError> {
        let stack = self.stacks.get(data_idx).filter(|stack| sample_idx < stack.n_samples);
        let stack = stack.ok_or(PatchingError::NoSample { data_idx, sample_idx })?;
        Ok(Grid::new(stack.image, self.patch_size))
    }

    fn cell_rank(&self, data_idx: usize, sample_idx: usize, cell: &GridCell) -> Result<usize, PatchingError> {
        let grid = self.grid(data_idx, sample_idx)?;
        let refused = || PatchingError::NoCell { data_idx, cell: *cell, grid: grid.shape() };
        grid.rank_of_cell(cell).ok_or_else(refused)
    }

    fn change(&mut self, data_idx: usize, sample_idx: usize) -> Result<&mut SampleState, PatchingError> {
        let grid = self.grid(data_idx, sample_idx)?;
        self.forget_indices();
        Ok(self.changed.entry((data_idx, sample_idx)).or_insert_with(|| SampleState::new(grid)))
    }

    fn forget_indices(&mut self) {
        self.indices = OnceLock::new();
    }

    fn indices(&self) -> &Indices {
        self.indices.get_or_init(|| {
            let of_stack = |(data_idx, stack): (usize, &Stack)| {
                let changed = self.changed.range((data_idx, 0)..=(data_idx, usize::MAX));
                let changed = changed.map(|(&(_, sample_idx), sample)| (sample_idx, sample.n_patches()));
                StackCount {
                    n_samples: stack.n_samples,
                    per_sample: Grid::new(stack.image, self.patch_size).n_patches(),
                    changed: changed.collect(),
                }
            };
            Indices::new(self.stacks.iter().enumerate().map(of_stack))
        })
    }

    fn draw(&self, place: Place, rng: &mut PatchRng) -> Result<PatchSpec, PatchingError> {
        let Place { data_idx, sample_idx, within } = place;
        let grid = self.grid(data_idx, sample_idx)?;
        let start = match self.changed.get(&(data_idx, sample_idx)) {
            Some(sample) => sample.draw(within, rng),
            None => grid.draw(within, rng),
        };
        let coords = grid.to_cell(start).map(coordinate);
        Ok(PatchSpec { data_idx, sample_idx, coords, patch_size: self.patch_size })
    }
}

impl Patching for StratifiedPatching {
    fn n_patches(&self) -> usize {
        self.indices().n_patches()
    }

    fn spec(&self, index: usize, rng: &mut PatchRng) -> Result<RegionSpec, PatchingError> {
        let place = self.indices().locate(index)?;
        let patch = match self.seed {
            Some(seed) => self.draw(place, &mut rng.fork_place(seed)),
            None => self.draw(place, rng),
        };
        Ok(patch?.into())
    }

    fn patch_size(&self, index: usize) -> Result<Extent, PatchingError> {
        self.indices().locate(index).map(|_| self.patch_size)
    }

    fn indices_of(&self, data_idx: usize) -> PatchIndices {
        PatchIndices::Range(self.indices().of_stack(data_idx))
    }

    fn starts(&self, data_idx: usize, sample_idx: usize) -> Starts<'_> {
        match (self.n_patches_of(data_idx, sample_idx), self.grid(data_idx, sample_idx)) {
            (Ok(1..), Ok(grid)) => match self.changed.get(&(data_idx, sample_idx)) {
                Some(sample) => Starts::among(Remaining { sample, patch_size: self.patch_size }),
                None => Starts::anywhere(grid.image(), self.patch_size),
            },
            _ => Starts::none(),
        }
    }
}

/// What can be drawn in a changed sample that has patches.
struct Remaining<'a> {
    sample: &'a SampleState,
    patch_size: Extent,
}

impl StartSet for Remaining<'_> {
    fn patch_size(&self) -> Extent {
        self.patch_size
    }

    fn start_within(&self, within: &StartBox) -> Option<[usize; 3]> {
        self.sample.start_within(within)
    }
}
