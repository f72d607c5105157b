//! Why a filter is refused, and the checks of its thresholds.

/// Why a filter was refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FilterError {
    /// A threshold that is not a number.
    #[error("got {name} {got}, expected a number")]
    NoNumber {
        /// Which threshold.
        name: &'static str,
        /// Its value.
        got: f64,
    },
    /// A threshold that no region is below.
    #[error("got {name} {got}, expected at least 0")]
    Negative {
        /// Which threshold.
        name: &'static str,
        /// Its value.
        got: f64,
    },
    /// A share of pixels outside 0 to 1.
    #[error("got coverage {0}, expected a number from 0 to 1")]
    Coverage(f64),
}

pub(super) fn check_number(name: &'static str, got: f64) -> Result<f64, FilterError> {
    if got.is_nan() { Err(FilterError::NoNumber { name, got }) } else { Ok(got) }
}

pub(super) fn check_not_negative(name: &'static str, got: f64) -> Result<f64, FilterError> {
    match check_number(name, got)? {
        _ if got < 0.0 => Err(FilterError::Negative { name, got }),
        _ => Ok(got),
    }
}

pub(super) fn check_coverage(coverage: f64) -> Result<f64, FilterError> {
    if (0.0..=1.0).contains(&coverage) { Ok(coverage) } else { Err(FilterError::Coverage(coverage)) }
}
