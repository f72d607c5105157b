//! What a stratified strategy tells about its cells and regions.

use patchweave_geometry::{Coords, PerAxis};

use super::StratifiedPatching;
use super::grid::Grid;
use super::sample_state::SampleState;
use crate::{GridCell, PatchingError};

/// A cell and the region of starts that belongs to it.
///
/// ```
/// use patchweave_geometry::{Extent, ImageShape, PerAxis};
/// use patchweave_patching::StratifiedPatching;
///
/// let shapes = [ImageShape::from_slice(&[1, 1, 16, 20])?];
/// let mut patching = StratifiedPatching::new(&shapes, Extent::new(&[8, 8])?)?;
/// patching.set_probabilities(0, 0, &[(PerAxis::new(&[0, 0])?, 0.5)])?;
/// let regions: Vec<_> = patching.regions(0, 0)?.collect();
/// assert_eq!(regions.iter().map(|region| region.area).collect::<Vec<_>>(), [64, 40, 8, 5]);
/// assert_eq!(regions[0].weight, 32.0);
/// // ceil(2 · 2.5 - 0.5) patches, shared by weight.
/// assert_eq!(regions[0].expected_count, 5.0 * 32.0 / 85.0);
/// # Ok::<(), patchweave_patching::PatchingError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GridRegion {
    /// The cell.
    pub cell: GridCell,
    /// How many starts are left in the region.
    pub area: usize,
    /// The area times the factor of the region.
    pub weight: f64,
    /// How often a patch of the region is drawn in an epoch on average; may exceed 1.
    pub expected_count: f64,
}

/// What a question about one sample needs.
#[derive(Debug, Clone, Copy)]
struct View<'a> {
    grid: Grid,
    changed: Option<&'a SampleState>,
}

impl View<'_> {
    /// How often a patch is drawn per unit of weight.
    fn rate(&self) -> f64 {
        let (n_patches, weight) = match self.changed {
            Some(sample) => (sample.n_patches(), sample.total_weight()),
            None => (self.grid.n_patches(), self.grid.n_starts() as f64),
        };
        if n_patches == 0 { 0.0 } else { n_patches as f64 / weight }
    }

    fn factor(&self, cell: usize) -> f64 {
        self.changed.map_or(1.0, |sample| sample.factor(cell))
    }

    fn region(&self, cell: usize, rate: f64) -> GridRegion {
        let grid = &self.grid;
        let untouched = |region| grid.area(grid.region_at(region));
        let area = grid
            .region_of_cell(cell)
            .map_or(0, |region| self.changed.map_or_else(|| untouched(region), |sample| sample.area(region)));
        let weight = area as f64 * self.factor(cell);
        GridRegion { cell: grid.to_cell(grid.cell_at(cell)), area, weight, expected_count: weight * rate }
    }
}

impl StratifiedPatching {
    fn view(&self, data_idx: usize, sample_idx: usize) -> Result<View<'_>, PatchingError> {
        let grid = self.grid(data_idx, sample_idx)?;
        Ok(View { grid, changed: self.changed.get(&(data_idx, sample_idx)) })
    }

    /// Cells along `(Z)YX` of every sample of an image, 0 where it is too small for one.
    ///
    /// # Errors
    /// [`PatchingError::NoSample`].
    pub fn grid_shape(&self, data_idx: usize) -> Result<PerAxis<usize>, PatchingError> {
        Ok(self.grid(data_idx, 0)?.shape())
    }

    /// All cells of an image's grid in row-major order.
    ///
    /// # Errors
    /// [`PatchingError::NoSample`].
    pub fn all_cells(
        &self,
        data_idx: usize,
    ) -> Result<impl Iterator<Item = GridCell> + use<>, PatchingError> {
        let grid = self.grid(data_idx, 0)?;
        Ok((0..grid.n_cells()).map(move |cell| grid.to_cell(grid.cell_at(cell))))
    }

    /// The cells of a sample that are not excluded, in row-major order.
    ///
    /// # Errors
    /// [`PatchingError::NoSample`].
    pub fn included_cells(
        &self,
        data_idx: usize,
        sample_idx: usize,
    ) -> Result<impl Iterator<Item = GridCell> + '_, PatchingError> {
        let View { grid, changed } = self.view(data_idx, sample_idx)?;
        let is_included = move |&cell: &usize| changed.is_none_or(|sample| sample.is_included(cell));
        let included = (0..grid.n_cells()).filter(is_included);
        Ok(included.map(move |cell| grid.to_cell(grid.cell_at(cell))))
    }

    /// Areas, weights and expected draws of all regions of a sample, row-major over the whole grid.
    ///
    /// # Errors
    /// [`PatchingError::NoSample`].
    pub fn regions(
        &self,
        data_idx: usize,
        sample_idx: usize,
    ) -> Result<impl Iterator<Item = GridRegion> + '_, PatchingError> {
        let view = self.view(data_idx, sample_idx)?;
        let rate = view.rate();
        Ok((0..view.grid.n_cells()).map(move |cell| view.region(cell, rate)))
    }

    /// How often a patch starts at `start` in an epoch on average; 0 where no patch can start.
    ///
    /// # Errors
    /// [`PatchingError::NoSample`].
    pub fn start_expectation(
        &self,
        data_idx: usize,
        sample_idx: usize,
        start: &Coords,
    ) -> Result<f64, PatchingError> {
        let view = self.view(data_idx, sample_idx)?;
        let grid = &view.grid;
        if start.n_axes() != grid.shape().n_axes() {
            return Ok(0.0);
        }
        let start = start.to_zyx(0).map(|at| usize::try_from(at).unwrap_or(usize::MAX));
        let Some(region) = grid.region_of_start(start) else { return Ok(0.0) };
        let is_left = view.changed.is_none_or(|sample| sample.has_start(region, start));
        let factor = view.factor(grid.cell_of_region(region));
        Ok(if is_left { factor * view.rate() } else { 0.0 })
    }
}
