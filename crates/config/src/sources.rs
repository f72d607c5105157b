//! Which images a training reads: the forms of `input` and `target`, for training and for validation.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::constructor::ConstructorPlan;
use crate::paths::paths;
use crate::reader::{Block, Reader, Value, counted};

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
    if constructor.has_inputs() {
        check_pairs(reader, block, keys, inputs.as_deref(), targets.as_deref());
    }
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

/// Inputs and targets are pairs.
fn check_pairs(
    reader: &mut Reader<'_>,
    block: &Block<'_>,
    keys: &Keys,
    inputs: Option<&[PathBuf]>,
    targets: Option<&[Vec<PathBuf>]>,
) {
    if let (Some(inputs), Some([targets]), Some(value)) = (inputs, targets, block.given(keys.target))
        && inputs.len() != targets.len()
    {
        let found = format!("got {}", counted(targets.len(), "target", "targets"));
        let expected = format!("as many as inputs, {}", inputs.len());
        reader.refuse_found::<()>(&value, found, expected);
    }
    if let (Some(inputs), Some([targets]), Some(value)) = (inputs, targets, block.given(keys.target))
        && let Some((input, target)) = crossed(inputs, targets)
    {
        let found = format!("{} beside {}", target.display(), input.display());
        let expected =
            "files of the same names in the same order as the inputs, because pairs are made by position";
        reader.refuse_found::<()>(&value, found, expected);
    }
}

/// The first pair of two files with different names where both lists have the same names in another order.
fn crossed<'a>(inputs: &'a [PathBuf], targets: &'a [PathBuf]) -> Option<(&'a PathBuf, &'a PathBuf)> {
    let names = |paths: &'a [PathBuf]| paths.iter().map(|path| path.file_name()).collect::<BTreeSet<_>>();
    if inputs.len() != targets.len() || names(inputs) != names(targets) {
        return None;
    }
    inputs.iter().zip(targets).find(|(input, target)| input.file_name() != target.file_name())
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
