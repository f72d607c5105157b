//! Which indices belong to which sample, where few samples differ from the others of their stack.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::PatchingError;

/// Prefix sums over stacks, and within a stack over the samples that differ.
#[derive(Debug, Clone)]
pub(super) struct Indices {
    stacks: Vec<StackIndices>,
    /// The samples that differ by stack, in ascending order.
    changed: BTreeMap<usize, Vec<ChangedSample>>,
    n_patches: usize,
}

#[derive(Debug, Clone, Copy)]
struct StackIndices {
    first: usize,
    per_sample: usize,
}

#[derive(Debug, Clone, Copy)]
struct ChangedSample {
    sample_idx: usize,
    first: usize,
    n_patches: usize,
}

/// Where an index belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub data_idx: usize,
    pub sample_idx: usize,
    /// Position among the patches of the sample.
    pub within: usize,
}

/// What a stack says about its patches.
#[derive(Debug, Clone)]
pub(super) struct StackCount {
    pub n_samples: usize,
    /// Patches of a sample that is not listed.
    pub per_sample: usize,
    /// Samples with another number of patches, in ascending order.
    pub changed: Vec<(usize, usize)>,
}

impl Indices {
    /// Indices in the order of stacks, which together are few enough to count.
    pub fn new(stacks: impl IntoIterator<Item = StackCount>) -> Self {
        let mut indices = Indices { stacks: Vec::new(), changed: BTreeMap::new(), n_patches: 0 };
        for StackCount { n_samples, per_sample, changed } in stacks {
            let mut first = indices.n_patches;
            let mut next_sample = 0;
            let place = |(sample_idx, n_patches)| {
                let own = ChangedSample {
                    sample_idx,
                    first: first + per_sample * (sample_idx - next_sample),
                    n_patches,
                };
                (first, next_sample) = (own.first + n_patches, sample_idx + 1);
                own
            };
            let changed: Vec<ChangedSample> = changed.into_iter().map(place).collect();
            if !changed.is_empty() {
                indices.changed.insert(indices.stacks.len(), changed);
            }
            indices.stacks.push(StackIndices { first: indices.n_patches, per_sample });
            indices.n_patches = first + per_sample * (n_samples - next_sample);
        }
        indices
    }

    pub fn n_patches(&self) -> usize {
        self.n_patches
    }

    pub fn locate(&self, index: usize) -> Result<Place, PatchingError> {
        let n_patches = self.n_patches;
        let behind = self.stacks.partition_point(|stack| stack.first <= index);
        match behind.checked_sub(1).and_then(|data_idx| Some((data_idx, self.stacks.get(data_idx)?))) {
            Some((data_idx, stack)) if index < n_patches => Ok(self.locate_in(data_idx, stack, index)),
            _ => Err(PatchingError::IndexOutOfRange { index, n_patches }),
        }
    }

    fn locate_in(&self, data_idx: usize, stack: &StackIndices, index: usize) -> Place {
        let last = self.last_changed(data_idx, |changed| changed.first <= index);
        let (next_sample, next) = match last {
            Some(changed) if index < changed.first + changed.n_patches => {
                return Place { data_idx, sample_idx: changed.sample_idx, within: index - changed.first };
            }
            Some(changed) => (changed.sample_idx + 1, changed.first + changed.n_patches),
            None => (0, stack.first),
        };
        let in_row = index - next;
        let per_sample = stack.per_sample.max(1);
        Place { data_idx, sample_idx: next_sample + in_row / per_sample, within: in_row % per_sample }
    }

    /// The last of the changed samples of a stack for which `is_before` holds; it holds for the first ones.
    fn last_changed(
        &self,
        data_idx: usize,
        is_before: impl Fn(&ChangedSample) -> bool,
    ) -> Option<&ChangedSample> {
        let changed = self.changed.get(&data_idx)?;
        changed.get(changed.partition_point(is_before).checked_sub(1)?)
    }

    pub fn of_stack(&self, data_idx: usize) -> Range<usize> {
        let Some(stack) = self.stacks.get(data_idx) else { return 0..0 };
        stack.first..self.stacks.get(data_idx + 1).map_or(self.n_patches, |next| next.first)
    }

    /// The first index of a sample.
    pub fn first_of(&self, data_idx: usize, sample_idx: usize) -> usize {
        let Some(stack) = self.stacks.get(data_idx) else { return self.n_patches };
        match self.last_changed(data_idx, |changed| changed.sample_idx < sample_idx) {
            Some(changed) => {
                let n_between = sample_idx - changed.sample_idx - 1;
                changed.first + changed.n_patches + n_between * stack.per_sample
            }
            None => stack.first + sample_idx * stack.per_sample,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Stacks of a few samples, all patches of which are listed.
    fn any_stacks() -> impl Strategy<Value = Vec<StackCount>> {
        let stack = (1_usize..6, 0_usize..4, prop::collection::btree_map(0_usize..6, 0_usize..5, 0..4));
        let stack = stack.prop_map(|(n_samples, per_sample, changed)| StackCount {
            n_samples,
            per_sample,
            changed: changed.into_iter().filter(|&(sample_idx, _)| sample_idx < n_samples).collect(),
        });
        prop::collection::vec(stack, 0..5)
    }

    proptest! {
        #[test]
        fn places_are_those_of_a_list(stacks in any_stacks()) {
            let indices = Indices::new(stacks.iter().cloned());
            let mut index = 0;
            for (data_idx, stack) in stacks.iter().enumerate() {
                let of_stack = index;
                for sample_idx in 0..stack.n_samples {
                    prop_assert_eq!(indices.first_of(data_idx, sample_idx), index);
                    let listed = stack.changed.iter().find(|(changed, _)| *changed == sample_idx);
                    for within in 0..listed.map_or(stack.per_sample, |&(_, n)| n) {
                        prop_assert_eq!(indices.locate(index).unwrap(), Place { data_idx, sample_idx, within });
                        index += 1;
                    }
                }
                prop_assert_eq!(indices.of_stack(data_idx), of_stack..index);
            }
            prop_assert_eq!(indices.n_patches(), index);
            prop_assert!(indices.locate(index).is_err());
            prop_assert_eq!(indices.of_stack(stacks.len()), 0..0);
        }
    }
}
