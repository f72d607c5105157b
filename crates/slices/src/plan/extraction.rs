//! The list of patches to extract.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Colour, PatchEntry, SlicesError};

/// The patches of a [`SliceStack`](crate::SliceStack), numbered from 0: image by image, slice by slice, window by window.
///
/// With serde it has the keys `patches`, `color_groups` and `total_patches`; the last two must agree with the first.
///
/// ```
/// use patchweave_slices::ExtractionPlan;
///
/// let text = r#"{"patches": [], "color_groups": {}, "total_patches": 1}"#;
/// let error = serde_json::from_str::<ExtractionPlan>(text).unwrap_err();
/// assert_eq!(error.to_string(), "the plan has total_patches 1, expected 0, as its patches say");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct ExtractionPlan {
    patches: Vec<PatchEntry>,
}

/// A plan as it is written.
#[derive(Serialize, Deserialize)]
struct Written {
    patches: Vec<PatchEntry>,
    color_groups: BTreeMap<Colour, Vec<usize>>,
    total_patches: usize,
}

impl ExtractionPlan {
    pub(super) fn new(patches: Vec<PatchEntry>) -> Self {
        ExtractionPlan { patches }
    }

    /// The patches; the number of each is its place.
    #[must_use]
    pub fn patches(&self) -> &[PatchEntry] {
        &self.patches
    }

    /// The numbers of the patches of every colour, ascending.
    #[must_use]
    pub fn colour_groups(&self) -> BTreeMap<Colour, Vec<usize>> {
        let mut groups = BTreeMap::<_, Vec<_>>::new();
        for entry in &self.patches {
            groups.entry(entry.colour).or_default().push(entry.patch_idx);
        }
        groups
    }
}

impl TryFrom<Written> for ExtractionPlan {
    type Error = SlicesError;

    fn try_from(written: Written) -> Result<Self, SlicesError> {
        let plan = ExtractionPlan { patches: written.patches };
        let contradiction =
            |what, got: String, expected: String| Err(SlicesError::Contradiction { what, got, expected });
        let total = plan.patches.len();
        if written.total_patches != total {
            return contradiction("total_patches", written.total_patches.to_string(), total.to_string());
        }
        let misplaced = plan.patches.iter().enumerate().find(|(place, entry)| entry.patch_idx != *place);
        if let Some((place, entry)) = misplaced {
            return Err(SlicesError::Written {
                what: "patch_idx",
                got: entry.patch_idx.to_string(),
                expected: format!("{place}, the place of the patch"),
            });
        }
        let groups = plan.colour_groups();
        let written = written.color_groups;
        for colour in groups.keys().chain(written.keys()) {
            let patches =
                |groups: &BTreeMap<Colour, Vec<usize>>| groups.get(colour).cloned().unwrap_or_default();
            let got = patches(&written);
            let expected = patches(&groups);
            let differing =
                (0..got.len().max(expected.len())).find(|&place| got.get(place) != expected.get(place));
            if let Some(place) = differing {
                let told = |patches: &[usize]| {
                    patches.get(place).map_or_else(|| "no patch".to_owned(), |patch| format!("patch {patch}"))
                };
                let got = format!("{} at place {place} of the colour {colour}", told(&got));
                return contradiction("color_groups with", got, told(&expected));
            }
        }
        Ok(plan)
    }
}

impl From<ExtractionPlan> for Written {
    fn from(plan: ExtractionPlan) -> Self {
        let color_groups = plan.colour_groups();
        let total_patches = plan.patches.len();
        Written { patches: plan.patches, color_groups, total_patches }
    }
}
