//! Patches that the caller lists.

use std::collections::BTreeMap;

use patchweave_geometry::{Extent, RegionSpec};

use crate::{PatchIndices, PatchRng, Patching, PatchingError};

/// Exactly the specs it was given, in their order.
///
/// ```
/// use patchweave_geometry::{Extent, PatchSpec, PerAxis};
/// use patchweave_patching::{FixedPatching, PatchRng, Patching};
///
/// let spec = PatchSpec {
///     data_idx: 2,
///     sample_idx: 0,
///     coords: PerAxis::new(&[4, 4])?,
///     patch_size: Extent::new(&[8, 8])?,
/// };
/// let patching = FixedPatching::new(vec![spec.into()]);
/// assert_eq!(patching.spec(0, &mut PatchRng::for_patch(0, 0, 0))?.patch(), Some(&spec));
/// assert_eq!(patching.indices_of(2).iter().collect::<Vec<_>>(), [0]);
/// # Ok::<(), patchweave_patching::PatchingError>(())
/// ```
#[derive(Debug, Clone)]
pub struct FixedPatching {
    specs: Vec<RegionSpec>,
    by_stack: BTreeMap<usize, Vec<usize>>,
}

impl FixedPatching {
    /// Takes the specs; an uncorrelated one counts for the stack of its principal channel.
    pub fn new(specs: Vec<RegionSpec>) -> Self {
        let mut by_stack: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (index, spec) in specs.iter().enumerate() {
            if let Some(patch) = spec.patch() {
                by_stack.entry(patch.data_idx).or_default().push(index);
            }
        }
        FixedPatching { specs, by_stack }
    }

    fn get(&self, index: usize) -> Result<&RegionSpec, PatchingError> {
        let n_patches = self.specs.len();
        self.specs.get(index).ok_or(PatchingError::IndexOutOfRange { index, n_patches })
    }
}

impl Patching for FixedPatching {
    fn n_patches(&self) -> usize {
        self.specs.len()
    }

    fn spec(&self, index: usize, _rng: &mut PatchRng) -> Result<RegionSpec, PatchingError> {
        self.get(index).cloned()
    }

    fn patch_size(&self, index: usize) -> Result<Extent, PatchingError> {
        let no_patch = PatchingError::IndexOutOfRange { index, n_patches: self.specs.len() };
        self.get(index)?.patch().map(|patch| patch.patch_size).ok_or(no_patch)
    }

    fn indices_of(&self, data_idx: usize) -> PatchIndices {
        PatchIndices::List(self.by_stack.get(&data_idx).cloned().unwrap_or_default())
    }
}
