//! What is done with slices to make a channel of them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::SlicesError;

/// What is done with slices to make a channel of them.
///
/// ```
/// use patchweave_slices::ZOperation;
///
/// assert_eq!("STD".parse::<ZOperation>()?, ZOperation::Std);
/// assert_eq!(ZOperation::Std.name(), "std");
/// # Ok::<(), patchweave_slices::SlicesError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ZOperation {
    /// A slice becomes a channel as it is.
    Identity,
    /// The mean of slices, pixel by pixel.
    Mean,
    /// The population standard deviation of slices (the divisor is their number), pixel by pixel.
    Std,
}

impl ZOperation {
    /// Every operation.
    pub const ALL: [ZOperation; 3] = [ZOperation::Identity, ZOperation::Mean, ZOperation::Std];

    /// The name in a specification.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ZOperation::Identity => "identity",
            ZOperation::Mean => "mean",
            ZOperation::Std => "std",
        }
    }
}

impl FromStr for ZOperation {
    type Err = SlicesError;

    /// Reads a name in any case.
    fn from_str(name: &str) -> Result<Self, SlicesError> {
        let known = ZOperation::ALL.into_iter().find(|one| one.name().eq_ignore_ascii_case(name));
        known.ok_or_else(|| SlicesError::UnknownName {
            what: "operation",
            got: name.to_owned(),
            expected: "identity, mean or std",
        })
    }
}

impl fmt::Display for ZOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
