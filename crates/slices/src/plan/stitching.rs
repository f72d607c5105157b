//! Where patches belong in the whole.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::entry::Ends;
use crate::{PlaneWindow, SlicesError};

/// Where one patch belongs.
///
/// ```
/// use patchweave_slices::PatchMapping;
///
/// let text = r#"{"n":1,"y_start":null,"y_stop":null,"x_start":null,"x_stop":null,"z_idx":4}"#;
/// let mapping: PatchMapping = serde_json::from_str(text)?;
/// assert_eq!((mapping.window, mapping.z_idx), (None, Some(4)));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Flat", into = "Flat")]
pub struct PatchMapping {
    /// The sample of the image.
    pub n: usize,
    /// Which part of the plane; `None` means all of it.
    pub window: Option<PlaneWindow>,
    /// Its place along the `Z` of the result, which is that of its slice in the selection; `None` for planes, whose
    /// slice only the [`PatchEntry`](crate::PatchEntry) tells.
    pub z_idx: Option<usize>,
}

/// Where all patches of an [`ExtractionPlan`](crate::ExtractionPlan) belong.
///
/// ```
/// use patchweave_slices::StitchingPlan;
///
/// let text = r#"{"output_shape":[2,6,9,10],"patch_mappings":{"0":{"n":1,"y_start":0,"y_stop":4,"x_start":3,"x_stop":7,"z_idx":null}}}"#;
/// let plan: StitchingPlan = serde_json::from_str(text)?;
/// assert_eq!(plan.patch_mappings[&0].n, 1);
/// assert_eq!(serde_json::to_string(&plan)?, text);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StitchingPlan {
    /// The shape of the whole: `(N * Zs, C, Y, X)` of planes, `(N, C, Zs, Y, X)` of volumes.
    pub output_shape: Vec<usize>,
    /// By the number of the patch.
    pub patch_mappings: BTreeMap<usize, PatchMapping>,
}

/// A mapping as it is written.
#[derive(Serialize, Deserialize)]
struct Flat {
    n: usize,
    #[serde(flatten)]
    ends: Ends,
    z_idx: Option<usize>,
}

impl TryFrom<Flat> for PatchMapping {
    type Error = SlicesError;

    fn try_from(flat: Flat) -> Result<Self, SlicesError> {
        Ok(PatchMapping { n: flat.n, window: flat.ends.window()?, z_idx: flat.z_idx })
    }
}

impl From<PatchMapping> for Flat {
    fn from(mapping: PatchMapping) -> Self {
        Flat { n: mapping.n, ends: mapping.window.into(), z_idx: mapping.z_idx }
    }
}
