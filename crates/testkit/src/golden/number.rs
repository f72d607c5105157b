//! Numbers of cases, which JSON has not all of.

use serde_json::Value;

/// A JSON number, or one of the strings `nan`, `inf` and `-inf`.
pub fn number(value: &Value) -> Option<f64> {
    match value.as_str() {
        Some("nan") => Some(f64::NAN),
        Some("inf") => Some(f64::INFINITY),
        Some("-inf") => Some(f64::NEG_INFINITY),
        Some(_) => None,
        None => value.as_f64(),
    }
}
