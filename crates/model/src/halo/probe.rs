//! A random image, and the same with one pixel changed.

use ndarray::{Array5, ArrayView5, Axis, s};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The same image every time.
const SEED: u64 = 0;

/// A random image, and how much its channels change.
pub(super) struct Probe {
    base: Array5<f32>,
    /// One factor for every channel, so that they do not cancel out.
    factors: Vec<f32>,
}

impl Probe {
    /// Values between −2 and 2, as those of an image of mean 0 and deviation about 1.
    pub(super) fn new(shape: [usize; 5]) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(SEED);
        let base = Array5::from_shape_simple_fn(shape, || rng.random_range(-2.0..2.0));
        let factors = (0..shape[1]).map(|_| rng.random_range(0.5..1.5)).collect();
        Probe { base, factors }
    }

    pub(super) fn base(&self) -> ArrayView5<'_, f32> {
        self.base.view()
    }

    /// The image with `strength` added at a place `ZYX` of all channels of all samples.
    pub(super) fn changed(&self, [z, y, x]: [usize; 3], strength: f32) -> Array5<f32> {
        let mut changed = self.base.clone();
        for mut sample in changed.axis_iter_mut(Axis(0)) {
            for (pixel, factor) in sample.slice_mut(s![.., z, y, x]).iter_mut().zip(&self.factors) {
                *pixel += strength * factor;
            }
        }
        changed
    }
}
