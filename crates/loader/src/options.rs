//! How batches are made and dealt out.

use crate::{MixLength, Order};

/// How batches are made.
///
/// `batch_size`, `order`, `drop_last`, `shapes`, `passes`, `max_patches` and `mix_length` decide what the stream of an
/// epoch is, `shard` which part of it is delivered, `on_failure` what becomes of patches that cannot be made. The others
/// change the speed and nothing else.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LoaderOptions {
    /// Samples per batch, at least 1.
    pub batch_size: usize,
    /// Order of the patches.
    pub order: Order,
    /// Leave out the last batch if it is not full.
    pub drop_last: bool,
    /// What happens to images of different shapes.
    pub shapes: Shapes,
    /// How many times an epoch goes through the data, at least 1; every pass makes other samples.
    pub passes: usize,
    /// The most patches of an epoch, at least 1; the first ones of its order are taken.
    pub max_patches: Option<usize>,
    /// When an epoch over several data sets ends.
    pub mix_length: MixLength,
    /// Which of the batches this loader delivers.
    pub shard: Shard,
    /// What happens to a patch that cannot be made.
    pub on_failure: OnFailure,
    /// Threads that make samples, at least 1; an epoch starts no more of them than it has patches.
    pub n_workers: usize,
    /// Batches in flight: being filled, or waiting for the consumer; at least 1.
    pub prefetch_batches: usize,
    /// Bytes in flight, values and bookkeeping; fewer batches are prefetched where they would not fit.
    ///
    /// As much again may be kept for the next batches.
    pub prefetch_bytes: usize,
}

impl Default for LoaderOptions {
    /// Batches of one sample in sequence by one thread, 8 batches and 512 MiB ahead; one pass, one rank, failures are
    /// errors.
    fn default() -> Self {
        LoaderOptions {
            batch_size: 1,
            order: Order::Sequential,
            drop_last: false,
            shapes: Shapes::Equal,
            passes: 1,
            max_patches: None,
            mix_length: MixLength::Longest,
            shard: Shard::default(),
            on_failure: OnFailure::Fail,
            n_workers: 1,
            prefetch_batches: 8,
            prefetch_bytes: 512 << 20,
        }
    }
}

/// What happens to samples of different shapes, such as whole images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Shapes {
    /// The samples of a batch must have one shape; a batch that mixes shapes is an error.
    #[default]
    Equal,
    /// Samples of one shape are collected into a batch, in the order in which they come.
    ///
    /// The whole order is worked out when an epoch starts, about 40 bytes per sample.
    Grouped,
}

/// One of several processes that share the batches of an epoch.
///
/// Batch number `b` goes to rank `b % world_size`: the batches of all ranks together are those of a single one.
///
/// ```
/// use patchweave_loader::{Shard, Uneven};
///
/// let shard = Shard { rank: 1, world_size: 4, uneven: Uneven::Pad };
/// assert_eq!(Shard::default(), Shard { rank: 0, world_size: 1, uneven: Uneven::Keep });
/// # let _ = shard;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// This process, below `world_size`.
    pub rank: usize,
    /// How many processes there are, at least 1.
    pub world_size: usize,
    /// What happens if the batches do not divide evenly.
    pub uneven: Uneven,
}

impl Default for Shard {
    fn default() -> Self {
        Shard { rank: 0, world_size: 1, uneven: Uneven::Keep }
    }
}

/// What happens if the batches of an epoch do not divide evenly among ranks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Uneven {
    /// Some ranks get one batch more than others.
    #[default]
    Keep,
    /// The batches behind the last full round are left out.
    Drop,
    /// The last round is filled up with the first batches of the epoch, which say so ([`Batch::is_padding`](crate::Batch::is_padding)).
    Pad,
}

/// What happens to a patch that cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OnFailure {
    /// Its batch is an error.
    #[default]
    Fail,
    /// Its batch goes without it, and tells so ([`Batch::skipped`](crate::Batch::skipped)); without any patch left, the
    /// batch is an error.
    Skip,
    /// It is tried so many times more, at once; then its batch is an error.
    Retry(usize),
}
