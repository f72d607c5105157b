//! How close an output has to come to the example of a package.

use std::fmt;

use ndarray::{ArrayViewD, Zip};

/// How close an output has to come to its example.
///
/// A value is a mismatch if it differs by more than `absolute + relative · |expected|`. A value that is not a number is a
/// mismatch unless it is expected to be none.
///
/// ```
/// use ndarray::arr1;
/// use patchweave_zoo::Tolerance;
///
/// let (got, expected) = (arr1(&[1.0, 2.0, f32::NAN]).into_dyn(), arr1(&[1.0, 2.1, 3.0]).into_dyn());
/// assert_eq!(Tolerance::CONTINUOUS.n_mismatched(got.view(), expected.view()), 2);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    /// The part that grows with the expected value.
    pub relative: f64,
    /// The part that does not.
    pub absolute: f64,
    /// How many of a million values may be mismatches.
    pub per_million: f64,
}

impl Tolerance {
    /// Of numbers with fractions, where a description of format 0.5 says nothing.
    pub const CONTINUOUS: Tolerance = Tolerance { relative: 1e-3, absolute: 1e-3, per_million: 100.0 };
    /// Of whole numbers, where a description of format 0.5 says nothing.
    pub const DISCRETE: Tolerance = Tolerance { relative: 0.0, absolute: 0.0, per_million: 1000.0 };
    /// Of all descriptions of format 0.4.
    pub const EARLIER: Tolerance = Tolerance { relative: 1e-3, absolute: 1e-3, per_million: 0.0 };

    /// How many values are mismatches, of arrays of one shape.
    #[must_use]
    pub fn n_mismatched(&self, got: ArrayViewD<'_, f32>, expected: ArrayViewD<'_, f32>) -> usize {
        let mut n = 0;
        Zip::from(&got)
            .and(&expected)
            .for_each(|got, expected| n += usize::from(!self.fits(*got, *expected)));
        n
    }

    /// Whether so many mismatches are too many.
    #[must_use]
    pub fn allows(&self, n_mismatched: usize, n_values: usize) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^53 values")]
        let (n_mismatched, n_values) = (n_mismatched as f64, n_values as f64);
        n_mismatched * 1e6 <= self.per_million * n_values
    }

    fn fits(&self, got: f32, expected: f32) -> bool {
        if got == expected || (got.is_nan() && expected.is_nan()) {
            return true;
        }
        let (got, expected) = (f64::from(got), f64::from(expected));
        (got - expected).abs() <= self.absolute + self.relative * expected.abs() && expected.is_finite()
    }
}

impl fmt::Display for Tolerance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} + {} · |expected|, {} of a million may differ more",
            self.absolute, self.relative, self.per_million
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mismatches_are_those_of_the_rule() {
        let tolerance = Tolerance { relative: 0.1, absolute: 0.5, per_million: 0.0 };
        for (got, expected, fits) in [
            (10.0, 11.5, true),
            (10.0, 12.0, false),
            (-10.0, -11.5, true),
            (f32::NAN, 1.0, false),
            (1.0, f32::NAN, false),
            (f32::NAN, f32::NAN, true),
            (f32::INFINITY, f32::INFINITY, true),
            (1.0, f32::INFINITY, false),
        ] {
            assert_eq!(tolerance.fits(got, expected), fits, "{got} for {expected}");
        }
        let some = Tolerance { per_million: 100.0, ..tolerance };
        assert!(some.allows(1, 10_000) && !some.allows(2, 10_000) && !tolerance.allows(1, 1 << 40));
    }
}
