//! The overlapping windows of a filter map: reading them, and giving pixels the best of those over them.

use ndarray::{Array4, ArrayView3, Axis, Slice, s};

/// The windows along one axis: window `g` begins at `g * step`.
#[derive(Debug, Clone, Copy)]
struct Grid {
    n: usize,
    step: usize,
    size: usize,
    is_of_planes: bool,
}

impl Grid {
    /// Windows of two patches at every cell of the stratified grid.
    fn of_patches(n_pixels: usize, patch: usize) -> Self {
        Grid { n: (n_pixels + 1) / patch, step: patch, size: 2 * patch, is_of_planes: false }
    }

    /// One window for every plane.
    fn of_planes(n_pixels: usize) -> Self {
        Grid { n: n_pixels, step: 1, size: 1, is_of_planes: true }
    }

    /// The windows over the cell of a pixel, a cell being as large as a step.
    fn over(&self, pixel: usize) -> std::ops::Range<usize> {
        let cell = pixel / self.step;
        (cell + 1).saturating_sub(self.size / self.step)..(cell + 1).min(self.n)
    }

    /// The part of the image that a window covers.
    fn covered(&self, window: usize, n_pixels: usize) -> Slice {
        let start = (window * self.step).min(n_pixels);
        Slice::from(start..(start + self.size).min(n_pixels))
    }
}

/// All windows of an image.
#[derive(Debug, Clone, Copy)]
pub(super) struct Windows {
    image: [usize; 3],
    grids: [Grid; 3],
}

impl Windows {
    /// Windows over an image `ZYX` for a patch; without a size along `Z`, for each plane of its own.
    pub(super) fn new(image: [usize; 3], [z, y, x]: [Option<usize>; 3]) -> Self {
        let grid = |axis: usize, patch: Option<usize>| {
            patch.map_or(Grid::of_planes(image[axis]), |patch| Grid::of_patches(image[axis], patch))
        };
        Windows { image, grids: [grid(0, z), grid(1, y), grid(2, x)] }
    }

    /// The size of a window as a block `CZYX`.
    pub(super) fn block_shape(&self) -> [usize; 4] {
        let [z, y, x] = self.grids.map(|grid| grid.size);
        [1, z, y, x]
    }

    /// The result of `measure` for every window: maps and grid.
    pub(super) fn measure<const N: usize>(
        &self,
        image: ArrayView3<'_, f32>,
        mut measure: impl FnMut(&mut Array4<f32>) -> [f32; N],
    ) -> Array4<f32> {
        let [z, y, x] = self.grids.map(|grid| grid.n);
        let mut values = Array4::zeros([N, z, y, x]);
        if values.is_empty() {
            // The block of a patch that is larger than the image may be too large for memory.
            return values;
        }
        let mut block = Array4::zeros(self.block_shape());
        for (z, y, x) in ndarray::indices([z, y, x]) {
            self.read(image, [z, y, x], &mut block);
            for (map, value) in measure(&mut block).into_iter().enumerate() {
                values[[map, z, y, x]] = value;
            }
        }
        values
    }

    fn read(&self, image: ArrayView3<'_, f32>, window: [usize; 3], block: &mut Array4<f32>) {
        let covered: [Slice; 3] =
            std::array::from_fn(|axis| self.grids[axis].covered(window[axis], self.image[axis]));
        let source = image.slice_each_axis(|axis| covered[axis.axis.index()]);
        if source.len() < block.len() {
            block.fill(0.0);
        }
        let mut target = block.index_axis_mut(Axis(0), 0);
        let (n_z, n_y, n_x) = source.dim();
        target.slice_mut(s![..n_z, ..n_y, ..n_x]).assign(&source);
    }

    /// The largest value of the windows over every pixel, and at least 0; maps and `ZYX`.
    pub(super) fn spread(&self, values: Array4<f32>) -> Array4<f32> {
        // From the last axis on, so that the passes over many values run along memory.
        [2, 1, 0].into_iter().fold(values, |values, axis| {
            let grid = self.grids[axis];
            let n_pixels = self.image[axis];
            if grid.is_of_planes {
                return values;
            }
            let axis = Axis(axis + 1);
            let mut shape = values.raw_dim();
            shape[axis.index()] = n_pixels;
            let mut spread = Array4::<f32>::zeros(shape);
            for (pixel, mut plane) in spread.axis_iter_mut(axis).enumerate() {
                for window in grid.over(pixel) {
                    plane.zip_mut_with(&values.index_axis(axis, window), |to, &value| *to = to.max(value));
                }
            }
            spread
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array3;
    use proptest::prelude::*;

    proptest! {
        /// Windows tell what they cover the same way when they are read and when they are spread.
        #[test]
        fn a_pixel_gets_the_best_of_the_windows_that_hold_it(
            (n_z, n_y, n_x) in (1_usize..6, 1_usize..12, 1_usize..12),
            (p_z, p_y, p_x) in (prop::option::of(1_usize..4), 1_usize..6, 1_usize..6),
        ) {
            let place = |z: usize, y: usize, x: usize| (1 + 1000 * z + 50 * y + x) as f32;
            let image = Array3::from_shape_fn([n_z, n_y, n_x], |(z, y, x)| place(z, y, x));
            let windows = Windows::new([n_z, n_y, n_x], [p_z, Some(p_y), Some(p_x)]);
            let mut contents = Vec::new();
            let values = windows.measure(image.view(), |block| {
                contents.push(block.iter().copied().filter(|pixel| *pixel > 0.0).collect::<Vec<f32>>());
                // Spreads over the numbers of windows, so that the largest is not always the last.
                [((contents.len() * 7) % 5) as f32]
            });
            let map = windows.spread(values);
            for ((z, y, x), &pixel) in image.indexed_iter() {
                let over = contents.iter().enumerate().filter(|(_, content)| content.contains(&pixel));
                let best = over.map(|(at, _)| (((at + 1) * 7) % 5) as f32).fold(0.0, f32::max);
                prop_assert_eq!(map[[0, z, y, x]], best);
            }
        }
    }
}
