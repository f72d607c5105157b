//! How a training sample is constructed from images.

/// How a training sample is constructed from images.
///
/// ```
/// use patchweave_config::ConstructorPlan;
///
/// assert_eq!(ConstructorPlan::Paired.name(), "paired");
/// assert!(ConstructorPlan::Paired.has_inputs() && !ConstructorPlan::MultiChannelTarget.has_inputs());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConstructorPlan {
    /// Patches of the input and, if there are targets, of the target at the same position.
    Basic,
    /// Patches of a target whose channels were recorded together; the input is mixed from these channels.
    MultiChannelTarget,
    /// Patches of one target per channel, each at a position of its own; the input is mixed from them.
    IndependentTargets,
    /// Patches of the input in several scales, and of the target at the same position.
    Paired,
}

impl ConstructorPlan {
    /// The name in a configuration.
    pub fn name(self) -> &'static str {
        match self {
            ConstructorPlan::Basic => "basic",
            ConstructorPlan::MultiChannelTarget => "multi_channel_target",
            ConstructorPlan::IndependentTargets => "independent_targets",
            ConstructorPlan::Paired => "paired",
        }
    }

    /// Whether the input is read rather than mixed from the target.
    pub fn has_inputs(self) -> bool {
        matches!(self, ConstructorPlan::Basic | ConstructorPlan::Paired)
    }

    /// Whether samples have lateral context.
    pub fn is_lateral(self) -> bool {
        self != ConstructorPlan::Basic
    }
}
