//! A lattice of cells over and around an image; one object per cell makes any size look the same.

use patchweave_geometry::grid_places;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// One cell in pixels of the image.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cell {
    centre: [f64; 3],
    size: [f64; 3],
    /// Whether this cell stands in the middle of the image; an object there keeps tiny images from being empty.
    pub is_middle: bool,
}

impl Cell {
    /// A random place in the cell, at most `spread` cell sizes from its centre.
    pub fn place(&self, spread: f64, rng: &mut ChaCha8Rng) -> [f64; 3] {
        let spread = if self.is_middle { spread.min(0.1) } else { spread };
        let mut along =
            |axis: usize| self.centre[axis] + self.size[axis] * spread * rng.random_range(-1.0..=1.0);
        [along(0), along(1), along(2)]
    }
}

/// The cells that cover an image and a margin around it, in `ZYX` order.
///
/// A single plane has one layer of cells without depth, so that objects lie in the plane.
pub(crate) fn cells(shape: [usize; 3], size: [f64; 3], margin: [f64; 3]) -> impl Iterator<Item = Cell> {
    let mut n_beside = [0; 3];
    let mut middle = [0.0; 3];
    let mut cell_size = size;
    for axis in 0..3 {
        middle[axis] = (shape[axis] - 1) as f64 / 2.0;
        if axis == 0 && shape[axis] == 1 {
            cell_size[axis] = 0.0;
        } else {
            n_beside[axis] = whole(((middle[axis] + margin[axis]) / size[axis] - 0.5).ceil());
        }
    }
    grid_places(n_beside.map(|n| -n..=n)).map(move |step| {
        let mut centre = middle;
        for axis in 0..3 {
            centre[axis] += f64::from(step[axis]) * cell_size[axis];
        }
        Cell { centre, size: cell_size, is_middle: step == [0; 3] }
    })
}

fn whole(value: f64) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "the extent is within the memory budget")]
    let value = value.max(0.0) as i32;
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_cover_image_and_margin() {
        for shape in [[1, 1, 1], [1, 100, 37], [24, 64, 65]] {
            let margin = [3.0, 7.0, 9.0];
            let cells: Vec<Cell> = cells(shape, [8.0, 16.0, 20.0], margin).collect();
            assert_eq!(cells.iter().filter(|cell| cell.is_middle).count(), 1);
            for axis in 1..3 {
                let edge = |cell: &Cell| cell.centre[axis] + cell.size[axis] / 2.0;
                let end = cells.iter().map(edge).fold(f64::MIN, f64::max);
                assert!(end >= (shape[axis] - 1) as f64 + margin[axis], "{shape:?} axis {axis}: {end}");
            }
        }
    }

    #[test]
    fn planes_have_one_layer_of_cells() {
        assert!(cells([1, 80, 80], [8.0; 3], [50.0; 3]).all(|cell| cell.centre[0] == 0.0));
    }
}
