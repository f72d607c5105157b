//! Weighted means of the tiles of a block. Which tiles these are, and what else may become of them, is not decided here.

use std::ops::Range;

use ndarray::{ArrayViewMut4, Axis, s};
use patchweave_quilt::{BlendWindow, WeightSums};
use pulp::{Arch, NullaryFnOnce};

use crate::held::{HeldTile, Rows};

/// The weighted mean of tiles in a block of pixels.
///
/// It goes row by row, so that sums in `f64` are needed for one row alone. Which tiles have a row is looked up where tiles begin
/// or end, not for every row.
pub(crate) struct WeightedMean<'a> {
    pub window: &'a BlendWindow,
    pub weight_sums: &'a WeightSums,
    /// All that have a say, in the order of their numbers.
    pub tiles: &'a [&'a HeldTile],
    pub channels: Range<usize>,
    /// The first pixel of the block, `ZYX`.
    pub start: [usize; 3],
}

impl<'a> WeightedMean<'a> {
    /// Fills the block.
    pub fn write(&self, block: ArrayViewMut4<'_, f32>) {
        Arch::new().dispatch(Write { mean: self, block });
    }

    /// The rows of tiles that have plane `z` and row `y`, and the first row behind `y` for which they are others.
    fn rows_at(&self, z: usize, y: usize, columns: &Range<usize>, rows: &mut Vec<Rows<'a>>) -> usize {
        rows.clear();
        let mut until = usize::MAX;
        for tile in self.tiles.iter().filter(|tile| tile.along(0).contains(&z)) {
            let along_y = tile.along(1);
            if along_y.contains(&y) {
                rows.extend(tile.rows(z, columns));
            }
            until = [along_y.start, along_y.end].into_iter().filter(|at| *at > y).fold(until, usize::min);
        }
        until
    }
}

struct Write<'a, 'b> {
    mean: &'a WeightedMean<'a>,
    block: ArrayViewMut4<'b, f32>,
}

impl NullaryFnOnce for Write<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Write { mean, mut block } = self;
        let (n_channels, n_z, n_y, n_x) = block.dim();
        let [z0, y0, x0] = mean.start;
        let columns = x0..x0 + n_x;
        let mut sums = vec![0.0_f64; n_channels * n_x];
        let mut weights = vec![0.0_f64; mean.window.window().to_zyx()[2]];
        let mut rows = Vec::new();
        for z in 0..n_z {
            let mut until = 0;
            for y in 0..n_y {
                if y0 + y >= until {
                    until = mean.rows_at(z0 + z, y0 + y, &columns, &mut rows);
                }
                sums.fill(0.0);
                let mut weights_at = None;
                for row in &rows {
                    // Neighbours along `X` have the same weights.
                    let at = [z0 + z - row.start[0], y0 + y - row.start[1]];
                    if weights_at.replace(at) != Some(at) {
                        mean.window.write_row(at[0], at[1], 0, &mut weights);
                    }
                    for (channel, sums) in mean.channels.clone().zip(sums.chunks_exact_mut(n_x)) {
                        let values = row.values(channel, at[1]);
                        add(&mut sums[row.to.clone()], values, &weights[row.own.clone()]);
                    }
                }
                let (total, factor) = mean.weight_sums.row(z0 + z, y0 + y);
                for (sums, mut pixels) in
                    sums.chunks_exact(n_x).zip(block.slice_mut(s![.., z, y, ..]).axis_iter_mut(Axis(0)))
                {
                    match pixels.as_slice_mut() {
                        Some(pixels) => divide(pixels.iter_mut(), sums, &total[columns.clone()], factor),
                        None => divide(pixels.iter_mut(), sums, &total[columns.clone()], factor),
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn add(sums: &mut [f64], values: &[f32], weights: &[f64]) {
    for ((sum, value), weight) in sums.iter_mut().zip(values).zip(weights) {
        *sum += weight * f64::from(*value);
    }
}

#[inline(always)]
fn divide<'p>(pixels: impl Iterator<Item = &'p mut f32>, sums: &[f64], total: &[f64], factor: f64) {
    for ((pixel, sum), total) in pixels.zip(sums).zip(total) {
        #[expect(clippy::cast_possible_truncation, reason = "predictions are f32")]
        let mean = (sum / (total * factor)) as f32;
        *pixel = mean;
    }
}
