//! Nuclei: ellipsoids with a soft, slightly irregular edge, chromatin texture and dark nucleoli.

use std::f64::consts::TAU;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::density::Density;
use crate::lattice::{Cell, cells};

/// Distance in pixels between places where a nucleus is tried, `ZYX`.
const SPACING: [f64; 3] = [32.0, 40.0, 40.0];
const SEMI_AXIS: std::ops::Range<f64> = 13.0..20.0;
/// Nuclei of adherent cells are flat.
const FLATNESS: f64 = 0.45;
/// The edge falls from full to none over this part of the radius.
const EDGE: f64 = 0.16;
/// Nuclei may touch: this part of the box around one has to be free of others.
const ROOM: f64 = 0.65;
const N_WAVES: usize = 9;

pub(crate) fn draw(density: &mut Density, rng: &mut ChaCha8Rng) {
    let margin = [FLATNESS * SEMI_AXIS.end, SEMI_AXIS.end, SEMI_AXIS.end];
    for cell in cells(density.shape, SPACING, margin) {
        let (centre, nucleus) = Nucleus::random(&cell, rng);
        if density.is_free_around(centre, nucleus.reach().map(|side| ROOM * side)) {
            density.add_around(centre, nucleus.reach(), |offset| nucleus.value(offset));
        }
    }
}

struct Nucleus {
    semi_axes: [f64; 3],
    cos_sin: (f64, f64),
    brightness: f64,
    outline: [Wave; 2],
    texture: [Wave; N_WAVES],
    nucleoli: Vec<Nucleolus>,
}

/// A plane cosine wave; a few of them make a smooth texture.
#[derive(Clone, Copy)]
struct Wave {
    per_pixel: [f64; 3],
    phase: f64,
}

struct Nucleolus {
    offset: [f64; 3],
    radius: f64,
}

impl Nucleus {
    fn random(cell: &Cell, rng: &mut ChaCha8Rng) -> ([f64; 3], Nucleus) {
        let centre = cell.place(0.5, rng);
        let wide = rng.random_range(SEMI_AXIS);
        let narrow = wide * rng.random_range(0.68..1.0);
        let (sin, cos) = rng.random_range(0.0..TAU).sin_cos();
        let brightness = rng.random_range(0.45..1.0);
        let outline = std::array::from_fn(|_| Wave::random(24.0..40.0, rng));
        let texture = std::array::from_fn(|_| Wave::random(5.0..13.0, rng));
        let nucleoli = (0..rng.random_range(1..4)).map(|_| Nucleolus::random(narrow, rng)).collect();
        let semi_axes = [FLATNESS * narrow, narrow, wide];
        (centre, Nucleus { semi_axes, cos_sin: (cos, sin), brightness, outline, texture, nucleoli })
    }

    /// The half size of the box outside of which there is nothing.
    fn reach(&self) -> [f64; 3] {
        let [depth, _, wide] = self.semi_axes.map(|semi_axis| 1.2 * semi_axis);
        [depth, wide, wide]
    }

    fn value(&self, offset: [f64; 3]) -> f64 {
        let (cos, sin) = self.cos_sin;
        let [z, y, x] = offset;
        let along = [z, cos * y - sin * x, sin * y + cos * x];
        let squares = along.iter().zip(self.semi_axes).map(|(at, semi_axis)| (at / semi_axis).powi(2));
        let irregularity: f64 = self.outline.iter().map(|wave| 0.05 * wave.value(offset)).sum();
        let radius = squares.sum::<f64>().sqrt() + irregularity;
        let inside = ((1.0 - radius) / EDGE + 0.5).clamp(0.0, 1.0);
        if inside == 0.0 {
            return 0.0;
        }
        let edge = inside * inside * (3.0 - 2.0 * inside);
        let thickness = 0.75 + 0.25 * (1.0 - radius.min(1.0).powi(2));
        let chromatin: f64 = self.texture.iter().map(|wave| 0.09 * wave.value(offset)).sum();
        let dark: f64 = self.nucleoli.iter().map(|nucleolus| nucleolus.share(offset)).product();
        self.brightness * edge * thickness * (1.0 + chromatin).max(0.2) * dark
    }
}

impl Wave {
    /// A wave of random direction and phase with a wavelength in pixels; axially it is half as long.
    fn random(wavelength: std::ops::Range<f64>, rng: &mut ChaCha8Rng) -> Wave {
        let frequency = TAU / rng.random_range(wavelength);
        let (sin, cos) = rng.random_range(0.0..TAU).sin_cos();
        let axial = rng.random_range(-2.0..2.0);
        Wave {
            per_pixel: [frequency * axial, frequency * sin, frequency * cos],
            phase: rng.random_range(0.0..TAU),
        }
    }

    fn value(&self, at: [f64; 3]) -> f64 {
        let angle: f64 = at.iter().zip(self.per_pixel).map(|(at, per_pixel)| at * per_pixel).sum();
        (angle + self.phase).cos()
    }
}

impl Nucleolus {
    fn random(semi_axis: f64, rng: &mut ChaCha8Rng) -> Nucleolus {
        let (sin, cos) = rng.random_range(0.0..TAU).sin_cos();
        let distance = semi_axis * rng.random_range(0.1..0.6);
        let axial = FLATNESS * semi_axis * rng.random_range(-0.4..0.4);
        Nucleolus { offset: [axial, distance * sin, distance * cos], radius: rng.random_range(1.6..3.0) }
    }

    /// The part of the stain that is left at `at`.
    fn share(&self, at: [f64; 3]) -> f64 {
        let square: f64 = at.iter().zip(self.offset).map(|(at, offset)| (at - offset).powi(2)).sum();
        1.0 - 0.6 * (-0.5 * square / self.radius.powi(2)).exp()
    }
}
