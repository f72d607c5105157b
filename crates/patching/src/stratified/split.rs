//! Splitting validation patches off a stratified strategy.

use std::collections::{BTreeMap, BTreeSet};

use patchweave_geometry::{Context, PatchSpec, coordinate};
use rand::RngExt;

use super::StratifiedPatching;
use super::quota::draw_quotas;
use super::sample_state::SampleState;
use crate::conflict::Conflicts;
use crate::search::nth_outside;
use crate::{Draw, FixedPatching, GridCell, PatchRng, PatchingError};

/// How far training keeps away from validation patches.
///
/// ```
/// use patchweave_geometry::{Context, ContextPadding, Extent, ImageShape, PerAxis};
/// use patchweave_patching::{Patching, Separation, StratifiedPatching, hold_out};
///
/// let shapes = [ImageShape::from_slice(&[1, 1, 128, 128])?];
/// let all = StratifiedPatching::new(&shapes, Extent::new(&[8, 8])?)?;
/// let cells = [(0, 0, PerAxis::new(&[4, 4])?)];
/// let n_left = |separation| {
///     let mut train = all.clone();
///     hold_out(&mut train, &cells, separation).map(|_| train.n_patches())
/// };
/// assert_eq!(n_left(Separation::Patches)?, 255);
/// // 16 pixels around the centre of a patch are used at the second scale, so 31 × 31 starts are gone.
/// let context = Context::new(2, ContextPadding::Reflect)?;
/// assert_eq!(n_left(Separation::Pixels(context))?, (256 * (121 * 121 - 31 * 31_usize)).div_ceil(121 * 121));
/// # Ok::<(), patchweave_patching::PatchingError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Separation {
    /// No training patch touches the block of a validation patch, as in CAREamics. The lateral context of a
    /// training patch may.
    ///
    /// Each validation patch takes one patch from its sample, which may leave none.
    #[default]
    Patches,
    /// No training patch uses a pixel that a validation patch uses, at any scale and after padding, where both
    /// have this context.
    ///
    /// All starts that would are removed, and no others. A sample keeps `ceil(n · left / before)` of its `n`
    /// patches, where `before` and `left` count its starts.
    Pixels(Context),
}

/// Takes `n_val` cells out of a training strategy and lists the patches on them, samples in order and cells of a
/// sample in row-major order.
///
/// Samples get validation patches one by one with a chance in proportion to the patches they have left, as long
/// as they have usable cells: included ones that lie inside the image. Among these all choices are equally
/// likely, whatever `separation` is and whatever factors regions have. The choice is a function of `seed` alone:
/// first the sample of each patch, then the cells of each sample. It costs memory and time per validation patch,
/// not per cell.
///
/// # Errors
/// [`PatchingError::ValidationCount`] unless `n_val` is below the number of patches,
/// [`PatchingError::ValidationCells`] if there are too few usable cells, [`PatchingError::NoTrainingLeft`] if
/// [`Separation::Pixels`] leaves no training patch. The strategy is unchanged then.
///
/// ```
/// use patchweave_geometry::{Context, ContextPadding, Extent, ImageShape};
/// use patchweave_patching::{LeakSearch, Patching, Separation, StratifiedPatching, split_validation};
///
/// let shapes = [ImageShape::from_slice(&[1, 1, 128, 128])?];
/// let mut train = StratifiedPatching::new(&shapes, Extent::new(&[8, 8])?)?;
/// let context = Context::new(2, ContextPadding::Reflect)?;
/// let val = split_validation(&mut train, 4, 42, Separation::Pixels(context))?;
/// assert_eq!(val.n_patches(), 4);
/// assert!(train.n_patches() < 256);
/// assert_eq!(LeakSearch::new(&shapes, context).find(&train, &val)?, None);
///
/// let error = split_validation(&mut train, 1000, 42, Separation::Patches).unwrap_err();
/// assert!(error.to_string().starts_with("got 1000 validation patches, expected fewer than the"));
/// # Ok::<(), patchweave_patching::PatchingError>(())
/// ```
pub fn split_validation(
    train: &mut StratifiedPatching,
    n_val: usize,
    seed: u64,
    separation: Separation,
) -> Result<FixedPatching, PatchingError> {
    let mut rng = PatchRng::for_epoch(seed, 0, Draw::Validation);
    let mut cells = Vec::with_capacity(n_val.min(train.indices().n_patches()));
    for ((data_idx, sample_idx), n_cells) in draw_quotas(train, n_val, &mut rng)? {
        let grid = train.grid(data_idx, sample_idx)?;
        let excluded = train.changed.get(&(data_idx, sample_idx)).map(SampleState::excluded_regions);
        let excluded = excluded.unwrap_or_default();
        for place in distinct_places(grid.n_regions() - excluded.len(), n_cells, &mut rng) {
            let cell = grid.to_cell(grid.region_at(nth_outside(&excluded, place)));
            cells.push((data_idx, sample_idx, cell));
        }
    }
    hold_out(train, &cells, separation)
}

/// Takes the given cells `(data_idx, sample_idx, cell)` out of a training strategy and lists the patches on them.
///
/// A cell of an image whose size is one pixel short of a multiple of the patch may stick out by that pixel.
///
/// # Errors
/// [`PatchingError::NoSample`], [`PatchingError::NoCell`], [`PatchingError::CellTaken`] for a cell that is
/// excluded already or comes twice, and [`PatchingError::NoTrainingLeft`] if [`Separation::Pixels`] leaves no
/// training patch. The strategy is unchanged then.
pub fn hold_out(
    train: &mut StratifiedPatching,
    cells: &[(usize, usize, GridCell)],
    separation: Separation,
) -> Result<FixedPatching, PatchingError> {
    let mut by_sample: BTreeMap<(usize, usize), BTreeSet<usize>> = BTreeMap::new();
    let mut specs = Vec::with_capacity(cells.len());
    for &(data_idx, sample_idx, cell) in cells {
        let rank = train.cell_rank(data_idx, sample_idx, &cell)?;
        let changed = train.changed.get(&(data_idx, sample_idx));
        let is_included = changed.is_none_or(|sample| sample.is_included(rank));
        if !is_included || !by_sample.entry((data_idx, sample_idx)).or_default().insert(rank) {
            return Err(PatchingError::CellTaken { data_idx, sample_idx, cell });
        }
        specs.push(train.patch_on(data_idx, sample_idx, rank)?.into());
    }
    match separation {
        Separation::Patches => {
            for ((data_idx, sample_idx), cells) in by_sample {
                let sample = train.change(data_idx, sample_idx)?;
                cells.into_iter().for_each(|cell| sample.exclude(cell));
            }
        }
        Separation::Pixels(context) => train.hold_out_pixels(by_sample, context)?,
    }
    Ok(FixedPatching::new(specs))
}

impl StratifiedPatching {
    /// The patch that covers the block of a cell.
    fn patch_on(&self, data_idx: usize, sample_idx: usize, cell: usize) -> Result<PatchSpec, PatchingError> {
        let grid = self.grid(data_idx, sample_idx)?;
        let coords = grid.to_cell(grid.origin(grid.cell_at(cell))).map(coordinate);
        Ok(PatchSpec { data_idx, sample_idx, coords, patch_size: self.patch_size })
    }

    /// Takes out cells by sample and all starts that use a pixel of their patches.
    fn hold_out_pixels(
        &mut self,
        by_sample: BTreeMap<(usize, usize), BTreeSet<usize>>,
        context: Context,
    ) -> Result<(), PatchingError> {
        let n_before = self.indices().n_patches();
        let mut n_patches = n_before;
        let n_val = by_sample.values().map(BTreeSet::len).sum();
        let mut samples = Vec::with_capacity(by_sample.len());
        let mut of_stack: Option<(usize, Conflicts)> = None;
        for ((data_idx, sample_idx), cells) in by_sample {
            let grid = self.grid(data_idx, sample_idx)?;
            let (_, conflicts) = match of_stack.take().filter(|(stack, _)| *stack == data_idx) {
                Some(known) => of_stack.insert(known),
                None => of_stack.insert((data_idx, Conflicts::new(context, grid.image(), self.patch_size)?)),
            };
            let mut cuts = Vec::new();
            for &cell in &cells {
                cuts.extend(conflicts.with(&self.patch_on(data_idx, sample_idx, cell)?)?);
            }
            let place = (data_idx, sample_idx);
            let mut sample = self.changed.get(&place).cloned().unwrap_or_else(|| SampleState::new(grid));
            let n_sample = sample.n_patches();
            sample.hold_out(cells, &cuts);
            n_patches -= n_sample - sample.n_patches();
            samples.push((place, sample));
        }
        if n_patches == 0 && n_val > 0 {
            return Err(PatchingError::NoTrainingLeft { n_val, n_patches: n_before });
        }
        self.changed.extend(samples);
        self.forget_indices();
        Ok(())
    }
}

/// Distinct numbers below `n`, ascending, all choices equally likely.
///
/// Method: Floyd, in Bentley, "Programming pearls: a sample of brilliance" (1987).
fn distinct_places(n: usize, n_chosen: usize, rng: &mut PatchRng) -> BTreeSet<usize> {
    let mut chosen = BTreeSet::new();
    for last in n.saturating_sub(n_chosen)..n {
        let place = rng.random_range(0..=last);
        if !chosen.insert(place) {
            chosen.insert(last);
        }
    }
    chosen
}
