//! What a result lacks.

use std::path::PathBuf;

/// Units of a result that are missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingUnits {
    /// The result.
    pub path: PathBuf,
    /// How many units are missing.
    pub n_missing: usize,
    /// How many units there are.
    pub n_units: usize,
}
