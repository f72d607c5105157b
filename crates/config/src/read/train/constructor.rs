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

/// Reads the constructor of a training.
///
/// Lateral context requires a constructor that makes it, and vice versa. The result is `None` if the constructor was refused,
/// or if it is basic although there is lateral context, because then the intended one is unknown.
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
            let expected = "basic, or multiscale_count in data_config (1 for no scale but the patch itself)";
            reader.refuse::<()>(&value, expected);
            Some(constructor)
        }
        _ => Some(constructor),
    }
}
