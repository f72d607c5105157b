//! Separable Gaussian blur with reflecting borders.

use rayon::prelude::*;

use crate::density::Density;

/// Blurs along every axis that has more than one pixel; `sigmas` are in pixels, `ZYX`, 0 for none.
pub(crate) fn blur(density: &mut Density, sigmas: [f64; 3]) {
    let mut scratch = vec![0.0; density.values.len()];
    for (axis, sigma) in sigmas.into_iter().enumerate() {
        if sigma > 0.0 && density.shape[axis] > 1 {
            blur_axis(&density.values, &mut scratch, density.shape, axis, &kernel(sigma));
            std::mem::swap(&mut density.values, &mut scratch);
        }
    }
}

/// The weights at 0, 1, 2, … pixels, of sum 1 over both sides, cut at four standard deviations.
fn kernel(sigma: f64) -> Vec<f32> {
    let n_beside = std::iter::successors(Some(1_u32), |n| n.checked_add(1))
        .find(|&n| f64::from(n) >= 4.0 * sigma)
        .unwrap_or(1);
    let weights: Vec<f64> =
        (0..=n_beside).map(|distance| (-0.5 * (f64::from(distance) / sigma).powi(2)).exp()).collect();
    let sum = 2.0 * weights.iter().sum::<f64>() - 1.0;
    #[expect(clippy::cast_possible_truncation, reason = "rounding to the nearest is wanted")]
    let kernel = weights.iter().map(|weight| (weight / sum) as f32).collect();
    kernel
}

fn blur_axis(source: &[f32], target: &mut [f32], shape: [usize; 3], axis: usize, kernel: &[f32]) {
    let [_, n_y, n_x] = shape;
    target.par_chunks_exact_mut(n_x).enumerate().for_each(|(row_idx, target)| {
        let row = |row_idx: usize| &source[row_idx * n_x..(row_idx + 1) * n_x];
        if axis == 2 {
            blur_row(row(row_idx), target, kernel);
            return;
        }
        let stride = if axis == 0 { n_y } else { 1 };
        let at = (row_idx / stride) % shape[axis];
        let moved = |to: usize| row(row_idx - at * stride + to * stride);
        target.iter_mut().zip(moved(at)).for_each(|(to, &from)| *to = kernel[0] * from);
        for (distance, &weight) in kernel.iter().enumerate().skip(1) {
            let [before, after] = neighbours(at, distance, shape[axis]).map(moved);
            for ((to, &before), &after) in target.iter_mut().zip(before).zip(after) {
                *to += weight * (before + after);
            }
        }
    });
}

fn blur_row(source: &[f32], target: &mut [f32], kernel: &[f32]) {
    let n_beside = kernel.len() - 1;
    let n_x = source.len();
    let left = (1..=n_beside).rev().map(|distance| source[neighbours(0, distance, n_x)[0]]);
    let right = (1..=n_beside).map(|distance| source[neighbours(n_x - 1, distance, n_x)[1]]);
    let padded: Vec<f32> = left.chain(source.iter().copied()).chain(right).collect();
    target.iter_mut().zip(source).for_each(|(to, &from)| *to = kernel[0] * from);
    for (distance, &weight) in kernel.iter().enumerate().skip(1) {
        let before = &padded[n_beside - distance..];
        let after = &padded[n_beside + distance..];
        for ((to, &before), &after) in target.iter_mut().zip(before).zip(after) {
            *to += weight * (before + after);
        }
    }
}

/// The pixels at `at - distance` and `at + distance` on an axis that repeats mirrored at its edges.
fn neighbours(at: usize, distance: usize, size: usize) -> [usize; 2] {
    let period = 2 * size;
    let fold = |place: usize| if place < size { place } else { period - 1 - place };
    let before = (at + period - distance % period) % period;
    [fold(before), fold((at + distance) % period)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn keeps_the_sum(z in 1_usize..4, y in 1_usize..9, x in 1_usize..9, place: usize, sigma in 0.3..4.0) {
            let mut density = Density::zeros([z, y, x]);
            let place = place % density.values.len();
            density.values[place] = 1.0;
            blur(&mut density, [2.0 * sigma, sigma, sigma]);
            prop_assert!((density.values.iter().sum::<f32>() - 1.0).abs() < 1e-4);
            prop_assert!(density.values.iter().all(|&value| value >= 0.0));
        }

        #[test]
        fn axes_are_treated_alike(place in 0_usize..7, sigma in 0.3..4.0) {
            let along = |axis: usize| {
                let mut shape = [1; 3];
                shape[axis] = 7;
                let mut density = Density::zeros(shape);
                density.values[place] = 1.0;
                blur(&mut density, [sigma; 3]);
                density.values
            };
            prop_assert_eq!(along(0), along(1));
            prop_assert_eq!(along(1), along(2));
        }
    }

    #[test]
    fn mirrors_at_the_edges() {
        assert_eq!(neighbours(0, 1, 3), [0, 1]);
        assert_eq!(neighbours(2, 2, 3), [0, 1]);
        assert_eq!(neighbours(1, 6, 3), [1, 1]);
        assert_eq!(neighbours(0, 1000, 1), [0, 0]);
    }

    #[test]
    fn spread_is_sigma() {
        let mut density = Density::zeros([1, 1, 101]);
        density.values[50] = 1.0;
        blur(&mut density, [0.0, 0.0, 3.0]);
        let variance: f64 = density
            .values
            .iter()
            .enumerate()
            .map(|(x, &value)| f64::from(value) * (x as f64 - 50.0).powi(2))
            .sum();
        assert!((variance.sqrt() - 3.0).abs() < 0.02, "{variance}");
    }
}
