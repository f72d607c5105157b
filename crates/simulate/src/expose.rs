//! The camera: photons, background, noise, gain and rounding to integers.

use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Poisson, StandardNormal};
use rayon::prelude::*;

use crate::Noise;
use crate::density::Density;

/// A camera whose values never exceed `limit`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Camera {
    pub noise: Option<Noise>,
    pub limit: u16,
}

impl Camera {
    /// Values per photon; five standard deviations of noise above the brightest expected pixel still fit.
    fn gain(&self) -> f64 {
        let brightest = self.noise.map_or(1.0, |noise| {
            let expected = noise.photons + noise.background;
            expected + 5.0 * (expected + noise.read_noise.powi(2)).sqrt()
        });
        f64::from(self.limit) / brightest
    }

    /// Takes an image of a density whose brightest pixel is 1; row `r` draws from stream `r` of `rng`.
    pub fn expose(&self, density: &Density, rng: &ChaCha8Rng) -> Vec<u16> {
        let n_x = density.shape[2];
        let gain = self.gain();
        let mut values = vec![0; density.values.len()];
        let rows = values.par_chunks_exact_mut(n_x).zip(density.values.par_chunks_exact(n_x));
        rows.enumerate().for_each(|(row_idx, (values, signals))| {
            let mut rng = rng.clone();
            rng.set_stream(row_idx as u64);
            for (value, &signal) in values.iter_mut().zip(signals) {
                let signal = f64::from(signal);
                let photons = self.noise.map_or(signal, |noise| detect(signal, &noise, &mut rng));
                *value = self.digitise(gain * photons);
            }
        });
        values
    }

    fn digitise(&self, value: f64) -> u16 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped to the range of u16 before"
        )]
        let value = value.round().clamp(0.0, f64::from(self.limit)) as u16;
        value
    }
}

/// Photons counted where `signal` of the brightest pixel is expected.
fn detect(signal: f64, noise: &Noise, rng: &mut ChaCha8Rng) -> f64 {
    let expected = noise.photons * signal + noise.background;
    // A Poisson distribution without expectation does not exist; it would always give 0.
    let counted = Poisson::new(expected).map_or(0.0, |poisson| poisson.sample(rng));
    let read: f64 = StandardNormal.sample(rng);
    counted + noise.read_noise * read
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streams::{Draw, stream};

    /// Mean and variance of 40 000 equal pixels against `λ` and `λ + read²`, five standard errors wide.
    #[test]
    fn noise_has_its_mean_and_variance() {
        for photons in [3.0, 40.0, 900.0] {
            let noise = Noise { photons, read_noise: 2.0, background: 30.0 };
            let camera = Camera { noise: Some(noise), limit: u16::MAX };
            let density = Density { shape: [1, 200, 200], values: vec![1.0; 40_000] };
            let values = camera.expose(&density, &stream(5, 0, Draw::Noise));
            let counts: Vec<f64> = values.iter().map(|&value| f64::from(value) / camera.gain()).collect();
            let n = counts.len() as f64;
            let mean = counts.iter().sum::<f64>() / n;
            let variance = counts.iter().map(|count| (count - mean).powi(2)).sum::<f64>() / n;
            let expected_mean = photons + 30.0;
            let expected_variance = photons + 34.0;
            assert!((mean - expected_mean).abs() < 5.0 * (expected_variance / n).sqrt(), "{mean}");
            assert!((variance / expected_variance - 1.0).abs() < 5.0 * (2.0 / n).sqrt(), "{variance}");
        }
    }

    #[test]
    fn darkness_without_background_is_black() {
        let camera =
            Camera { noise: Some(Noise { photons: 10.0, read_noise: 0.0, background: 0.0 }), limit: 255 };
        let values = camera.expose(&Density::zeros([1, 8, 8]), &stream(0, 0, Draw::Noise));
        assert_eq!(values, [0; 64]);
    }

    #[test]
    fn without_noise_the_brightest_pixel_is_the_limit() {
        let camera = Camera { noise: None, limit: 85 };
        let density = Density { shape: [1, 1, 3], values: vec![0.0, 0.5, 1.0] };
        assert_eq!(camera.expose(&density, &stream(0, 0, Draw::Noise)), [0, 43, 85]);
    }
}
