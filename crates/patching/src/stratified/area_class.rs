//! Regions of equal area that nobody changed, counted without being listed.

use super::grid::Grid;
use crate::search::nth_outside;

/// The regions that are last in their row along given axes and not along the others: their areas are equal.
#[derive(Debug, Clone)]
pub(super) struct AreaClass {
    is_last: [bool; 3],
    grid: [usize; 3],
    area: usize,
    /// Ranks within the class of the regions that were changed, ascending.
    changed: Vec<usize>,
}

impl AreaClass {
    /// All classes of an image that hold regions.
    pub fn all(grid: &Grid) -> Vec<Self> {
        let regions = grid.regions();
        let classes = (0..8_usize).map(|bits| {
            let is_last = [0, 1, 2].map(|axis| bits >> axis & 1 == 1);
            let size =
                |axis: usize| if is_last[axis] { regions[axis].min(1) } else { regions[axis].max(1) - 1 };
            let mut class = AreaClass { is_last, grid: [0, 1, 2].map(size), area: 0, changed: Vec::new() };
            if class.n_regions() > 0 {
                class.area = grid.area(class.region_at(0, regions));
            }
            class
        });
        classes.filter(|class| class.area > 0).collect()
    }

    pub fn area(&self) -> usize {
        self.area
    }

    fn n_regions(&self) -> usize {
        self.grid.iter().product()
    }

    fn region_at(&self, rank: usize, regions: [usize; 3]) -> [usize; 3] {
        let row = rank / self.grid[2];
        let position = [row / self.grid[1], row % self.grid[1], rank % self.grid[2]];
        [0, 1, 2].map(|axis| if self.is_last[axis] { regions[axis] - 1 } else { position[axis] })
    }

    /// Notes that a region was changed if it belongs here; regions come in ascending order.
    pub fn note_change(&mut self, region: [usize; 3], grid: &Grid) {
        let regions = grid.regions();
        if (0..3).all(|axis| (region[axis] + 1 == regions[axis]) == self.is_last[axis]) {
            let [z, y, x] = [0, 1, 2].map(|axis| if self.is_last[axis] { 0 } else { region[axis] });
            self.changed.push((z * self.grid[1] + y) * self.grid[2] + x);
        }
    }

    /// How many regions of the class are unchanged.
    pub fn n_unchanged(&self) -> usize {
        self.n_regions() - self.changed.len()
    }

    /// The rank of an unchanged region by its place among them.
    pub fn nth_unchanged(&self, nth: usize, grid: &Grid) -> usize {
        grid.rank_of_region(self.region_at(nth_outside(&self.changed, nth), grid.regions()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use patchweave_geometry::Extent;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        /// The classes hold every unchanged region once, each under its area.
        #[test]
        fn classes_partition_the_unchanged_regions(
            image in prop::array::uniform3(1_usize..13), patch in prop::array::uniform3(1_usize..5),
            picks in prop::collection::btree_set(0_usize..400, 0..30),
        ) {
            let grid = Grid::new(Extent::new(&image).unwrap(), Extent::new(&patch).unwrap());
            let mut classes = AreaClass::all(&grid);
            let changed: BTreeSet<usize> = picks.into_iter().filter(|&rank| rank < grid.n_regions()).collect();
            for &rank in &changed {
                classes.iter_mut().for_each(|class| class.note_change(grid.region_at(rank), &grid));
            }
            let mut seen = Vec::new();
            for class in &classes {
                for nth in 0..class.n_unchanged() {
                    let rank = class.nth_unchanged(nth, &grid);
                    prop_assert_eq!(grid.area(grid.region_at(rank)), class.area());
                    seen.push(rank);
                }
            }
            seen.sort_unstable();
            prop_assert!(seen.into_iter().eq((0..grid.n_regions()).filter(|rank| !changed.contains(rank))));
        }
    }
}
