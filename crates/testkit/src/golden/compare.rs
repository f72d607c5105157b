//! When a result agrees with the expected one.

use serde_json::Value;

use crate::golden::{NumericArray, Outcome, Scalar, Tolerance, number};

/// The first place where a result differs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: got {got}, expected {expected}")]
pub struct Difference {
    /// Result and index.
    pub place: String,
    /// What came out.
    pub got: String,
    /// What should have.
    pub expected: String,
}

/// Compares one result with the expected one, which is an array if `wanted_array` is.
///
/// # Errors
/// The first [`Difference`].
pub fn compare(
    name: &str,
    got: Option<&Outcome>,
    wanted: &Value,
    wanted_array: Option<&NumericArray>,
    tolerance: Tolerance,
) -> Result<(), Difference> {
    match (got, wanted_array) {
        (None, _) if wanted.is_null() => Ok(()),
        (None, _) => difference(name, "no such result", wanted),
        (Some(Outcome::Array(got)), Some(wanted)) => compare_arrays(name, got, wanted, tolerance),
        (Some(Outcome::Plain(got)), None) => compare_values(name, got, wanted, tolerance),
        (Some(Outcome::Array(got)), None) => compare_values(name, &nested(got), wanted, tolerance),
        (Some(Outcome::Plain(got)), Some(_)) => difference(name, got, "an array"),
    }
}

fn compare_arrays(
    name: &str,
    got: &NumericArray,
    wanted: &NumericArray,
    tolerance: Tolerance,
) -> Result<(), Difference> {
    if got.shape() != wanted.shape() {
        return difference(name, format!("shape {:?}", got.shape()), format!("shape {:?}", wanted.shape()));
    }
    let got = got.scalars();
    let shape = wanted.shape();
    let wanted = wanted.scalars();
    let differs = |(got, wanted): (&Scalar, &Scalar)| !tolerance.accepts_scalar(*got, *wanted);
    match got.iter().zip(&wanted).position(differs) {
        None => Ok(()),
        Some(at) => difference(&format!("{name}{:?}", unravel(at, shape)), show(got[at]), show(wanted[at])),
    }
}

fn show(scalar: Scalar) -> String {
    match scalar {
        Scalar::Integer(value) => value.to_string(),
        Scalar::Float(value) => value.to_string(),
    }
}

fn unravel(mut at: usize, shape: &[usize]) -> Vec<usize> {
    let mut index: Vec<usize> = shape
        .iter()
        .rev()
        .map(|&size| {
            let place = at % size;
            at /= size;
            place
        })
        .collect();
    index.reverse();
    index
}

/// An array as lists in lists, for cases that spell small results out.
fn nested(array: &NumericArray) -> Value {
    let as_value = |scalar: &Scalar| match *scalar {
        Scalar::Integer(value) => i64::try_from(value).map_or(Value::Null, Value::from),
        Scalar::Float(value) => float(value),
    };
    let values: Vec<Value> = array.scalars().iter().map(as_value).collect();
    let levels = array.shape().iter().skip(1).rev();
    let lists = levels.fold(values, |values, &size| {
        values.chunks(size.max(1)).map(|chunk| Value::from(chunk.to_vec())).collect()
    });
    Value::from(lists)
}

/// A float as cases write it.
pub(crate) fn float(value: f64) -> Value {
    match value {
        value if value.is_nan() => "nan".into(),
        f64::INFINITY => "inf".into(),
        f64::NEG_INFINITY => "-inf".into(),
        value => value.into(),
    }
}

fn compare_values(name: &str, got: &Value, wanted: &Value, tolerance: Tolerance) -> Result<(), Difference> {
    match (got, wanted) {
        (Value::Array(got), Value::Array(wanted)) => {
            if got.len() != wanted.len() {
                let count = |list: &[Value]| format!("{} entries", list.len());
                return difference(name, count(got), count(wanted));
            }
            let mut pairs = got.iter().zip(wanted).enumerate();
            pairs.try_for_each(|(at, (got, wanted))| {
                compare_values(&format!("{name}[{at}]"), got, wanted, tolerance)
            })
        }
        (Value::Object(got), Value::Object(wanted)) => wanted.iter().try_for_each(|(key, wanted)| {
            let got = got.get(key).unwrap_or(&Value::Null);
            compare_values(&format!("{name}.{key}"), got, wanted, tolerance)
        }),
        (got, wanted) if got == wanted => Ok(()),
        (got, wanted) => {
            let is_integer = wanted.is_i64() || wanted.is_u64();
            let exact = if is_integer { Tolerance::default() } else { tolerance };
            match (number(got), number(wanted)) {
                (Some(a), Some(b)) if exact.accepts(a, b) => Ok(()),
                _ => difference(name, got, wanted),
            }
        }
    }
}

fn difference(
    place: &str,
    got: impl std::fmt::Display,
    expected: impl std::fmt::Display,
) -> Result<(), Difference> {
    Err(Difference { place: place.to_owned(), got: got.to_string(), expected: expected.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn plain(got: Value, wanted: Value) -> Result<(), Difference> {
        compare("r", Some(&Outcome::Plain(got)), &wanted, None, Tolerance { rtol: 0.0, atol: 0.1 })
    }

    #[test]
    fn floats_have_a_tolerance_and_integers_none() {
        assert!(plain(json!([1.05, "nan"]), json!([1.0, "nan"])).is_ok());
        assert!(plain(json!(1.05), json!(1)).is_err());
        assert!(plain(json!("inf"), json!(1.0)).is_err());
        assert!(plain(json!({"a": 1, "more": 2}), json!({"a": 1, "b": null})).is_ok());
    }

    #[test]
    fn the_first_difference_is_named() {
        let error = plain(json!([[1, 2], [3, 4]]), json!([[1, 2], [5, 6]])).unwrap_err();
        assert_eq!(error.to_string(), "r[1][0]: got 3, expected 5");
        let array = |values: Vec<f32>| {
            NumericArray::from(ndarray::Array::from_shape_vec((2, 2), values).unwrap().into_dyn())
        };
        let got = array(vec![1.0, 2.0, 3.0, 9.0]);
        let wanted = array(vec![1.0, 2.0, 3.0, 4.0]);
        let got = Outcome::Array(got);
        let error = compare("r", Some(&got), &Value::Null, Some(&wanted), Tolerance::default()).unwrap_err();
        assert_eq!(error.to_string(), "r[1, 1]: got 9, expected 4");
        assert!(compare("r", Some(&got), &json!([[1, 2], [3, 9]]), None, Tolerance::default()).is_ok());
        let error = compare("r", None, &json!(1), None, Tolerance::default()).unwrap_err();
        assert_eq!(error.to_string(), "r: got no such result, expected 1");
    }
}
