//! The `constructor` of a training: which images a sample is made of.

use crate::data_block::ReadData;
use crate::reader::{Block, Reader};
use crate::scalar::Names;

/// Which images a training sample is made of.
///
/// ```
/// use patchweave_config::ConstructorPlan;
///
/// assert_eq!(ConstructorPlan::Paired.name(), "paired");
/// assert!(ConstructorPlan::Paired.has_inputs() && !ConstructorPlan::MultiChannelTarget.has_inputs());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConstructorPlan {
    /// Patches of the input and, if there are targets, of the target at the same place.
    Basic,
    /// Patches of a target whose channels were recorded together; the input is mixed from them.
    MultiChannelTarget,
    /// Patches of as many targets as there are channels, each at a place of its own; the input is mixed from
    /// them.
    IndependentTargets,
    /// Patches of the input in several scales, and of the target at the same place.
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

const CONSTRUCTORS: Names<'_, ConstructorPlan> = Names {
    known: &[
        ("basic", ConstructorPlan::Basic),
        ("multi_channel_target", ConstructorPlan::MultiChannelTarget),
        ("independent_targets", ConstructorPlan::IndependentTargets),
        ("paired", ConstructorPlan::Paired),
    ],
    refused: &[],
};

/// The constructor of a training; nothing if it was refused, or cannot be the one that is meant, because lateral
/// context goes with the constructors that make it, and these only with it.
pub(crate) fn constructor(
    reader: &mut Reader<'_>,
    block: &Block<'_>,
    data: Option<&ReadData>,
) -> Option<ConstructorPlan> {
    let given = block.given("constructor");
    let constructor = match &given {
        Some(value) => CONSTRUCTORS.read(reader, value)?,
        None => ConstructorPlan::Basic,
    };
    let lateral = data.and_then(|data| data.lateral.as_ref());
    match (constructor.is_lateral(), lateral, given) {
        (false, Some(Some(_)), given) => {
            let expected = "multi_channel_target, independent_targets or paired, because data_config has \
                            lateral context";
            match given {
                Some(value) => reader.refuse(&value, expected),
                None => block.missing(reader, "constructor", expected),
            }
        }
        (true, Some(None), Some(value)) => {
            let expected = "basic, or multiscale_count in data_config (1 for the patch alone)";
            reader.refuse::<()>(&value, expected);
            Some(constructor)
        }
        _ => Some(constructor),
    }
}
