//! What a changed sample needs for drawing: weights of the changed regions, and regions dealt out to indices.

use rand::RngExt;

use super::area_class::AreaClass;
use super::grid::Grid;
use super::items::{Item, Items};
use super::packing::Packing;
use crate::PatchRng;
use crate::search::{first_where, nth_outside};

/// The changed regions of a sample in ascending order, with sums from the first region on.
///
/// All other regions weigh their areas, which are counted in closed form and exactly.
#[derive(Debug, Clone)]
pub(super) struct Tables {
    changed: Vec<Changed>,
    unchanged_starts: usize,
    deal: Deal,
}

#[derive(Debug, Clone, Copy)]
struct Changed {
    region: usize,
    weight: f64,
    /// Starts that the changed regions up to and with this one had when untouched.
    area_end: usize,
    /// Weight of the changed regions up to and with this one.
    weight_end: f64,
}

/// Which regions an index is for.
#[derive(Debug, Clone)]
enum Deal {
    /// Index `k` is for the `k`-th region that has weight.
    Alone { capacity: f64, weightless: Vec<usize> },
    /// There are more regions than indices.
    Packed { packing: Packing, items: Items },
}

/// Where a draw came to lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lot {
    /// Somewhere in this region.
    Region(usize),
    /// At this start.
    Start([usize; 3]),
}

impl Tables {
    /// Tables of `n_patches` indices, where `changed` lists regions with their new weights in ascending order.
    pub fn new(grid: &Grid, changed: impl IntoIterator<Item = (usize, f64)>, n_patches: usize) -> Self {
        let mut area_end = 0;
        let mut weight_end = 0.0;
        let sum_up = |(region, weight)| {
            area_end += grid.area(grid.region_at(region));
            weight_end += weight;
            Changed { region, weight, area_end, weight_end }
        };
        let changed: Vec<Changed> = changed.into_iter().map(sum_up).collect();
        let unchanged_starts = grid.n_starts() - area_end;
        let deal = Deal::new(grid, &changed, n_patches);
        Tables { changed, unchanged_starts, deal }
    }

    /// The sum of all weights.
    pub fn total_weight(&self) -> f64 {
        self.unchanged_starts as f64 + self.changed_weight()
    }

    fn changed_weight(&self) -> f64 {
        self.changed.last().map_or(0.0, |last| last.weight_end)
    }

    /// Draws for an index: a number for the place in its bin and, if that part of the bin is unused, one for
    /// the region by weight and one for the start if the region is unchanged. The total weight is not 0.
    pub fn draw(&self, grid: &Grid, index: usize, rng: &mut PatchRng) -> Lot {
        let unit: f64 = rng.random();
        match self.pick(grid, index, unit) {
            Some(region) => Lot::Region(region),
            None => self.draw_by_weight(grid, rng),
        }
    }

    /// The region that owns a place of an index's bin.
    fn pick(&self, grid: &Grid, index: usize, unit: f64) -> Option<usize> {
        match &self.deal {
            Deal::Alone { capacity, weightless } => {
                let region = nth_outside(weightless, index);
                let weight = self.weight(grid, region)?;
                (unit * capacity < weight).then_some(region)
            }
            Deal::Packed { packing, items } => packing.pick(index, unit).map(|item| match items.get(item) {
                Item::Unchanged { class, nth } => class.nth_unchanged(nth, grid),
                Item::Changed(place) => self.changed[place].region,
            }),
        }
    }

    fn weight(&self, grid: &Grid, region: usize) -> Option<f64> {
        match self.changed.binary_search_by_key(&region, |changed| changed.region) {
            Ok(place) => self.changed.get(place).map(|changed| changed.weight),
            Err(_) => (region < grid.n_regions()).then(|| grid.area(grid.region_at(region)) as f64),
        }
    }

    fn draw_by_weight(&self, grid: &Grid, rng: &mut PatchRng) -> Lot {
        let unchanged = self.unchanged_starts as f64;
        let at = rng.random::<f64>() * self.total_weight();
        let changed_weight = self.changed_weight();
        if changed_weight <= 0.0 || at < unchanged {
            return Lot::Start(self.nth_unchanged_start(grid, rng.random_range(0..self.unchanged_starts)));
        }
        // Rounding may lead to the very end; regions without weight are never drawn.
        let last = self.changed.partition_point(|changed| changed.weight_end < changed_weight);
        let found = self.changed.partition_point(|changed| changed.weight_end <= at - unchanged).min(last);
        Lot::Region(self.changed[found].region)
    }

    fn nth_unchanged_start(&self, grid: &Grid, nth: usize) -> [usize; 3] {
        let skipped = |place: usize| place.checked_sub(1).map_or(0, |before| self.changed[before].area_end);
        let n_before = first_where(self.changed.len(), |place| {
            grid.starts_before(grid.region_at(self.changed[place].region)) - skipped(place) > nth
        });
        grid.start_at(nth + skipped(n_before))
    }
}

impl Deal {
    fn new(grid: &Grid, changed: &[Changed], n_patches: usize) -> Self {
        let mut classes = AreaClass::all(grid);
        for one in changed {
            let region = grid.region_at(one.region);
            classes.iter_mut().for_each(|class| class.note_change(region, grid));
        }
        let weightless: Vec<usize> =
            changed.iter().filter(|changed| changed.weight <= 0.0).map(|changed| changed.region).collect();
        if grid.n_regions() - weightless.len() > n_patches {
            let weights: Vec<f64> = changed.iter().map(|changed| changed.weight).collect();
            let items = Items::new(&weights, classes);
            let packing = Packing::new(items.weights(), n_patches);
            return Deal::Packed { packing, items };
        }
        let unchanged = classes.iter().filter(|class| class.n_unchanged() > 0);
        let weights = unchanged.map(|class| class.area() as f64).chain(changed.iter().map(|one| one.weight));
        Deal::Alone { capacity: weights.fold(0.0, f64::max), weightless }
    }
}
