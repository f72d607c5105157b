//! How well a mean over patches is known: the rule for stopping early.

use crate::moments::{Moments, to_f64};

/// The standard error of a mean over patches, fed with one value per patch.
///
/// Pixels of one patch resemble each other, so the number of pixels says little about how far a mean over
/// all of them may be off; the scatter of the means of whole patches does. The standard error
/// `sqrt(Σ (mᵢ − m)² / (n (n − 1)))` holds for patches that are drawn independently. Patches in the order
/// of a grid are not: take them in shuffled order before stopping early. Every patch counts the same,
/// whatever its size.
///
/// ```
/// use patchweave_transform::PatchMeans;
///
/// let mut means = PatchMeans::default();
/// [10.0, 12.0, 14.0].into_iter().for_each(|mean| means.push(mean));
/// assert_eq!(means.n_patches(), 3);
/// assert!((means.standard_error() - (8.0_f64 / (3.0 * 2.0)).sqrt()).abs() < 1e-12);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PatchMeans {
    means: Moments,
}

impl PatchMeans {
    /// Adds a patch by its mean, in raw intensity units.
    pub fn push(&mut self, mean: f64) {
        self.means.merge(&Moments::of_one(mean));
    }

    /// Adds the patches that `other` has seen; the result depends on the order of merging only by rounding.
    pub fn merge(&mut self, other: &PatchMeans) {
        self.means.merge(&other.means);
    }

    /// How many patches were seen.
    pub fn n_patches(&self) -> u64 {
        self.means.count()
    }

    /// The standard error in raw intensity units; NaN before the second patch, and if a mean was no number.
    pub fn standard_error(&self) -> f64 {
        self.means.std() / (to_f64(self.means.count()) - 1.0).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};

    /// The error of means of 25 draws scatters as the standard error of one such series says.
    #[test]
    fn it_is_the_scatter_of_the_mean() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(3);
        let n_series = 4000;
        let (mut squared_errors, mut predicted) = (0.0, 0.0);
        for _ in 0..n_series {
            let draws: [f64; 25] = std::array::from_fn(|_| rng.random::<f64>());
            let (mut head, mut tail) = (PatchMeans::default(), PatchMeans::default());
            draws[..7].iter().for_each(|&draw| head.push(draw));
            draws[7..].iter().for_each(|&draw| tail.push(draw));
            head.merge(&tail);
            squared_errors += (draws.iter().sum::<f64>() / 25.0 - 0.5).powi(2);
            predicted += head.standard_error().powi(2);
        }
        assert!((squared_errors / predicted - 1.0).abs() < 0.1, "{squared_errors} against {predicted}");
    }

    #[test]
    fn one_patch_says_nothing() {
        let mut means = PatchMeans::default();
        assert!(means.standard_error().is_nan());
        means.push(1.0);
        assert!(means.standard_error().is_nan());
        means.push(f64::NAN);
        assert!(means.standard_error().is_nan());
    }
}
