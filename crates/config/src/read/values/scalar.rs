//! Reading single values: numbers in a range and truth values.

use std::ops::RangeInclusive;

use super::reader::{Reader, Value};
use super::variables::{expand, has_variable};
use crate::text::{Kind, quoted};

/// Reads an integer in a range, which may come from an environment variable; `5.0` is not an integer.
pub(crate) fn integer(reader: &mut Reader<'_>, value: &Value<'_>, range: RangeInclusive<u64>) -> Option<u64> {
    let mut found = value.got();
    let number = match value.kind {
        Kind::Int(n) => u64::try_from(*n).ok(),
        Kind::Text(written) if has_variable(written) => {
            let expanded = expand(reader, value, written, "a number")?;
            found = format!("got {} from {}", quoted(&expanded), quoted(written));
            expanded.trim().parse().ok()
        }
        _ => None,
    };
    match number.filter(|n| range.contains(n)) {
        Some(n) => Some(n),
        None => reader.refuse_found(value, found, integers(&range)),
    }
}

/// The integers of a range, for a message.
fn integers(range: &RangeInclusive<u64>) -> String {
    let min = range.start();
    match range.end() {
        &u64::MAX => format!("an integer, at least {min}"),
        max => format!("an integer from {min} to {max}"),
    }
}

/// Reads a count or an index in a range.
pub(crate) fn count(
    reader: &mut Reader<'_>,
    value: &Value<'_>,
    range: RangeInclusive<usize>,
) -> Option<usize> {
    let limit = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    let n = integer(reader, value, limit(*range.start())..=limit(*range.end()))?;
    match usize::try_from(n) {
        Ok(n) => Some(n),
        Err(_) => reader.refuse(value, "a number that fits the address space of this machine"),
    }
}

/// Reads an integer of at least 1.
pub(crate) fn positive(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<usize> {
    count(reader, value, 1..=usize::MAX)
}

/// Reads the index of a channel.
pub(crate) fn channel(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<usize> {
    count(reader, value, 0..=usize::MAX)
}

/// Reads a seed other than 0.
pub(crate) fn positive_seed(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<u64> {
    integer(reader, value, 1..=u64::MAX)
}

/// Which numbers are accepted, integers or not.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fractions {
    /// Any number in the range of `f32`, in which pixels are computed.
    Finite,
    NotNegative,
    AboveZero,
    Probability,
    /// At least 0 and below 1.
    BelowOne,
    /// Above 0 and at most this.
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
            Fractions::Finite => "a finite number in the range of float32".into(),
            Fractions::NotNegative => "a finite number, at least 0".into(),
            Fractions::AboveZero => "a finite number above 0".into(),
            Fractions::Probability => "a number from 0 to 1".into(),
            Fractions::BelowOne => "a number, at least 0 and below 1".into(),
            Fractions::UpTo(max) => format!("a number above 0 and at most {max}"),
        }
    }
}

/// Reads a number, integer or not.
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

/// Reads `true` or `false`.
pub(crate) fn truth(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<bool> {
    match value.kind {
        Kind::Bool(truth) => Some(*truth),
        _ => reader.refuse(value, "true or false"),
    }
}
