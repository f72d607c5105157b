//! The weights by which pixels of a window become one pixel of a coarser scale.

use patchweave_geometry::{coordinate, mirror};

/// Anti-aliased shrinking by a whole factor along one axis.
///
/// Method: a Gaussian of `σ = (f − 1) / 2`, cut at `floor(4σ + 0.5)`, then linear interpolation at the centre of
/// the coarse pixel, which lies between two fine ones. Both together weigh the same `2r + 2` neighbours for
/// every coarse pixel; beyond the window they mirror without repeating the edge.
#[derive(Debug, Clone)]
pub(crate) struct Taps {
    factor: usize,
    weights: Vec<f32>,
    /// How far the first neighbour of coarse pixel 0 lies before the window.
    before: usize,
}

impl Taps {
    pub fn new(factor: usize) -> Self {
        if factor == 1 {
            return Taps { factor, weights: vec![1.0], before: 0 };
        }
        // 4σ + 0.5 = 2f − 1.5, so cutting it off leaves 2f − 2.
        let radius = 2 * factor - 2;
        let gaussian = |offset: usize| {
            let offset = to_f64(offset) - to_f64(radius);
            let sigma = to_f64(factor - 1) / 2.0;
            (-offset * offset / (2.0 * sigma * sigma)).exp()
        };
        let gaussian: Vec<f64> = (0..=2 * radius).map(gaussian).collect();
        let total: f64 = gaussian.iter().sum();
        let at = |place: Option<usize>| place.and_then(|place| gaussian.get(place)).copied().unwrap_or(0.0);
        let weight = |tap: usize| {
            let both = (at(Some(tap)) + at(tap.checked_sub(1))) / (2.0 * total);
            #[expect(clippy::cast_possible_truncation, reason = "pixels are f32")]
            let both = both as f32;
            both
        };
        let weights = (0..2 * radius + 2).map(weight).collect();
        Taps { factor, weights, before: radius + 1 - factor / 2 }
    }

    pub fn factor(&self) -> usize {
        self.factor
    }

    pub fn weights(&self) -> &[f32] {
        &self.weights
    }

    /// How many positions the window is continued to the left.
    pub fn before(&self) -> usize {
        self.before
    }

    /// Where in a window of `n` pixels neighbour `tap` of coarse pixel `coarse` is found.
    #[inline(always)]
    pub fn source(&self, coarse: usize, tap: usize, n: usize) -> usize {
        mirrored(self.factor * coarse + tap, self.before, n)
    }
}

/// Position `at - before` mirrored into `[0, n)`.
#[inline(always)]
pub(crate) fn mirrored(at: usize, before: usize, n: usize) -> usize {
    if at >= before && at - before < n {
        return at - before;
    }
    usize::try_from(mirror(coordinate(at) - coordinate(before), coordinate(n))).unwrap_or(0)
}

fn to_f64(n: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "factors are small")]
    let n = n as f64;
    n
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_sum_to_one_and_are_symmetric() {
        for factor in [1, 2, 4, 8, 16, 32] {
            let taps = Taps::new(factor);
            let total: f32 = taps.weights().iter().sum();
            assert!((total - 1.0).abs() < 1e-6, "factor {factor}: {total}");
            let mirrored: Vec<f32> = taps.weights().iter().rev().copied().collect();
            assert_eq!(taps.weights(), mirrored);
        }
    }

    #[test]
    fn a_ramp_is_sampled_at_the_centres() {
        let taps = Taps::new(4);
        let at = |coarse: usize| -> f32 {
            let weighed = |(tap, weight): (usize, &f32)| weight * taps.source(coarse, tap, 64) as f32;
            taps.weights().iter().enumerate().map(weighed).sum()
        };
        assert!((5..11).all(|coarse| (at(coarse) - (coarse as f32 * 4.0 + 1.5)).abs() < 1e-4));
    }
}
