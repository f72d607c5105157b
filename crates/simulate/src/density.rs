//! The ideal image that structures are drawn into: fluorophores per pixel, before optics and camera.

use std::ops::Range;

/// A grid of non-negative values in `ZYX` order; planes have depth 1.
#[derive(Debug, Clone)]
pub(crate) struct Density {
    pub shape: [usize; 3],
    pub values: Vec<f32>,
}

impl Density {
    pub fn zeros(shape: [usize; 3]) -> Self {
        Density { shape, values: vec![0.0; shape.iter().product()] }
    }

    /// Whether structures extend along Z.
    pub fn has_depth(&self) -> bool {
        self.shape[0] > 1
    }

    /// Adds `f(offset from centre)` to every pixel in a box around `centre`.
    pub fn add_around(&mut self, centre: [f64; 3], reach: [f64; 3], f: impl Fn([f64; 3]) -> f64) {
        let [_, n_y, n_x] = self.shape;
        let [planes, rows, columns] = self.window(centre, reach);
        for z in planes {
            for y in rows.clone() {
                let row_start = (z * n_y + y) * n_x;
                for x in columns.clone() {
                    let offset = [z as f64 - centre[0], y as f64 - centre[1], x as f64 - centre[2]];
                    self.values[row_start + x] += to_f32(f(offset));
                }
            }
        }
    }

    /// Whether nothing has been drawn yet in a box around `centre`, as far as it lies in the image.
    pub fn is_free_around(&self, centre: [f64; 3], reach: [f64; 3]) -> bool {
        let [_, n_y, n_x] = self.shape;
        let [mut planes, rows, columns] = self.window(centre, reach);
        planes.all(|z| {
            rows.clone().all(|y| {
                let row_start = (z * n_y + y) * n_x;
                self.values[row_start + columns.start..row_start + columns.end].iter().all(|&v| v == 0.0)
            })
        })
    }

    fn window(&self, centre: [f64; 3], reach: [f64; 3]) -> [Range<usize>; 3] {
        std::array::from_fn(|axis| pixels_within(centre[axis], reach[axis], self.shape[axis]))
    }

    /// Shares `amount` among the pixels that enclose `at`, nearer ones getting more.
    pub fn add_point(&mut self, at: [f64; 3], amount: f64) {
        let share = |offset: f64| (1.0 - offset.abs()).max(0.0);
        self.add_around(at, [1.0; 3], |[z, y, x]| amount * share(z) * share(y) * share(x));
    }

    /// Scales so that the brightest pixel is 1; an empty image stays empty.
    pub fn normalise(&mut self) {
        let brightest = self.values.iter().copied().fold(0.0_f32, f32::max);
        if brightest > 0.0 {
            self.values.iter_mut().for_each(|value| *value /= brightest);
        }
    }
}

/// The pixel indices in `[centre - reach, centre + reach]` that an axis of `size` pixels has.
fn pixels_within(centre: f64, reach: f64, size: usize) -> Range<usize> {
    let first = saturating_index((centre - reach).ceil());
    let end = saturating_index((centre + reach).floor() + 1.0).min(size);
    first.min(end)..end
}

fn saturating_index(value: f64) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates, as wanted")]
    let index = value as usize;
    index
}

fn to_f32(value: f64) -> f32 {
    #[expect(clippy::cast_possible_truncation, reason = "rounding to the nearest is wanted")]
    let value = value as f32;
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn window_is_what_a_scan_finds(centre in -20.0..20.0_f64, reach in 0.0..12.0_f64, size in 1_usize..12) {
            let scan: Vec<usize> = (0..size).filter(|&at| (at as f64 - centre).abs() <= reach).collect();
            prop_assert_eq!(pixels_within(centre, reach, size).collect::<Vec<_>>(), scan);
        }

        #[test]
        fn a_point_inside_keeps_its_amount(z in 0.0..2.0, y in 0.0..4.0, x in 0.0..5.0) {
            let mut density = Density::zeros([3, 5, 6]);
            density.add_point([z, y, x], 2.0);
            prop_assert!((density.values.iter().sum::<f32>() - 2.0).abs() < 1e-5);
        }
    }

    #[test]
    fn a_point_outside_adds_nothing() {
        let mut density = Density::zeros([1, 2, 2]);
        density.add_point([0.0, -3.0, 50.0], 1.0);
        assert_eq!(density.values, [0.0; 4]);
    }
}
