//! The cells and regions of one image, in closed form; nothing here depends on what was changed.

use patchweave_geometry::{Extent, PerAxis};

use crate::GridCell;
use crate::start_box::StartBox;

/// The grid of an image. Region `g` holds the valid starts in `[g p, g p + p)` along each axis.
///
/// Cells are counted as the reference does, `(N + 1) / p` per axis, so the last of an axis may hold no
/// start; the regions that hold one are a grid of their own, `N / p` per axis. Positions are `ZYX`, ranks
/// row-major; planes have one layer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grid {
    image: Extent,
    patch: [usize; 3],
    cells: [usize; 3],
    regions: [usize; 3],
    starts: [usize; 3],
}

impl Grid {
    /// The grid of an image of the patch's rank.
    pub fn new(image: Extent, patch_size: Extent) -> Self {
        let n = image.to_zyx();
        let p = patch_size.to_zyx();
        let is_plane = image.n_axes() == 2;
        let cells = [0, 1, 2].map(|axis| if is_plane && axis == 0 { 1 } else { (n[axis] + 1) / p[axis] });
        let regions = [0, 1, 2].map(|axis| n[axis] / p[axis]);
        let starts = [0, 1, 2].map(|axis| (n[axis] + 1).saturating_sub(p[axis]));
        Grid { image, patch: p, cells, regions, starts }
    }

    /// The size of the image.
    pub fn image(&self) -> Extent {
        self.image
    }

    /// Whether there are few enough cells to count; the methods below rely on it.
    pub fn is_countable(&self) -> bool {
        self.cells.iter().try_fold(1_usize, |product, &n| product.checked_mul(n)).is_some()
    }

    /// Cells along each axis.
    pub fn shape(&self) -> PerAxis<usize> {
        self.to_cell(self.cells)
    }

    pub fn n_cells(&self) -> usize {
        self.cells.iter().product()
    }

    pub fn n_regions(&self) -> usize {
        self.regions.iter().product()
    }

    pub fn n_starts(&self) -> usize {
        self.starts.iter().product()
    }

    /// All valid starts.
    pub fn all_starts(&self) -> StartBox {
        StartBox { low: [0; 3], high: self.starts }
    }

    /// A patch's quotient of the image: how many patches would cover it, were they divisible.
    pub fn n_covering(&self) -> f64 {
        let quotients = self.image.to_zyx().into_iter().zip(self.patch).map(|(n, p)| n as f64 / p as f64);
        quotients.product()
    }

    /// The values along the axes of the image.
    pub fn to_cell(self, zyx: [usize; 3]) -> GridCell {
        self.image.per_axis().of_zyx(zyx)
    }

    /// The rank of a cell; `None` if the grid does not have it.
    pub fn rank_of_cell(&self, cell: &GridCell) -> Option<usize> {
        let position = cell.to_zyx(0);
        let exists = cell.n_axes() == self.image.n_axes() && (0..3).all(|a| position[a] < self.cells[a]);
        exists.then(|| rank(position, self.cells))
    }

    pub fn cell_at(&self, rank: usize) -> [usize; 3] {
        position(rank, self.cells)
    }

    /// The region of a cell; `None` if it holds no start even in an untouched image.
    pub fn region_of_cell(&self, cell_rank: usize) -> Option<usize> {
        let cell = self.cell_at(cell_rank);
        (0..3).all(|axis| cell[axis] < self.regions[axis]).then(|| rank(cell, self.regions))
    }

    pub fn cell_of_region(&self, region_rank: usize) -> usize {
        rank(self.region_at(region_rank), self.cells)
    }

    pub fn region_at(&self, rank: usize) -> [usize; 3] {
        position(rank, self.regions)
    }

    pub fn rank_of_region(&self, region: [usize; 3]) -> usize {
        rank(region, self.regions)
    }

    /// Regions along `ZYX`.
    pub fn regions(&self) -> [usize; 3] {
        self.regions
    }

    /// The first pixel of a cell, which is the first start of its region.
    pub fn origin(&self, position: [usize; 3]) -> [usize; 3] {
        [0, 1, 2].map(|axis| position[axis] * self.patch[axis])
    }

    /// The starts of a region.
    pub fn region_box(&self, region: [usize; 3]) -> StartBox {
        let low = self.origin(region);
        StartBox { low, high: [0, 1, 2].map(|axis| (low[axis] + self.patch[axis]).min(self.starts[axis])) }
    }

    /// Number of starts in a region.
    pub fn area(&self, region: [usize; 3]) -> usize {
        self.region_box(region).n_starts()
    }

    /// The region that holds a start; `None` if it is not valid.
    pub fn region_of_start(&self, start: [usize; 3]) -> Option<usize> {
        let region = [0, 1, 2].map(|axis| start[axis] / self.patch[axis]);
        self.all_starts().contains(start).then(|| self.rank_of_region(region))
    }

    /// The regions, from first to last along each axis, that hold the starts of a box.
    pub fn regions_around(&self, starts: &StartBox) -> Option<([usize; 3], [usize; 3])> {
        let inside = self.all_starts().intersection(starts)?;
        let first = [0, 1, 2].map(|axis| inside.low[axis] / self.patch[axis]);
        Some((first, [0, 1, 2].map(|axis| (inside.high[axis] - 1) / self.patch[axis])))
    }

    /// The starts whose patches touch the block of a cell.
    pub fn starts_touching(&self, cell: [usize; 3]) -> StartBox {
        let origin = self.origin(cell);
        StartBox {
            low: [0, 1, 2].map(|axis| (origin[axis] + 1).saturating_sub(self.patch[axis])),
            high: [0, 1, 2].map(|axis| (origin[axis] + self.patch[axis]).min(self.starts[axis])),
        }
    }

    /// Number of starts in all regions before one, in row-major order of regions.
    pub fn starts_before(&self, region: [usize; 3]) -> usize {
        let [_, n_y, n_x] = self.starts;
        let StartBox { low, high } = self.region_box(region);
        let [depth, height] = [0, 1].map(|axis| high[axis] - low[axis]);
        low[0] * n_y * n_x + depth * (low[1] * n_x + height * low[2])
    }

    /// The start that has a place in the order of [`starts_before`](Self::starts_before); `place` is below
    /// [`n_starts`](Self::n_starts).
    pub fn start_at(&self, place: usize) -> [usize; 3] {
        let [_, n_y, n_x] = self.starts;
        let [p_z, p_y, p_x] = self.patch;
        let slab = n_y * n_x;
        // Only the last region of an axis is shorter than the patch, so quotients find the region.
        let z = place / slab / p_z;
        let place = place - z * p_z * slab;
        let depth = p_z.min(self.starts[0] - z * p_z);
        let y = place / (depth * n_x) / p_y;
        let place = place - y * p_y * depth * n_x;
        let height = p_y.min(n_y - y * p_y);
        let x = place / (depth * height) / p_x;
        let place = place - x * p_x * depth * height;
        self.region_box([z, y, x]).start_at(place)
    }
}

fn rank(position: [usize; 3], grid: [usize; 3]) -> usize {
    (position[0] * grid[1] + position[1]) * grid[2] + position[2]
}

fn position(rank: usize, grid: [usize; 3]) -> [usize; 3] {
    let row = rank / grid[2].max(1);
    [row / grid[1].max(1), row % grid[1].max(1), rank % grid[2].max(1)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_grid() -> impl Strategy<Value = Grid> {
        let sizes = prop::collection::vec((1_usize..14, 1_usize..6), 2..=3);
        sizes.prop_map(|sizes| {
            let (image, patch): (Vec<_>, Vec<_>) = sizes.into_iter().unzip();
            Grid::new(Extent::new(&image).unwrap(), Extent::new(&patch).unwrap())
        })
    }

    proptest! {
        /// The regions hold every valid start once, in the order that `start_at` counts them.
        #[test]
        fn regions_tile_all_valid_starts(grid in any_grid()) {
            let boxes = (0..grid.n_regions()).map(|rank| grid.region_box(grid.region_at(rank)));
            let starts: Vec<_> =
                boxes.flat_map(|region| (0..region.n_starts()).map(move |place| region.start_at(place))).collect();
            let counted: Vec<_> = (0..grid.n_starts()).map(|place| grid.start_at(place)).collect();
            prop_assert_eq!(&starts, &counted);
            let mut unique = starts;
            unique.sort_unstable();
            unique.dedup();
            prop_assert_eq!(unique.len(), grid.n_starts());
            prop_assert!(unique.iter().all(|&start| grid.all_starts().contains(start)));
        }

        #[test]
        fn starts_before_are_the_areas_before(grid in any_grid()) {
            let mut before = 0;
            for rank in 0..grid.n_regions() {
                let region = grid.region_at(rank);
                prop_assert_eq!(grid.rank_of_region(region), rank);
                prop_assert_eq!(grid.starts_before(region), before);
                prop_assert!(grid.area(region) > 0);
                before += grid.area(region);
            }
            prop_assert_eq!(before, grid.n_starts());
        }

        /// Cells without a region hold no start, and ranks of cells and regions have the same order.
        #[test]
        fn cells_and_regions_agree(grid in any_grid()) {
            let with_region: Vec<_> = (0..grid.n_cells()).filter_map(|cell| grid.region_of_cell(cell)).collect();
            prop_assert!(with_region.iter().copied().eq(0..grid.n_regions()));
            prop_assert!(with_region.iter().all(|&rank| grid.region_of_cell(grid.cell_of_region(rank)) == Some(rank)));
            for rank in 0..grid.n_cells() {
                prop_assert_eq!(grid.rank_of_cell(&grid.to_cell(grid.cell_at(rank))), Some(rank));
            }
            prop_assert_eq!(grid.rank_of_cell(&grid.to_cell(grid.cells)), None);
        }
    }
}
