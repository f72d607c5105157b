//! Which images a training reads: the forms of `input` and `target`, for training and for validation.
//!
//! How many images an entry stands for is not known here: it may be a folder or a pattern. Whether inputs and targets
//! are pairs is checked when the entries have been looked up.

use std::path::PathBuf;

use crate::plan::ConstructorPlan;
use crate::read::values::{Block, Reader, Value, paths};
use crate::text::counted;

/// The images of a training and of its validation.
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

/// The images that `train` names; nothing if those for training were refused or are missing.
///
/// Targets that were refused are left out, so that they cause no problems of their own.
pub(crate) fn sources(
    reader: &mut Reader<'_>,
    block: &Block<'_>,
    constructor: ConstructorPlan,
) -> Option<Sources> {
    let (inputs, targets) = images(reader, block, constructor, &TRAINING);
    let has_validation = [VALIDATION.input, VALIDATION.target].iter().any(|key| block.given(key).is_some());
    let (val_inputs, val_targets) = match has_validation {
        true => images(reader, block, constructor, &VALIDATION),
        false => (Some(Vec::new()), Some(Vec::new())),
    };
    if has_validation {
        check_validation(reader, block, constructor, targets.as_deref(), val_targets.as_deref());
    }
    let (inputs, targets) = match constructor {
        ConstructorPlan::Basic | ConstructorPlan::Paired => (inputs?, targets.unwrap_or_default()),
        ConstructorPlan::MultiChannelTarget | ConstructorPlan::IndependentTargets => (Vec::new(), targets?),
    };
    Some(Sources {
        inputs,
        targets,
        val_inputs: val_inputs.unwrap_or_default(),
        val_targets: val_targets.unwrap_or_default(),
    })
}

type Paths = Option<Vec<PathBuf>>;
type PathsOfSources = Option<Vec<Vec<PathBuf>>>;

/// The inputs and targets of one purpose, each absent where it was refused.
fn images(
    reader: &mut Reader<'_>,
    block: &Block<'_>,
    constructor: ConstructorPlan,
    keys: &Keys,
) -> (Paths, PathsOfSources) {
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
    (inputs, targets)
}

fn refuse_input(reader: &mut Reader<'_>, block: &Block<'_>, constructor: ConstructorPlan, keys: &Keys) {
    if let Some(value) = block.given(keys.input) {
        let found = format!("input images with constructor {}", constructor.name());
        let expected = format!("only {}, from which the input is mixed", keys.target);
        reader.refuse_found::<()>(&value, found, expected);
    }
}

/// One list of paths per channel.
fn independent(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<Vec<Vec<PathBuf>>> {
    let expected = "a list of at least 2 sources, each a path or a list of paths";
    let sources = match value.entries() {
        Some(sources) if sources.len() >= 2 => sources,
        _ => return reader.refuse(value, expected),
    };
    let read: Vec<_> = sources.iter().map(|source| paths(reader, source)).collect();
    read.into_iter().collect()
}

/// Validation samples have the form of training samples.
fn check_validation(
    reader: &mut Reader<'_>,
    block: &Block<'_>,
    constructor: ConstructorPlan,
    targets: Option<&[Vec<PathBuf>]>,
    val_targets: Option<&[Vec<PathBuf>]>,
) {
    let (Some(targets), Some(val_targets)) = (targets, val_targets) else { return };
    match block.given(VALIDATION.target) {
        None if constructor == ConstructorPlan::Basic && !targets.is_empty() => {
            block.missing::<()>(reader, VALIDATION.target, "a path or a list of paths, as there is a target");
        }
        Some(value) if targets.is_empty() => {
            let found = "targets for validation only";
            reader.refuse_found::<()>(&value, found, "a target for training as well, or none");
        }
        Some(value) if val_targets.len() != targets.len() => {
            let found = format!("got {}", counted(val_targets.len(), "source", "sources"));
            reader.refuse_found::<()>(&value, found, format!("as many as in target, {}", targets.len()));
        }
        _ => {}
    }
}
