//! The order in which training patches come.

/// The order in which training patches come.
///
/// ```
/// use patchweave_config::OrderPlan;
///
/// assert_eq!(OrderPlan::ChunkAware { window: None, sources: 4 }.name(), "chunk_aware");
/// assert!(OrderPlan::Foreground.is_by_weight() && !OrderPlan::Shuffled.is_by_weight());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderPlan {
    /// Image by image, as the patches are counted.
    Sequential,
    /// Another permutation of all patches in every epoch.
    Shuffled,
    /// Images in random order, in each its patches in random order.
    Grouped,
    /// Shuffled so that patches that share chunks come close together.
    ChunkAware {
        /// How many neighbours in the stream are shuffled, at least 1; without it, as many as the chunk cache has room
        /// for.
        window: Option<usize>,
        /// From how many places of the images neighbours come, at least 1.
        sources: usize,
    },
    /// Drawn by the images of weights: the chance of a patch is the mean weight of its pixels.
    Weighted,
    /// Drawn by the masks: the chance of a patch is the share of its pixels that the mask has above 0.
    Foreground,
}

impl OrderPlan {
    /// The name in a configuration.
    pub fn name(self) -> &'static str {
        match self {
            OrderPlan::Sequential => "sequential",
            OrderPlan::Shuffled => "shuffled",
            OrderPlan::Grouped => "grouped",
            OrderPlan::ChunkAware { .. } => "chunk_aware",
            OrderPlan::Weighted => "weighted",
            OrderPlan::Foreground => "foreground",
        }
    }

    /// Whether every patch has a chance of its own.
    pub fn is_by_weight(self) -> bool {
        matches!(self, OrderPlan::Weighted | OrderPlan::Foreground)
    }
}
