//! Outputs that would take the place of what the run reads.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use patchweave_config::{Problem, RunPlan};
use patchweave_stack::FileId;

use crate::outputs::{planned_outputs, unique_names};

/// The file or folder of an input: of a place inside of a file, the file.
fn real_file(input: &Path) -> Option<PathBuf> {
    let local = input.to_str().and_then(|text| text.strip_prefix("file://")).map_or(input, Path::new);
    let existing = local.ancestors().find(|path| path.exists())?;
    if existing == local || existing.is_file() { existing.canonicalize().ok() } else { None }
}

/// An output folder that cannot be one, and what the run would read and then write over.
pub(crate) fn output_problems(
    plan: &RunPlan,
    read: &[PathBuf],
    files: &HashSet<FileId>,
    predicted: &[PathBuf],
) -> Vec<Problem> {
    let problem = |found: String, expected: &str| plan.problem_at("output", found, expected);
    let shown = plan.output.display();
    let existing = plan.output.ancestors().find(|folder| folder.exists());
    if existing.is_some_and(|existing| !existing.is_dir()) {
        return vec![problem(
            format!("{shown} is a file or lies below one"),
            "a folder, or a name that is free",
        )];
    }
    let inputs: BTreeSet<PathBuf> = read.iter().filter_map(|path| real_file(path)).collect();
    let is_store = |path: &&Path| path.extension().is_some_and(|extension| extension == "zarr");
    let store = |input: &PathBuf| input.ancestors().filter(is_store).last().unwrap_or(input).to_owned();
    let output = plan.output.canonicalize().unwrap_or_else(|_| plan.output.clone());
    if let Some(input) = inputs.iter().find(|input| output.starts_with(store(input))) {
        let found = format!("{shown} lies in {}, which the run reads", store(input).display());
        return vec![problem(found, "a folder outside of the inputs")];
    }
    // An output also must not take the place of a store that an input lies in.
    let folders = inputs.iter().flat_map(|input| input.ancestors().map(Path::to_owned));
    let kept: BTreeSet<PathBuf> = folders.chain(plan.file().canonicalize()).collect();
    let outputs = planned_outputs(plan, &unique_names(predicted));
    let is_kept = |output: &&PathBuf| {
        output.canonicalize().is_ok_and(|output| kept.contains(&output))
            || FileId::of(output).is_ok_and(|file| files.contains(&file))
    };
    let overwritten = |output: &PathBuf| {
        let found = format!("{} would be overwritten, which the run reads", output.display());
        problem(found, "an output folder that holds no inputs with these names")
    };
    outputs.iter().filter(is_kept).map(overwritten).collect()
}
