//! The key `constructor`.

use crate::plan::ConstructorPlan;
use crate::read::data::read_data::ReadData;
use crate::read::values::{Block, Names, Reader};

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
