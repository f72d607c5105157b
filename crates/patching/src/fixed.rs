//! Patches that the caller lists.

use patchweave_geometry::{Extent, PatchSpec, RegionSpec};

use crate::{PatchIndices, PatchRng, Patching, PatchingError, Starts};

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
    /// The samples that specs take channels from, with the indices of the specs, in ascending order.
    by_sample: Vec<(usize, usize, usize)>,
}

impl FixedPatching {
    /// Takes the specs; an uncorrelated one counts for the stack of its principal channel.
    pub fn new(specs: Vec<RegionSpec>) -> Self {
        let of_spec = |(index, spec)| patches(spec).iter().map(move |p| (p.data_idx, p.sample_idx, index));
        let mut by_sample: Vec<_> = specs.iter().enumerate().flat_map(of_spec).collect();
        by_sample.sort_unstable();
        by_sample.dedup();
        FixedPatching { specs, by_sample }
    }

    /// Specs with their indices, from the first of a sample to the last of another.
    fn between(
        &self,
        first: (usize, usize),
        last: (usize, usize),
    ) -> impl Iterator<Item = (usize, &RegionSpec)> {
        let low = self.by_sample.partition_point(|&(data_idx, sample_idx, _)| (data_idx, sample_idx) < first);
        let high =
            self.by_sample.partition_point(|&(data_idx, sample_idx, _)| (data_idx, sample_idx) <= last);
        self.by_sample[low..high].iter().map(|&(_, _, index)| (index, &self.specs[index]))
    }

    /// The images and samples that patches come from, each once, in ascending order.
    pub fn samples(&self) -> Vec<(usize, usize)> {
        let mut samples: Vec<_> =
            self.by_sample.iter().map(|&(data_idx, sample_idx, _)| (data_idx, sample_idx)).collect();
        samples.dedup();
        samples
    }

    pub(crate) fn specs(&self) -> &[RegionSpec] {
        &self.specs
    }

    fn get(&self, index: usize) -> Result<&RegionSpec, PatchingError> {
        let n_patches = self.specs.len();
        self.specs.get(index).ok_or(PatchingError::IndexOutOfRange { index, n_patches })
    }
}

/// All that a spec reads: one patch, or one per channel.
pub(crate) fn patches(spec: &RegionSpec) -> &[PatchSpec] {
    match spec {
        RegionSpec::Patch(patch) => std::slice::from_ref(patch),
        RegionSpec::Tile(tile) => std::slice::from_ref(&tile.patch),
        RegionSpec::Uncorrelated(spec) => &spec.channels,
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
        let no_patch = || PatchingError::IndexOutOfRange { index, n_patches: self.specs.len() };
        self.get(index)?.patch().map(|patch| patch.patch_size).ok_or_else(no_patch)
    }

    fn indices_of(&self, data_idx: usize) -> PatchIndices {
        let of_stack = self.between((data_idx, 0), (data_idx, usize::MAX));
        let leads = |spec: &RegionSpec| spec.patch().is_some_and(|patch| patch.data_idx == data_idx);
        let mut indices: Vec<usize> =
            of_stack.filter(|(_, spec)| leads(spec)).map(|(index, _)| index).collect();
        indices.sort_unstable();
        indices.dedup();
        PatchIndices::List(indices)
    }

    fn starts(&self, data_idx: usize, sample_idx: usize) -> Starts<'_> {
        let sample = (data_idx, sample_idx);
        let of_sample = self.between(sample, sample).flat_map(|(_, spec)| patches(spec));
        let is_there = move |patch: &&PatchSpec| (patch.data_idx, patch.sample_idx) == sample;
        Starts::listed(of_sample.filter(is_there).map(|patch| Ok(*patch)))
    }
}
