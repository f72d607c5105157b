//! How training batches are made and distributed: order, passes, limits, shapes, failures, ranks.

use super::order::OrderPlan;

/// How training batches are made and distributed.
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
    /// The order of patches; `None` for shuffled or sequential, as [`DataPlan::shuffle`](crate::DataPlan::shuffle) says.
    pub order: Option<OrderPlan>,
    /// Passes over the data per epoch, at least 1.
    pub passes: usize,
    /// The most patches of an epoch, at least 1; `None` for all.
    pub max_patches: Option<usize>,
    /// How samples of different shapes are batched.
    pub shapes: ShapesPlan,
    /// What to do about a patch that cannot be made.
    pub on_failure: FailurePlan,
    /// Which of the batches this process loads.
    pub shard: ShardPlan,
}

impl Default for LoadingPlan {
    /// One pass without a limit in the order of `shuffle`; samples of one shape, failures end the run, a single process.
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

/// How samples of different shapes are batched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ShapesPlan {
    /// All samples must have one shape; another shape ends the run.
    #[default]
    Equal,
    /// Every shape has batches of its own.
    Grouped,
}

/// What to do about a patch that cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FailurePlan {
    /// End the run.
    #[default]
    Fail,
    /// Leave the patch out of its batch, with a warning.
    Skip,
    /// Retry the patch this many times, at least once, before the run ends.
    Retry(usize),
}

/// The rank of this process among those that share the batches of an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShardPlan {
    /// The rank, below `world_size`.
    pub rank: usize,
    /// The number of processes, at least 1.
    pub world_size: usize,
    /// What to do if the number of batches is not a multiple of `world_size`.
    pub uneven: UnevenPlan,
}

impl Default for ShardPlan {
    /// A single process.
    fn default() -> Self {
        ShardPlan { rank: 0, world_size: 1, uneven: UnevenPlan::Keep }
    }
}

/// What to do if the number of batches of an epoch is not a multiple of the number of processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UnevenPlan {
    /// Some processes get one batch more than others.
    #[default]
    Keep,
    /// The last, incomplete round of batches is dropped.
    Drop,
    /// The last round is filled up with the first batches of the epoch.
    Pad,
}
