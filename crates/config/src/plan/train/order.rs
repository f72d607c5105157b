//! The order of training patches.

/// The order of training patches in an epoch.
///
/// ```
/// use patchweave_config::OrderPlan;
///
/// assert_eq!(OrderPlan::ChunkAware { window: None, sources: 4 }.name(), "chunk_aware");
/// assert!(OrderPlan::Foreground.is_by_weight() && !OrderPlan::Shuffled.is_by_weight());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderPlan {
    /// By index: image by image.
    Sequential,
    /// A new random permutation of all patches in every epoch.
    Shuffled,
    /// Images in random order, and the patches of each image in random order.
    Grouped,
    /// Shuffled, with patches that share chunks close to each other.
    ChunkAware {
        /// The number of consecutive patches that are shuffled among each other, at least 1; `None` for as many as the
        /// chunk cache has room for.
        window: Option<usize>,
        /// From how many regions of the images consecutive patches are taken, at least 1.
        sources: usize,
    },
    /// Drawn with the mean weight of the pixels of each patch, by images of weights.
    Weighted,
    /// Drawn with the fraction of the pixels of each patch where the mask is above 0.
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

    /// Whether patches are drawn with unequal probabilities.
    pub fn is_by_weight(self) -> bool {
        matches!(self, OrderPlan::Weighted | OrderPlan::Foreground)
    }
}
