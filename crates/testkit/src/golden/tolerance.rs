//! How far results may differ from those of a case.

use serde::Deserialize;

use crate::golden::Scalar;

/// How far floats may differ: by `atol + rtol × |expected|`.
///
/// ```
/// use patchweave_testkit::golden::Tolerance;
///
/// let tolerance = Tolerance { rtol: 0.1, atol: 0.0 };
/// assert!(tolerance.accepts(10.5, 10.0) && !tolerance.accepts(10.0, 8.0));
/// assert!(tolerance.accepts(f64::NAN, f64::NAN) && !tolerance.accepts(1.0, f64::INFINITY));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Tolerance {
    /// Relative to the expected value.
    pub rtol: f64,
    /// Absolute.
    pub atol: f64,
}

impl Tolerance {
    /// Whether `got` agrees with `wanted`; NaN agrees with NaN, infinities with themselves only.
    pub fn accepts(&self, got: f64, wanted: f64) -> bool {
        if got.is_finite() && wanted.is_finite() {
            (got - wanted).abs() <= self.atol + self.rtol * wanted.abs()
        } else {
            got == wanted || (got.is_nan() && wanted.is_nan())
        }
    }

    pub(super) fn accepts_scalar(&self, got: Scalar, wanted: Scalar) -> bool {
        match (got, wanted) {
            (Scalar::Integer(got), Scalar::Integer(wanted)) => got == wanted,
            (Scalar::Float(got), Scalar::Float(wanted)) => self.accepts(got, wanted),
            // Whole numbers have to be equal, whatever type carries them.
            (Scalar::Float(got), Scalar::Integer(wanted)) => got == to_f64(wanted),
            (Scalar::Integer(got), Scalar::Float(wanted)) => self.accepts(to_f64(got), wanted),
        }
    }
}

fn to_f64(integer: i128) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "64-bit integers meet floats only in broken results")]
    let float = integer as f64;
    float
}
