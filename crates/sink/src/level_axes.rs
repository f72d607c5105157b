//! The axes along which levels get smaller, as they are chosen.

use serde::{Deserialize, Serialize};

/// The axes along which levels get smaller.
///
/// ```
/// assert_eq!(patchweave_sink::LevelAxes::default(), patchweave_sink::LevelAxes::Auto);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LevelAxes {
    /// `Y`, `X`, and `Z` if its pixel is not longer than twice that of `Y`, or nobody knows.
    #[default]
    Auto,
    /// `Y` and `X`.
    Yx,
    /// `Z`, `Y` and `X`.
    Zyx,
}
