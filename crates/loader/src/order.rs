//! Which patch stands at which place of an epoch.

use patchweave_patching::Permutation;

/// The order of patches in an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Order {
    /// 0, 1, 2, …
    #[default]
    Sequential,
    /// A permutation that is computed place by place, another one in every epoch.
    Shuffled,
}

/// An order made ready for one epoch.
#[derive(Debug, Clone)]
pub(crate) enum EpochOrder {
    Sequential,
    Shuffled(Permutation),
}

impl EpochOrder {
    pub fn new(order: Order, n_patches: usize, seed: u64, epoch: u64) -> Self {
        match order {
            Order::Sequential => EpochOrder::Sequential,
            Order::Shuffled => EpochOrder::Shuffled(Permutation::new(n_patches, seed, epoch)),
        }
    }

    /// The patch at `place`.
    pub fn patch_at(&self, place: usize) -> usize {
        match self {
            EpochOrder::Sequential => place,
            EpochOrder::Shuffled(permutation) => permutation.at(place),
        }
    }
}
