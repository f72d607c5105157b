//! The inner loops: mixing rows, and shrinking a plane along both of its axes.
//!
//! Every output is a sum in a fixed order, so that results do not depend on how wide the machine's vectors
//! are. The loops are inlined into their caller, which chooses the instruction set.

use super::taps::{Taps, mirrored};

/// Values that are summed side by side: enough to keep the vector units of any machine busy.
const BLOCK: usize = 64;

/// `out[i] = Σ_t weights[t] · row(t)[i]`.
#[inline(always)]
pub(crate) fn weighted_sum<'a>(out: &mut [f32], weights: &[f32], row: impl Fn(usize) -> &'a [f32]) {
    let mut start = 0;
    for out in out.chunks_mut(BLOCK) {
        let mut sums = [0.0_f32; BLOCK];
        if out.len() == BLOCK {
            for (tap, &weight) in weights.iter().enumerate() {
                let values = &row(tap)[start..start + BLOCK];
                for (sum, &value) in sums.iter_mut().zip(values) {
                    *sum += weight * value;
                }
            }
        } else {
            for (tap, &weight) in weights.iter().enumerate() {
                let values = &row(tap)[start..start + out.len()];
                for (sum, &value) in sums.iter_mut().zip(values) {
                    *sum += weight * value;
                }
            }
        }
        out.copy_from_slice(&sums[..out.len()]);
        start += out.len();
    }
}

/// Memory for shrinking one row.
#[derive(Debug, Default)]
pub(crate) struct RowScratch {
    row: Vec<f32>,
    continued: Vec<f32>,
    phases: Vec<f32>,
}

/// A part of a plane that lies row after row in memory, some columns of each.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plane<'a> {
    pub pixels: &'a [f32],
    /// Values from one row to the next.
    pub stride: usize,
    /// First row and column of the part.
    pub origin: [usize; 2],
    /// Rows and columns of the part.
    pub size: [usize; 2],
}

impl<'a> Plane<'a> {
    #[inline(always)]
    fn row(&self, row: usize) -> &'a [f32] {
        let start = (self.origin[0] + row) * self.stride + self.origin[1];
        &self.pixels[start..start + self.size[1]]
    }

    /// Copies the part, row after row.
    #[inline(always)]
    pub fn copy_to(&self, out: &mut [f32]) {
        for (row, out) in out.chunks_exact_mut(self.size[1]).enumerate() {
            out.copy_from_slice(self.row(row));
        }
    }
}

/// Shrinks a plane by the factor of `taps` along both axes; `write` gets the coarse rows one by one.
#[inline(always)]
pub(crate) fn shrink_plane(
    plane: Plane<'_>,
    taps: &Taps,
    scratch: &mut RowScratch,
    mut write: impl FnMut(usize, &[f32]),
) {
    let RowScratch { row, continued, phases } = scratch;
    let [n_rows, n_columns] = plane.size;
    let n_coarse = n_columns / taps.factor();
    row.resize(n_columns + n_coarse, 0.0);
    let (fine, coarse) = row.split_at_mut(n_columns);
    for out in 0..n_rows / taps.factor() {
        weighted_sum(fine, taps.weights(), |tap| plane.row(taps.source(out, tap, n_rows)));
        match taps.factor() {
            2 => shrink_row::<2>(fine, taps, continued, phases, coarse),
            4 => shrink_row::<4>(fine, taps, continued, phases, coarse),
            8 => shrink_row::<8>(fine, taps, continued, phases, coarse),
            _ => shrink_row::<0>(fine, taps, continued, phases, coarse),
        }
        write(out, coarse);
    }
}

/// Shrinks one row. Its pixels are dealt out to as many rows as the factor is, so that neighbours of
/// neighbouring coarse pixels are neighbours in memory. `FACTOR` is that of `taps` if it is known, else 0.
#[inline(always)]
fn shrink_row<const FACTOR: usize>(
    fine: &[f32],
    taps: &Taps,
    continued: &mut Vec<f32>,
    phases: &mut Vec<f32>,
    coarse: &mut [f32],
) {
    let factor = if FACTOR == 0 { taps.factor() } else { FACTOR };
    let before = taps.before();
    let n = fine.len();
    let len = coarse.len() - 1 + taps.weights().len().div_ceil(factor);
    continued.resize(len * factor, 0.0);
    let left = before.min(continued.len());
    for (at, value) in continued[..left].iter_mut().enumerate() {
        *value = fine[mirrored(at, before, n)];
    }
    continued[left..left + n].copy_from_slice(fine);
    for (at, value) in continued.iter_mut().enumerate().skip(left + n) {
        *value = fine[mirrored(at, before, n)];
    }
    phases.resize(len * factor, 0.0);
    for (phase, row) in phases.chunks_exact_mut(len).enumerate() {
        for (value, group) in row.iter_mut().zip(continued.chunks_exact(factor)) {
            *value = group[phase];
        }
    }
    weighted_sum(coarse, taps.weights(), |tap| &phases[(tap % factor) * len + tap / factor..]);
}

/// Adds `weight · values` to `out`, or replaces it by that.
#[inline(always)]
pub(crate) fn mix_row(out: &mut [f32], values: &[f32], weight: f32, is_first: bool) {
    if is_first {
        for (out, &value) in out.iter_mut().zip(values) {
            *out = weight * value;
        }
    } else {
        for (out, &value) in out.iter_mut().zip(values) {
            *out += weight * value;
        }
    }
}

/// [`mix_row`] twice, with the same result.
#[inline(always)]
pub(crate) fn mix_two_rows(out: &mut [f32], [a, b]: [&[f32]; 2], weights: [f32; 2], is_first: bool) {
    let values = a.iter().zip(b);
    if is_first {
        for (out, (&a, &b)) in out.iter_mut().zip(values) {
            *out = weights[0] * a + weights[1] * b;
        }
    } else {
        for (out, (&a, &b)) in out.iter_mut().zip(values) {
            *out = *out + weights[0] * a + weights[1] * b;
        }
    }
}
