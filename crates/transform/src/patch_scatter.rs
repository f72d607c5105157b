//! How well a mean and a deviation over patches are known: the rule for stopping early.

use crate::moments::to_f64;

/// The standard errors of a mean and of a standard deviation over patches, fed with both of every patch.
///
/// Pixels of one patch resemble each other, so the number of pixels says little about how far a mean over
/// all of them may be off; the scatter of whole patches does. With `m` for the mean of the `n` patches, the
/// standard error of the mean is `sqrt(Σ (mᵢ − m)² / (n (n − 1)))`. The variance over all pixels is the mean
/// of `vᵢ = sᵢ² + (mᵢ − m)²`, whose standard error is that of any mean; that of the deviation `s` is the
/// `2 s`-th part of it.
///
/// Both hold for patches that are drawn independently. Patches in the order of a grid are not: take them in
/// shuffled order before stopping early. Every patch counts the same, whatever its size.
///
/// ```
/// use patchweave_transform::PatchScatter;
///
/// let mut scatter = PatchScatter::default();
/// [(10.0, 1.0), (12.0, 1.0), (14.0, 1.0)].into_iter().for_each(|(mean, std)| scatter.push(mean, std));
/// assert_eq!(scatter.n_patches(), 3);
/// assert!((scatter.mean_error() - (8.0_f64 / (3.0 * 2.0)).sqrt()).abs() < 1e-12);
/// // The patches are 4, 0 and 4 off in their squares, beside a variance of 1: 5, 1 and 5, their mean is 11 / 3.
/// let variance: f64 = 11.0 / 3.0;
/// let squares: f64 = [5.0, 1.0, 5.0].iter().map(|v| (v - variance).powi(2)).sum();
/// let expected = (squares / 6.0).sqrt() / (2.0 * variance.sqrt());
/// assert!((scatter.std_error() - expected).abs() < 1e-12);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PatchScatter {
    n_patches: u64,
    /// The mean of the first patch: squares are `sᵢ² + (mᵢ − centre)²`, as the mean of all is not known yet.
    centre: f64,
    mean: f64,
    mean_square: f64,
    /// Sums of squared deviations of means, of squares, and of the products of both.
    of_means: f64,
    of_squares: f64,
    of_both: f64,
}

impl PatchScatter {
    /// Adds a patch by its mean and its population standard deviation, in raw intensity units.
    pub fn push(&mut self, mean: f64, std: f64) {
        let one =
            PatchScatter { n_patches: 1, centre: mean, mean, mean_square: std * std, ..Self::default() };
        self.merge(&one);
    }

    /// Adds the patches that `other` has seen; the result depends on the order of merging only by rounding.
    pub fn merge(&mut self, other: &PatchScatter) {
        if other.n_patches == 0 {
            return;
        }
        if self.n_patches == 0 {
            *self = *other;
            return;
        }
        // Another centre adds `2 shift mᵢ` and a constant to every square.
        let shift = other.centre - self.centre;
        let mean_square = other.mean_square + 2.0 * shift * (other.mean - other.centre) + shift * shift;
        let of_both = other.of_both + 2.0 * shift * other.of_means;
        let of_squares = other.of_squares + 4.0 * shift * (other.of_both + shift * other.of_means);
        let own = to_f64(self.n_patches);
        let new = to_f64(other.n_patches);
        let share = new / (own + new);
        let weight = own * new / (own + new);
        let by_mean = other.mean - self.mean;
        let by_square = mean_square - self.mean_square;
        self.n_patches += other.n_patches;
        self.mean += by_mean * share;
        self.mean_square += by_square * share;
        self.of_means += other.of_means + by_mean * by_mean * weight;
        self.of_squares += of_squares + by_square * by_square * weight;
        self.of_both += of_both + by_mean * by_square * weight;
    }

    /// How many patches were seen.
    pub fn n_patches(&self) -> u64 {
        self.n_patches
    }

    /// The standard error of the mean in raw intensity units; NaN before the second patch, and if a mean was
    /// no number.
    pub fn mean_error(&self) -> f64 {
        self.error(self.of_means)
    }

    /// The standard error of the standard deviation over all patches, in raw intensity units.
    ///
    /// NaN before the second patch, if a deviation was no number, and where all pixels are the same, which says
    /// nothing about pixels that were not seen.
    pub fn std_error(&self) -> f64 {
        let shift = self.centre - self.mean;
        let variance = self.mean_square - shift * shift;
        let of_squares = self.of_squares + 4.0 * shift * (self.of_both + shift * self.of_means);
        if variance > 0.0 { self.error(of_squares.max(0.0)) / (2.0 * variance.sqrt()) } else { f64::NAN }
    }

    fn error(&self, squared_deviations: f64) -> f64 {
        let n = to_f64(self.n_patches);
        (squared_deviations / (n * (n - 1.0))).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Moments;
    use proptest::prelude::*;
    use rand::{RngExt, SeedableRng};

    /// Errors of 60 draws scatter as the standard errors of one such series say.
    #[test]
    fn it_is_the_scatter_of_mean_and_deviation() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(3);
        let n_series = 4000;
        let mut sums = [0.0; 4];
        // Two thirds of the patches are uniform from 0 to 1, the others from 2 to 3: mean 7/6, variance 1/12 + 8/9.
        let mean = 7.0 / 6.0;
        let std = (1.0_f64 / 12.0 + 8.0 / 9.0).sqrt();
        for _ in 0..n_series {
            let mut scatter = PatchScatter::default();
            let mut all = Moments::default();
            for _ in 0..60 {
                let low = if rng.random::<f64>() < 2.0 / 3.0 { 0.0_f32 } else { 2.0 };
                let pixels: [f32; 4] = std::array::from_fn(|_| low + rng.random::<f32>());
                let patch = Moments::of(&pixels);
                scatter.push(patch.mean(), patch.std());
                all.merge(&patch);
            }
            sums[0] += (all.mean() - mean).powi(2);
            sums[1] += scatter.mean_error().powi(2);
            sums[2] += (all.std() - std).powi(2);
            sums[3] += scatter.std_error().powi(2);
        }
        for (happened, predicted) in [(sums[0], sums[1]), (sums[2], sums[3])] {
            assert!((happened / predicted - 1.0).abs() < 0.1, "{happened} against {predicted}");
        }
    }

    proptest! {
        /// The running sums are the definition, also far from 0 and where the first patch is unlike the others.
        #[test]
        fn running_sums_are_the_definition(
            first in -1e3_f64..1e3,
            patches in prop::collection::vec((-3.0_f64..3.0, 0.0_f64..2.0), 2..40),
            cut in 0_usize..40,
            shift in prop::sample::select(vec![0.0, 1.0, -1e5]),
        ) {
            let mut patches: Vec<(f64, f64)> = patches.iter().map(|(mean, std)| (mean + shift, *std)).collect();
            patches[0].0 += first;
            let mut scatter = PatchScatter::default();
            let (head, tail) = patches.split_at(cut % patches.len());
            let mut later = PatchScatter::default();
            head.iter().for_each(|&(mean, std)| scatter.push(mean, std));
            tail.iter().for_each(|&(mean, std)| later.push(mean, std));
            scatter.merge(&later);
            let n = patches.len() as f64;
            let mean = patches.iter().map(|(mean, _)| mean).sum::<f64>() / n;
            let squares: Vec<f64> = patches.iter().map(|(m, s)| s * s + (m - mean).powi(2)).collect();
            let variance = squares.iter().sum::<f64>() / n;
            let error = |values: &mut dyn Iterator<Item = f64>| (values.map(|d| d * d).sum::<f64>() / (n * (n - 1.0))).sqrt();
            let of_mean = error(&mut patches.iter().map(|(m, _)| m - mean));
            let of_std = error(&mut squares.iter().map(|square| square - variance)) / (2.0 * variance.sqrt());
            prop_assert!((scatter.mean_error() - of_mean).abs() <= 1e-7 * of_mean);
            prop_assert!((scatter.std_error() - of_std).abs() <= 1e-5 * (of_std + variance.sqrt()));
        }
    }

    #[test]
    fn one_patch_says_nothing() {
        let mut scatter = PatchScatter::default();
        assert!(scatter.mean_error().is_nan() && scatter.std_error().is_nan());
        scatter.push(1.0, 1.0);
        assert!(scatter.mean_error().is_nan() && scatter.std_error().is_nan());
        scatter.push(f64::NAN, 1.0);
        assert!(scatter.mean_error().is_nan() && scatter.std_error().is_nan());
    }

    #[test]
    fn pixels_that_are_all_the_same_say_nothing_about_others() {
        let mut scatter = PatchScatter::default();
        (0..9).for_each(|_| scatter.push(7.0, 0.0));
        assert_eq!(scatter.mean_error(), 0.0);
        assert!(scatter.std_error().is_nan());
    }
}
