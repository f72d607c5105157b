//! How the batches of a training are made and dealt out: order, passes, limits, shapes, failures, ranks.

use super::order::OrderPlan;

/// How the batches of a training are made and dealt out.
///
/// ```
/// use std::path::Path;
///
/// use patchweave_config::{FailurePlan, OrderPlan, ShardPlan, UnevenPlan};
///
/// let text = "
/// output: out
/// data_config:
///   mode: training
///   data_type: tiff
///   axes: YX
///   patching: {name: random, patch_size: [64, 64]}
///   normalization: {name: none}
/// train:
///   input: a.tiff
///   order: {name: chunk_aware, window: 512}
///   on_failure: {retry: 2}
///   shard:
///     rank: ${RANK}
///     world_size: 4
/// ";
/// let env = |name: &str| (name == "RANK").then(|| "3".to_owned());
/// let loading = patchweave_config::parse(text, Path::new("a.yaml"), &env)?.train.unwrap().loading;
/// assert_eq!(loading.order, Some(OrderPlan::ChunkAware { window: Some(512), sources: 4 }));
/// assert_eq!(loading.on_failure, FailurePlan::Retry(2));
/// assert_eq!(loading.shard, ShardPlan { rank: 3, world_size: 4, uneven: UnevenPlan::Keep });
/// # Ok::<(), patchweave_config::ConfigErrors>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadingPlan {
    /// The order of patches; without it, as [`DataPlan::shuffle`](crate::DataPlan::shuffle) says.
    pub order: Option<OrderPlan>,
    /// How many times an epoch goes through the data, at least 1.
    pub passes: usize,
    /// The most patches of an epoch, at least 1; all of them without a limit.
    pub max_patches: Option<usize>,
    /// What happens to samples of different shapes.
    pub shapes: ShapesPlan,
    /// What happens to a patch that cannot be made.
    pub on_failure: FailurePlan,
    /// Which share of the batches is loaded.
    pub shard: ShardPlan,
}

impl Default for LoadingPlan {
    /// One pass without a limit in the order of `shuffle`, samples of one shape, failures are errors, one rank.
    fn default() -> Self {
        LoadingPlan {
            order: None,
            passes: 1,
            max_patches: None,
            shapes: ShapesPlan::default(),
            on_failure: FailurePlan::default(),
            shard: ShardPlan::default(),
        }
    }
}

/// What happens to samples of different shapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ShapesPlan {
    /// They are an error.
    #[default]
    Equal,
    /// Each shape gets batches of its own.
    Grouped,
}

/// What happens to a patch that cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FailurePlan {
    /// The run ends.
    #[default]
    Fail,
    /// Its batch goes without it, and the run tells.
    Skip,
    /// It is tried so many times more, at least once; then the run ends.
    Retry(usize),
}

/// One of several processes that share the batches of an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShardPlan {
    /// This process, below `world_size`.
    pub rank: usize,
    /// How many processes there are, at least 1.
    pub world_size: usize,
    /// What happens if the batches do not divide evenly.
    pub uneven: UnevenPlan,
}

impl Default for ShardPlan {
    /// A single process.
    fn default() -> Self {
        ShardPlan { rank: 0, world_size: 1, uneven: UnevenPlan::Keep }
    }
}

/// What happens if the batches of an epoch do not divide evenly among processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UnevenPlan {
    /// Some get one batch more than others.
    #[default]
    Keep,
    /// What is behind the last full round is left out.
    Drop,
    /// The last round is filled up with the first batches of the epoch.
    Pad,
}
