//! Peak signal-to-noise ratios, summed up block by block.

use ndarray::ArrayView3;

/// How near one channel of all results of a run is to that channel of their targets, in decibels.
///
/// A peak signal-to-noise ratio is `10 · log10((max − min)² / mse)`, where the smallest and the largest value are those of the
/// targets, and `mse` is the mean squared difference to them over the pixels of all images. It is infinite where there is no
/// difference, and no number if the targets have a single value or no pixel is compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChannelQuality {
    /// The result, as it was written.
    pub result: f64,
    /// What the result was made from; `None` if it cannot be compared with the targets.
    pub input: Option<InputQuality>,
    /// Pixels that are left out because one of the values is infinite or no number.
    pub n_left_out: u64,
}

/// How near the input of a result is to the targets, in decibels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InputQuality {
    /// As it is.
    pub as_it_is: f64,
    /// The best affine of it: the `a · input + b` with the least mean squared difference.
    pub best_affine: f64,
}

/// What is summed up of a channel.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sums {
    n_left_out: u64,
    /// The smallest and the largest value of the targets.
    range: Option<(f64, f64)>,
    squared_error: f64,
    input_squared_error: f64,
    has_input: bool,
    pairs: Comoments,
}

impl Sums {
    /// Adds the same block of all images.
    pub fn add(
        &mut self,
        target: ArrayView3<'_, f32>,
        result: ArrayView3<'_, f32>,
        input: Option<ArrayView3<'_, f32>>,
    ) {
        self.has_input = input.is_some();
        // Without an input its values do not matter.
        let input = input.unwrap_or(target);
        let triples = || {
            let all = target.iter().zip(&result).zip(&input);
            all.map(|((&target, &result), &input)| [target, result, input])
                .filter(|values| values.iter().all(|value| value.is_finite()))
                .map(|values| values.map(f64::from))
        };
        for [target, result, input] in triples() {
            let (low, high) = self.range.unwrap_or((target, target));
            self.range = Some((low.min(target), high.max(target)));
            self.squared_error += (result - target).powi(2);
            self.input_squared_error += (input - target).powi(2);
        }
        let pairs = Comoments::of(|| triples().map(|[target, _, input]| (input, target)));
        self.n_left_out += target.len() as u64 - pairs.n;
        self.pairs = self.pairs.merged(pairs);
    }

    pub fn quality(&self) -> ChannelQuality {
        let (low, high) = self.range.unwrap_or((0.0, 0.0));
        let n = self.pairs.count();
        let decibels = |squared_error: f64| 10.0 * ((high - low).powi(2) / (squared_error / n)).log10();
        let psnr = |squared_error: f64| if high > low { decibels(squared_error) } else { f64::NAN };
        let input = || InputQuality {
            as_it_is: psnr(self.input_squared_error),
            best_affine: psnr(self.pairs.residual()),
        };
        ChannelQuality {
            result: psnr(self.squared_error),
            input: self.has_input.then(input),
            n_left_out: self.n_left_out,
        }
    }
}

/// How pairs of values vary together: means, and sums of products of distances to them.
#[derive(Debug, Clone, Copy, Default)]
struct Comoments {
    n: u64,
    mean: (f64, f64),
    xx: f64,
    xy: f64,
    yy: f64,
}

impl Comoments {
    /// Those of some pairs, which are gone through twice.
    fn of<I: Iterator<Item = (f64, f64)>>(pairs: impl Fn() -> I) -> Self {
        let mut sums = Comoments::default();
        for (x, y) in pairs() {
            sums.n += 1;
            sums.mean.0 += x;
            sums.mean.1 += y;
        }
        let n = sums.count().max(1.0);
        sums.mean = (sums.mean.0 / n, sums.mean.1 / n);
        for (x, y) in pairs() {
            let (dx, dy) = (x - sums.mean.0, y - sums.mean.1);
            sums.xx += dx * dx;
            sums.xy += dx * dy;
            sums.yy += dy * dy;
        }
        sums
    }

    /// Those of two sets of pairs together (Chan, Golub and LeVeque, 1979).
    fn merged(self, other: Self) -> Self {
        if self.n == 0 || other.n == 0 {
            return if self.n == 0 { other } else { self };
        }
        let n = self.count() + other.count();
        let (dx, dy) = (other.mean.0 - self.mean.0, other.mean.1 - self.mean.1);
        let between = self.count() * other.count() / n;
        let share = other.count() / n;
        Comoments {
            n: self.n + other.n,
            mean: (self.mean.0 + share * dx, self.mean.1 + share * dy),
            xx: self.xx + other.xx + between * dx * dx,
            xy: self.xy + other.xy + between * dx * dy,
            yy: self.yy + other.yy + between * dy * dy,
        }
    }

    /// The sum of squares that the best line through the pairs leaves of `y`.
    fn residual(&self) -> f64 {
        let explained = if self.xx > 0.0 { self.xy * self.xy / self.xx } else { 0.0 };
        (self.yy - explained).max(0.0)
    }

    #[expect(clippy::cast_precision_loss, reason = "no image has 2⁵³ pixels")]
    fn count(&self) -> f64 {
        self.n as f64
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array3, s};

    use super::*;

    /// Values that differ in everything: an offset, a slope, noise.
    #[expect(clippy::cast_possible_truncation, reason = "values are small")]
    fn values(shape: (usize, usize, usize), slope: f64, offset: f64, noise: f64, seed: u64) -> Array3<f32> {
        let mut state = seed;
        Array3::from_shape_fn(shape, |(z, y, x)| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let random = f64::from(u32::try_from(state >> 33).unwrap()) / f64::from(1_u32 << 31);
            let signal = ((z * 7 + y * 3 + x) % 23) as f64;
            (offset + slope * signal + noise * random) as f32
        })
    }

    /// By the formula, over all pixels at once.
    fn psnr(truth: &[f64], image: &[f64]) -> f64 {
        let low = truth.iter().copied().fold(f64::INFINITY, f64::min);
        let high = truth.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let squares = truth.iter().zip(image).map(|(truth, image)| (truth - image).powi(2));
        20.0 * (high - low).log10() - 10.0 * (squares.sum::<f64>() / truth.len() as f64).log10()
    }

    /// The best `a · x + b` from the normal equations.
    fn best_affine(truth: &[f64], input: &[f64]) -> Vec<f64> {
        let n = truth.len() as f64;
        let sum =
            |of: &dyn Fn(f64, f64) -> f64| truth.iter().zip(input).map(|(&t, &x)| of(t, x)).sum::<f64>();
        let (x, t, xx, xt) = (sum(&|_, x| x), sum(&|t, _| t), sum(&|_, x| x * x), sum(&|t, x| t * x));
        let determinant = n * xx - x * x;
        let (a, b) = ((n * xt - x * t) / determinant, (xx * t - x * xt) / determinant);
        input.iter().map(|x| a * x + b).collect()
    }

    fn flat(image: &Array3<f32>) -> Vec<f64> {
        image.iter().map(|&value| f64::from(value)).collect()
    }

    #[test]
    fn blocks_give_what_the_formula_gives_for_the_whole() {
        let shape = (3, 17, 23);
        for (offset, height) in [(0.0, 1), (-40.0, 4), (3000.0, 17), (60_000.0, 5)] {
            let truth = values(shape, 9.0, offset, 20.0, 1);
            let result = values(shape, 8.5, offset + 3.0, 15.0, 2);
            let input = values(shape, -2.0, 500.0, 30.0, 3);
            let mut sums = Sums::default();
            for z in 0..3 {
                for y in (0..17).step_by(height) {
                    let block = s![z..=z, y..(y + height).min(17), ..];
                    let input = Some(input.slice(block));
                    sums.add(truth.slice(block), result.slice(block), input);
                }
            }
            let quality = sums.quality();
            let (truth, result, input) = (flat(&truth), flat(&result), flat(&input));
            let of_input = quality.input.unwrap();
            let line = best_affine(&truth, &input);
            for (got, expected) in [
                (quality.result, psnr(&truth, &result)),
                (of_input.as_it_is, psnr(&truth, &input)),
                (of_input.best_affine, psnr(&truth, &line)),
            ] {
                assert!((got - expected).abs() < 1e-6, "{got} instead of {expected}");
            }
            assert!(of_input.best_affine > of_input.as_it_is);
            assert_eq!(quality.n_left_out, 0);
        }
    }

    #[test]
    fn no_line_is_nearer_than_the_best_one() {
        let truth = values((1, 20, 30), 5.0, 100.0, 40.0, 4);
        let input = values((1, 20, 30), 3.0, 10.0, 9.0, 5);
        let mut sums = Sums::default();
        sums.add(truth.view(), truth.view(), Some(input.view()));
        let best = sums.quality().input.unwrap().best_affine;
        let (truth, input) = (flat(&truth), flat(&input));
        for a in -40..=40 {
            for b in -40..=40 {
                let line: Vec<f64> =
                    input.iter().map(|x| f64::from(a) / 10.0 * x + 100.0 + 5.0 * f64::from(b)).collect();
                assert!(psnr(&truth, &line) <= best + 1e-9);
            }
        }
    }

    #[test]
    fn values_that_are_not_finite_are_left_out() {
        let mut truth = values((1, 6, 7), 5.0, 100.0, 40.0, 4);
        let mut result = values((1, 6, 7), 5.0, 101.0, 41.0, 5);
        let mut expected = Sums::default();
        let rest = s![.., 1.., ..];
        expected.add(truth.slice(rest), result.slice(rest), None);
        truth.slice_mut(s![.., 0, ..4]).fill(f32::NAN);
        result.slice_mut(s![.., 0, 3..]).fill(f32::NEG_INFINITY);
        let mut sums = Sums::default();
        sums.add(truth.view(), result.view(), None);
        assert_eq!(sums.quality(), ChannelQuality { n_left_out: 7, ..expected.quality() });
    }

    #[test]
    fn equal_images_and_single_values_are_told_apart() {
        let image = values((1, 6, 7), 5.0, 100.0, 40.0, 4);
        let flat = Array3::<f32>::from_elem((1, 6, 7), 3.0);
        let quality = |truth: &Array3<f32>, result: &Array3<f32>, input: &Array3<f32>| {
            let mut sums = Sums::default();
            sums.add(truth.view(), result.view(), Some(input.view()));
            sums.quality()
        };
        assert!(quality(&image, &image, &flat).result.is_infinite());
        assert!(quality(&flat, &image, &flat).result.is_nan());
        // A constant input explains nothing but the mean.
        let input = quality(&image, &image, &flat).input.unwrap();
        assert!(input.best_affine.is_finite() && input.best_affine > input.as_it_is);
        assert!(Sums::default().quality().result.is_nan());
    }
}
