//! Reading single values: numbers in a range and truth values.

use std::ops::RangeInclusive;

use super::reader::{Reader, Value};
use super::variables::{expand, has_variable};
use crate::text::{Kind, quoted};

/// A whole number in a range; a fraction, even `5.0`, is none. It may come from an environment variable.
pub(crate) fn integer(reader: &mut Reader<'_>, value: &Value<'_>, range: RangeInclusive<u64>) -> Option<u64> {
    let (number, found) = match value.kind {
        Kind::Int(n) => (u64::try_from(*n).ok(), value.got()),
        Kind::Text(written) if has_variable(written) => {
            let expanded = expand(reader, value, written, "a number")?;
            (expanded.trim().parse().ok(), format!("got {} from {}", quoted(&expanded), quoted(written)))
        }
        _ => (None, value.got()),
    };
    if let Some(n) = number.filter(|n| range.contains(n)) {
        return Some(n);
    }
    let (min, max) = range.into_inner();
    let expected = match max {
        u64::MAX => format!("a whole number, at least {min}"),
        _ => format!("a whole number from {min} to {max}"),
    };
    reader.refuse_found(value, found, expected)
}

/// A whole number in a range that counts or indexes something.
pub(crate) fn count(
    reader: &mut Reader<'_>,
    value: &Value<'_>,
    range: RangeInclusive<usize>,
) -> Option<usize> {
    let limit = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    let n = integer(reader, value, limit(*range.start())..=limit(*range.end()))?;
    match usize::try_from(n) {
        Ok(n) => Some(n),
        Err(_) => reader.refuse(value, "a number that can be addressed"),
    }
}

/// A whole number of at least 1.
pub(crate) fn positive(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<usize> {
    count(reader, value, 1..=usize::MAX)
}

/// The index of a channel.
pub(crate) fn channel(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<usize> {
    count(reader, value, 0..=usize::MAX)
}

/// A seed that may not be 0.
pub(crate) fn positive_seed(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<u64> {
    integer(reader, value, 1..=u64::MAX)
}

/// Which fractions are accepted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fractions {
    /// Anything that `f32` holds, in which the arithmetic is done.
    Finite,
    NotNegative,
    AboveZero,
    Probability,
    /// At least zero and below one.
    BelowOne,
    /// Above zero, with a largest value.
    UpTo(f64),
}

impl Fractions {
    fn accept(self, value: f64) -> bool {
        value.abs() <= f64::from(f32::MAX)
            && match self {
                Fractions::Finite => true,
                Fractions::NotNegative => value >= 0.0,
                Fractions::AboveZero => value > 0.0,
                Fractions::Probability => (0.0..=1.0).contains(&value),
                Fractions::BelowOne => (0.0..1.0).contains(&value),
                Fractions::UpTo(max) => value > 0.0 && value <= max,
            }
    }

    fn expected(self) -> String {
        match self {
            Fractions::Finite => "a finite number that float32 holds".into(),
            Fractions::NotNegative => "a finite number, at least 0".into(),
            Fractions::AboveZero => "a finite number above 0".into(),
            Fractions::Probability => "a number from 0 to 1".into(),
            Fractions::BelowOne => "a number, at least 0 and below 1".into(),
            Fractions::UpTo(max) => format!("a number above 0 and at most {max}"),
        }
    }
}

/// A number, whole or not.
pub(crate) fn fraction(reader: &mut Reader<'_>, value: &Value<'_>, accepted: Fractions) -> Option<f64> {
    let number = match value.kind {
        Kind::Float(number) => Some(*number),
        #[expect(clippy::cast_precision_loss, reason = "a measured value; rounding to the nearest is meant")]
        Kind::Int(number) => Some(*number as f64),
        _ => None,
    };
    match number.filter(|&number| accepted.accept(number)) {
        Some(number) => Some(number),
        None => reader.refuse(value, accepted.expected()),
    }
}

/// `true` or `false`.
pub(crate) fn truth(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<bool> {
    match value.kind {
        Kind::Bool(truth) => Some(*truth),
        _ => reader.refuse(value, "true or false"),
    }
}
