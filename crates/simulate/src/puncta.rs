//! Puncta: small spots of log-normal brightness, scattered and in loose clusters.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

use crate::density::Density;
use crate::lattice::{Cell, cells};

/// Distance between neighbouring clusters in pixels, `ZYX`.
const SPACING: [f64; 3] = [12.0, 36.0, 36.0];
/// Standard deviation of a cluster in pixels, `ZYX`.
const CLUSTER_SIGMA: [f64; 3] = [3.0, 7.0, 7.0];
/// Spots per cluster.
const CLUSTERED: std::ops::Range<u32> = 0..9;
/// Spots per cell outside of clusters.
const SCATTERED: std::ops::Range<u32> = 1..4;
const SIGMA: std::ops::Range<f64> = 0.6..1.0;
/// Standard deviation of the logarithm of the brightness.
const LOG_BRIGHTNESS: f64 = 0.4;

pub(crate) fn draw(density: &mut Density, rng: &mut ChaCha8Rng) {
    let margin = CLUSTER_SIGMA.map(|sigma| 2.0 * sigma);
    for cell in cells(density.shape, SPACING, margin) {
        draw_cell(density, &cell, rng);
    }
}

fn draw_cell(density: &mut Density, cell: &Cell, rng: &mut ChaCha8Rng) {
    let cluster = cell.place(0.5, rng);
    for _ in 0..rng.random_range(CLUSTERED) {
        let mut centre = cluster;
        for (axis, sigma) in CLUSTER_SIGMA.into_iter().enumerate() {
            if axis > 0 || density.has_depth() {
                centre[axis] += sigma * rng.sample::<f64, _>(StandardNormal);
            }
        }
        draw_spot(density, centre, rng);
    }
    for _ in 0..rng.random_range(SCATTERED) {
        let centre = cell.place(0.5, rng);
        draw_spot(density, centre, rng);
    }
}

fn draw_spot(density: &mut Density, centre: [f64; 3], rng: &mut ChaCha8Rng) {
    let sigma = rng.random_range(SIGMA);
    let log_brightness = LOG_BRIGHTNESS * rng.sample::<f64, _>(StandardNormal);
    let brightness = log_brightness.min(3.0 * LOG_BRIGHTNESS).exp();
    density.add_around(centre, [4.0 * sigma; 3], |offset| {
        let square: f64 = offset.iter().map(|distance| distance * distance).sum();
        brightness * (-0.5 * square / (sigma * sigma)).exp()
    });
}
