//! How training batches are made and distributed: order, passes, limits, shapes, failures, ranks.

use patchweave_loader::{OnFailure, Shapes, Shard};

use super::order::OrderPlan;

/// How training batches are made and distributed.
///
/// ```
/// use std::path::Path;
///
/// use patchweave_config::OrderPlan;
/// use patchweave_loader::{OnFailure, Shard, Uneven};
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
/// assert_eq!(loading.on_failure, OnFailure::Retry(2));
/// assert_eq!(loading.shard, Shard { rank: 3, world_size: 4, uneven: Uneven::Keep });
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
    pub shapes: Shapes,
    /// What to do about a patch that cannot be made.
    pub on_failure: OnFailure,
    /// Which of the batches this process loads.
    pub shard: Shard,
}

impl Default for LoadingPlan {
    /// One pass without a limit in the order of `shuffle`; samples of one shape, failures end the run, a single process.
    fn default() -> Self {
        LoadingPlan {
            order: None,
            passes: 1,
            max_patches: None,
            shapes: Shapes::default(),
            on_failure: OnFailure::default(),
            shard: Shard::default(),
        }
    }
}
