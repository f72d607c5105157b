//! How many validation patches each sample gives.

use std::collections::BTreeMap;

use super::StratifiedPatching;
use super::sample_state::SampleState;
use super::urn::Urn;
use crate::{PatchRng, PatchingError};

/// Deals `n_val` validation patches out to samples `(data_idx, sample_idx)`, one by one with a chance in proportion
/// to the patches a sample has left, as long as it has usable cells: a multivariate hypergeometric law with
/// bounds. One number per validation patch.
pub(super) fn draw_quotas(
    train: &StratifiedPatching,
    n_val: usize,
    rng: &mut PatchRng,
) -> Result<BTreeMap<(usize, usize), usize>, PatchingError> {
    let n_patches = train.indices().n_patches();
    if n_val >= n_patches {
        return Err(PatchingError::ValidationCount { n_val, n_patches });
    }
    let numbers = SampleNumbers::new(train);
    let first_ball = |number: usize| {
        let (data_idx, sample_idx) = numbers.sample(number);
        train.indices().first_of(data_idx, sample_idx)
    };
    let mut urn = Urn::new(numbers.n_samples, n_patches);
    for (&(data_idx, sample_idx), sample) in &train.changed {
        if n_usable(train, data_idx, sample_idx)? == 0 {
            urn.take(numbers.number(data_idx, sample_idx), sample.n_patches());
        }
    }
    let mut quotas: BTreeMap<(usize, usize), Quota> = BTreeMap::new();
    for n_cells in 0..n_val {
        let number = urn.draw(rng, first_ball).ok_or(PatchingError::ValidationCells { n_val, n_cells })?;
        let (data_idx, sample_idx) = numbers.sample(number);
        let quota = match quotas.get_mut(&(data_idx, sample_idx)) {
            Some(known) => known,
            None => {
                let n_patches = train.n_patches_of(data_idx, sample_idx)?;
                let n_usable = n_usable(train, data_idx, sample_idx)?;
                quotas.entry((data_idx, sample_idx)).or_insert(Quota { n_chosen: 0, n_usable, n_patches })
            }
        };
        urn.take(number, quota.add_one());
    }
    Ok(quotas.into_iter().map(|(sample, quota)| (sample, quota.n_chosen)).collect())
}

/// What a sample gives so far, and what it has.
#[derive(Debug, Clone, Copy)]
struct Quota {
    n_chosen: usize,
    n_usable: usize,
    n_patches: usize,
}

impl Quota {
    /// Adds a patch and gives the number of balls that are to leave the urn: all when no usable cell is left.
    fn add_one(&mut self) -> usize {
        self.n_chosen += 1;
        if self.n_chosen < self.n_usable { 1 } else { self.n_patches + 1 - self.n_chosen }
    }
}

/// Included cells that lie inside the image; they are those whose regions held starts at first.
fn n_usable(train: &StratifiedPatching, data_idx: usize, sample_idx: usize) -> Result<usize, PatchingError> {
    let n_excluded = train.changed.get(&(data_idx, sample_idx)).map_or(0, SampleState::n_excluded_regions);
    Ok(train.grid(data_idx, sample_idx)?.n_regions() - n_excluded)
}

/// Samples of all stacks, numbered in their order.
struct SampleNumbers {
    first: Vec<usize>,
    n_samples: usize,
}

impl SampleNumbers {
    fn new(train: &StratifiedPatching) -> Self {
        let mut numbers = SampleNumbers { first: Vec::with_capacity(train.stacks.len()), n_samples: 0 };
        for stack in &train.stacks {
            numbers.first.push(numbers.n_samples);
            numbers.n_samples += stack.n_samples;
        }
        numbers
    }

    fn number(&self, data_idx: usize, sample_idx: usize) -> usize {
        self.first[data_idx] + sample_idx
    }

    /// The stack and sample of a number; the number behind the last one is the next sample of the last stack.
    fn sample(&self, number: usize) -> (usize, usize) {
        let data_idx = self.first.partition_point(|&first| first <= number).saturating_sub(1);
        (data_idx, number - self.first.get(data_idx).copied().unwrap_or(0))
    }
}
