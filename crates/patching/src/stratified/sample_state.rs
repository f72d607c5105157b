//! A sample of which cells were excluded, regions made rarer or starts removed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use patchweave_geometry::grid_places;
use rand::RngExt;

use super::grid::Grid;
use super::tables::{Lot, Tables};
use crate::PatchRng;
use crate::counts::whole_number;
use crate::start_box::{self, StartBox, subtract};

/// What was changed in a sample; an untouched one needs none of this.
#[derive(Debug, Clone)]
pub(super) struct SampleState {
    grid: Grid,
    /// Cells that are no longer included.
    excluded: BTreeSet<usize>,
    /// How many of them lower the number of patches by one each.
    n_counted: usize,
    /// Factors by cell, each with its place in the order in which cells first got one.
    factors: BTreeMap<usize, (usize, f64)>,
    /// What is left of regions that lost starts, as disjoint boxes.
    remains: BTreeMap<usize, Vec<StartBox>>,
    n_starts: usize,
    /// Shares of the patches that were kept, as starts after and before.
    kept: Vec<(usize, usize)>,
    n_patches: OnceLock<usize>,
    tables: OnceLock<Tables>,
}

impl SampleState {
    /// An untouched sample.
    pub fn new(grid: Grid) -> Self {
        SampleState {
            grid,
            excluded: BTreeSet::new(),
            n_counted: 0,
            factors: BTreeMap::new(),
            remains: BTreeMap::new(),
            n_starts: grid.n_starts(),
            kept: Vec::new(),
            n_patches: OnceLock::new(),
            tables: OnceLock::new(),
        }
    }

    fn forget_tables(&mut self) {
        self.n_patches = OnceLock::new();
        self.tables = OnceLock::new();
    }

    /// Removes the starts that touch the block of a cell; the sample has one patch less.
    pub fn exclude(&mut self, cell: usize) {
        if self.excluded.insert(cell) {
            self.n_counted += 1;
            self.remove(&self.grid.starts_touching(self.grid.cell_at(cell)));
        }
    }

    /// Removes cells and any starts; patches become fewer as starts do.
    pub fn hold_out(&mut self, cells: impl IntoIterator<Item = usize>, cuts: &[StartBox]) {
        let n_before = self.n_starts;
        self.excluded.extend(cells);
        cuts.iter().for_each(|cut| self.remove(cut));
        if n_before > 0 {
            self.kept.push((self.n_starts, n_before));
        }
        self.forget_tables();
    }

    /// Draws a region more rarely; `factor` is in `[0, 1]`.
    pub fn set_factor(&mut self, cell: usize, factor: f64) {
        let order = self.factors.len();
        self.factors.entry(cell).or_insert((order, factor)).1 = factor;
        self.forget_tables();
    }

    fn remove(&mut self, cut: &StartBox) {
        self.forget_tables();
        let Some((first, last)) = self.grid.regions_around(cut) else { return };
        for region in grid_places([0, 1, 2].map(|axis| first[axis]..=last[axis])) {
            self.remove_from_region(region, cut);
        }
    }

    fn remove_from_region(&mut self, region: [usize; 3], cut: &StartBox) {
        let untouched = || vec![self.grid.region_box(region)];
        let boxes = self.remains.entry(self.grid.rank_of_region(region)).or_insert_with(untouched);
        let left = subtract(boxes, cut);
        self.n_starts -= start_box::n_starts(boxes) - start_box::n_starts(&left);
        *boxes = left;
    }

    pub fn is_included(&self, cell: usize) -> bool {
        !self.excluded.contains(&cell)
    }

    /// The excluded cells that hold starts of an untouched sample, as regions in ascending order.
    pub fn excluded_regions(&self) -> Vec<usize> {
        self.excluded.iter().filter_map(|&cell| self.grid.region_of_cell(cell)).collect()
    }

    /// How many excluded cells hold starts of an untouched sample.
    pub fn n_excluded_regions(&self) -> usize {
        self.excluded.iter().filter(|&&cell| self.grid.region_of_cell(cell).is_some()).count()
    }

    /// How many starts are left in a region.
    pub fn area(&self, region: usize) -> usize {
        let untouched = || self.grid.area(self.grid.region_at(region));
        self.remains.get(&region).map_or_else(untouched, |boxes| start_box::n_starts(boxes))
    }

    /// The factor of the region of a cell.
    pub fn factor(&self, cell: usize) -> f64 {
        self.factors.get(&cell).map_or(1.0, |&(_, factor)| factor)
    }

    fn weight(&self, region: usize) -> f64 {
        self.area(region) as f64 * self.factor(self.grid.cell_of_region(region))
    }

    /// The sum of all weights.
    pub fn total_weight(&self) -> f64 {
        self.tables().total_weight()
    }

    /// How many patches an epoch has.
    pub fn n_patches(&self) -> usize {
        *self.n_patches.get_or_init(|| {
            if !self.has_weight() {
                return 0;
            }
            // The reference subtracts in this order, and its rounding decides about the last patch.
            let mut factors: Vec<(usize, f64)> = self.factors.values().copied().collect();
            factors.sort_unstable_by_key(|&(order, _)| order);
            let n = factors.iter().fold(self.grid.n_covering(), |n, &(_, factor)| n - (1.0 - factor));
            let n = whole_number((n - self.n_counted as f64).ceil());
            self.kept.iter().fold(n, |n, &(left, before)| scaled_up(n, left, before))
        })
    }

    fn has_weight(&self) -> bool {
        let n_changed = self.remains.len() + self.factors.len();
        self.grid.n_regions() > n_changed
            || (0..self.grid.n_regions()).any(|region| self.weight(region) > 0.0)
    }

    fn tables(&self) -> &Tables {
        self.tables.get_or_init(|| {
            let rarer = self.factors.keys().filter_map(|&cell| self.grid.region_of_cell(cell));
            let mut changed: Vec<usize> = self.remains.keys().copied().chain(rarer).collect();
            changed.sort_unstable();
            changed.dedup();
            let changed = changed.into_iter().map(|region| (region, self.weight(region)));
            Tables::new(&self.grid, changed, self.n_patches())
        })
    }

    /// Draws the start of patch `index` of this sample, which is below [`n_patches`](Self::n_patches).
    ///
    /// One number for the place in the bin of the index. If that part of the bin is unused, one for a region by
    /// weight. Then one for the start.
    pub fn draw(&self, index: usize, rng: &mut PatchRng) -> [usize; 3] {
        let region = match self.tables().draw(&self.grid, index, rng) {
            Lot::Start(start) => return start,
            Lot::Region(region) => region,
        };
        let untouched = [self.grid.region_box(self.grid.region_at(region))];
        let boxes = self.remains.get(&region).map_or(untouched.as_slice(), Vec::as_slice);
        let place = rng.random_range(0..start_box::n_starts(boxes));
        start_box::start_at(boxes, place).unwrap_or(untouched[0].low)
    }

    /// Whether a start of a region is left.
    pub fn has_start(&self, region: usize, start: [usize; 3]) -> bool {
        self.remains.get(&region).is_none_or(|boxes| boxes.iter().any(|one| one.contains(start)))
    }

    /// A start of a box that can be drawn, if there is one.
    pub fn start_within(&self, within: &StartBox) -> Option<[usize; 3]> {
        let (first, last) = self.grid.regions_around(within)?;
        let regions = grid_places([0, 1, 2].map(|axis| first[axis]..=last[axis]));
        let mut regions = regions.map(|region| (region, self.grid.rank_of_region(region)));
        regions.find_map(|(region, rank)| {
            if self.factor(self.grid.cell_of_region(rank)) <= 0.0 {
                return None;
            }
            let untouched = [self.grid.region_box(region)];
            let boxes = self.remains.get(&rank).map_or(untouched.as_slice(), Vec::as_slice);
            boxes.iter().find_map(|one| one.intersection(within)).map(|shared| shared.low)
        })
    }
}

/// `n × left / before`, rounded up.
fn scaled_up(n: usize, left: usize, before: usize) -> usize {
    let scaled = (n as u128 * left as u128).div_ceil(before.max(1) as u128);
    usize::try_from(scaled).unwrap_or(n)
}
