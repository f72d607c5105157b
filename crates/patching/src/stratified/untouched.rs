//! Drawing from a sample that nobody changed, without any table.

use rand::RngExt;

use super::grid::Grid;
use crate::PatchRng;
use crate::counts::whole_number;

impl Grid {
    /// Patches of an untouched sample.
    pub fn n_patches(&self) -> usize {
        if self.n_starts() == 0 {
            return 0;
        }
        // Beyond 2⁵³ patches the product may be rounded below the number of regions.
        whole_number(self.n_covering().ceil()).max(self.n_regions())
    }

    /// Draws the start of patch `index` of an untouched sample, which has that many.
    ///
    /// One number for the place in the bin of the index, which is a start of its region or unused; then one number
    /// per axis in the order `(Z)YX` for any start.
    pub fn draw(&self, index: usize, rng: &mut PatchRng) -> [usize; 3] {
        // The first region of an image is as large as any, and there are at most as many as patches.
        let capacity = self.area([0; 3]);
        let place = rng.random_range(0..capacity);
        if index < self.n_regions() {
            let region = self.region_box(self.region_at(index));
            if place < region.n_starts() {
                return region.start_at(place);
            }
        }
        self.all_starts().draw(self.image().n_axes(), rng)
    }
}
