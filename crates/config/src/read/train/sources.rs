//! The images of a training: `input` and `target`, `val_input` and `val_target`.
//!
//! An entry may be a folder or a pattern, so the number of images is unknown here. Inputs and targets are paired once the
//! entries have been looked up.

use std::path::PathBuf;

use crate::plan::ConstructorPlan;
use crate::read::values::{Block, Reader, Value, paths};
use crate::text::counted;

/// The paths of a training and of its validation.
pub(crate) struct Sources {
    pub inputs: Vec<PathBuf>,
    pub targets: Vec<Vec<PathBuf>>,
    pub val_inputs: Vec<PathBuf>,
    pub val_targets: Vec<Vec<PathBuf>>,
}

/// The two keys that name images for one purpose.
struct Keys {
    input: &'static str,
    target: &'static str,
}

const TRAINING: Keys = Keys { input: "input", target: "target" };
const VALIDATION: Keys = Keys { input: "val_input", target: "val_target" };

/// Reads the paths of images; `None` if those for training are missing or refused.
///
/// Refused targets are left out, so that they cause no further problems.
pub(crate) fn sources(
    reader: &mut Reader<'_>,
    block: &Block<'_>,
    constructor: ConstructorPlan,
) -> Option<Sources> {
    let training = images(reader, block, constructor, &TRAINING);
    let has_validation = [VALIDATION.input, VALIDATION.target].iter().any(|key| block.given(key).is_some());
    let validation = match has_validation {
        true => images(reader, block, constructor, &VALIDATION),
        false => Images::default(),
    };
    if has_validation
        && let Some(targets) = &training.targets
        && let Some(val_targets) = &validation.targets
    {
        check_validation(reader, block, constructor, targets, val_targets);
    }
    if !constructor.has_inputs() && training.targets.is_none() {
        return None;
    }
    Some(Sources {
        inputs: training.inputs?,
        targets: training.targets.unwrap_or_default(),
        val_inputs: validation.inputs.unwrap_or_default(),
        val_targets: validation.targets.unwrap_or_default(),
    })
}

/// The images for one purpose; `None` for a key that was refused.
#[derive(Default)]
struct Images {
    inputs: Option<Vec<PathBuf>>,
    targets: Option<Vec<Vec<PathBuf>>>,
}

/// Reads the inputs and targets for one purpose.
fn images(reader: &mut Reader<'_>, block: &Block<'_>, constructor: ConstructorPlan, keys: &Keys) -> Images {
    let inputs = if constructor.has_inputs() {
        block.need(reader, keys.input, "a path or a list of paths", paths)
    } else {
        refuse_input(reader, block, constructor, keys);
        Some(Vec::new())
    };
    let one_source = |reader: &mut Reader<'_>, value: &Value<'_>| paths(reader, value).map(|list| vec![list]);
    let targets = match constructor {
        ConstructorPlan::Basic => block.or(reader, keys.target, Vec::new(), one_source),
        ConstructorPlan::Paired | ConstructorPlan::MultiChannelTarget => {
            block.need(reader, keys.target, "a path or a list of paths", one_source)
        }
        ConstructorPlan::IndependentTargets => {
            block.need(reader, keys.target, "a list with the images of every channel", independent)
        }
    };
    Images { inputs, targets }
}

fn refuse_input(reader: &mut Reader<'_>, block: &Block<'_>, constructor: ConstructorPlan, keys: &Keys) {
    if let Some(value) = block.given(keys.input) {
        let found = format!("input images with constructor {}", constructor.name());
        let expected = format!("only {}, from which the input is mixed", keys.target);
        reader.refuse_found::<()>(&value, found, expected);
    }
}

/// Reads one list of paths per channel.
fn independent(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<Vec<Vec<PathBuf>>> {
    let expected = "a list of at least 2 sources, each a path or a list of paths";
    let sources = match value.entries() {
        Some(sources) if sources.len() >= 2 => sources,
        _ => return reader.refuse(value, expected),
    };
    let read: Vec<_> = sources.iter().map(|source| paths(reader, source)).collect();
    read.into_iter().collect()
}

/// Checks that validation samples have the form of training samples.
fn check_validation(
    reader: &mut Reader<'_>,
    block: &Block<'_>,
    constructor: ConstructorPlan,
    targets: &[Vec<PathBuf>],
    val_targets: &[Vec<PathBuf>],
) {
    match block.given(VALIDATION.target) {
        None if constructor == ConstructorPlan::Basic && !targets.is_empty() => {
            block.missing::<()>(
                reader,
                VALIDATION.target,
                "a path or a list of paths, because there is a target",
            );
        }
        Some(value) if targets.is_empty() => {
            let found = "val_target without target";
            reader.refuse_found::<()>(&value, found, "the key target as well, or no val_target");
        }
        Some(value) if val_targets.len() != targets.len() => {
            let found = format!("got {}", counted(val_targets.len(), "source", "sources"));
            reader.refuse_found::<()>(&value, found, format!("{}, as many as in target", targets.len()));
        }
        _ => {}
    }
}
