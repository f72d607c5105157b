//! Filaments: long lines whose heading drifts smoothly, like microtubules.

use std::f64::consts::TAU;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

use crate::density::Density;
use crate::lattice::cells;

/// Distance between the middles of neighbouring filaments in pixels, `ZYX`.
const SPACING: [f64; 3] = [12.0, 58.0, 58.0];
/// Pixels from the middle to an end.
const HALF_LENGTH: std::ops::Range<f64> = 60.0..240.0;
/// Pixels between points of the line.
const STEP: f64 = 0.5;
/// Standard deviation of the curvature, in radians per pixel.
const CURVATURE: f64 = 0.009;
/// Pixels over which curvature, slope and brightness stay alike.
const MEMORY: f64 = 35.0;
/// Standard deviation of the axial rise per lateral pixel.
const SLOPE: f64 = 0.05;

pub(crate) fn draw(density: &mut Density, rng: &mut ChaCha8Rng) {
    let margin = [SPACING[0], HALF_LENGTH.end, HALF_LENGTH.end];
    let slope = if density.has_depth() { SLOPE } else { 0.0 };
    for cell in cells(density.shape, SPACING, margin) {
        let middle = cell.place(0.5, rng);
        let heading = rng.random_range(0.0..TAU);
        let brightness = (0.3 * rng.sample::<f64, _>(StandardNormal)).exp();
        for heading in [heading, heading + TAU / 2.0] {
            let length = rng.random_range(HALF_LENGTH);
            draw_arm(density, Arm { at: middle, heading, length, brightness, slope }, rng);
        }
    }
}

/// One half of a filament, from its middle to an end.
struct Arm {
    at: [f64; 3],
    heading: f64,
    length: f64,
    brightness: f64,
    slope: f64,
}

fn draw_arm(density: &mut Density, mut arm: Arm, rng: &mut ChaCha8Rng) {
    let [mut bend, mut rise, mut glow] = [Drift::default(); 3];
    let mut travelled = 0.0;
    while travelled < arm.length {
        arm.heading += STEP * CURVATURE * bend.next(rng);
        let (sin, cos) = arm.heading.sin_cos();
        arm.at[0] += STEP * arm.slope * rise.next(rng);
        arm.at[1] += STEP * sin;
        arm.at[2] += STEP * cos;
        let fading = ((arm.length - travelled) / 8.0).min(1.0);
        density.add_point(arm.at, STEP * fading * arm.brightness * (1.0 + 0.25 * glow.next(rng)).max(0.3));
        travelled += STEP;
    }
}

/// A smooth random course of unit variance that forgets over [`MEMORY`] pixels (Ornstein–Uhlenbeck).
#[derive(Debug, Clone, Copy, Default)]
struct Drift(f64);

impl Drift {
    fn next(&mut self, rng: &mut ChaCha8Rng) -> f64 {
        let keep = 1.0 - STEP / MEMORY;
        self.0 = keep * self.0 + (1.0 - keep * keep).sqrt() * rng.sample::<f64, _>(StandardNormal);
        self.0
    }
}
