//! Which batches of an epoch a rank delivers.

use crate::epoch::{Batching, EpochOrder};
use crate::{Shard, Uneven};

/// Which batches of an epoch a rank delivers, one per step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Steps {
    shard: Shard,
    /// The first batch that is dealt out.
    first: usize,
    /// How many batches the epoch has over all ranks.
    n_in_epoch: usize,
    pub n_steps: usize,
}

impl Steps {
    pub fn new(shard: Shard, first: usize, n_batches: usize) -> Self {
        let n_left = n_batches.saturating_sub(first);
        let n_full_steps = n_left / shard.world_size;
        let rest = n_left % shard.world_size;
        let has_more = match shard.uneven {
            Uneven::Keep => shard.rank < rest,
            Uneven::Drop => false,
            Uneven::Pad => rest > 0,
        };
        Steps { shard, first, n_in_epoch: n_batches, n_steps: n_full_steps + usize::from(has_more) }
    }

    /// The batch of a step, and whether it was dealt out before.
    pub fn batch(&self, step: usize) -> (usize, bool) {
        let round = self.first.saturating_add(step.saturating_mul(self.shard.world_size));
        let place = round.saturating_add(self.shard.rank);
        if place < self.n_in_epoch { (place, false) } else { (place % self.n_in_epoch, true) }
    }

    /// The first batch that no rank has delivered after `n_steps`; nothing at the end of the epoch.
    pub fn next_batch(&self, n_steps: usize) -> Option<usize> {
        let next = self.first.saturating_add(n_steps.saturating_mul(self.shard.world_size));
        let is_over = self.shard.uneven == Uneven::Drop && n_steps >= self.n_steps;
        Some(next).filter(|next| *next < self.n_in_epoch && !is_over)
    }

    /// How many samples the batches of all steps have.
    pub fn n_samples(&self, batching: &Batching, order: &EpochOrder) -> usize {
        let of_step = |step| batching.n_samples(self.batch(step).0, order);
        match batching {
            Batching::Listed(_) => (0..self.n_steps).map(of_step).sum(),
            // Only the last batch of an epoch is not full; with padding any of the first ones may follow it.
            Batching::InOrder { .. } => match self.n_steps.checked_sub(2) {
                None => (0..self.n_steps).map(of_step).sum(),
                Some(last_but_one) => {
                    let ends = of_step(last_but_one).saturating_add(of_step(last_but_one + 1));
                    of_step(0).saturating_mul(last_but_one).saturating_add(ends)
                }
            },
        }
    }
}
