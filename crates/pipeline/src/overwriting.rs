//! Outputs that would take the place of what the run reads, of each other, or of results that exist.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use patchweave_config::{Findings, Problem, RunPlan};
use patchweave_stack::FileId;

use crate::output_names::ImageSource;
use crate::outputs::{PlannedResult, planned_records};
use crate::overwriting_store::{existing as existing_in_store, store_problems};
use crate::{OutputFolder, is_begun};

/// How many results a message names.
const NAMED: usize = 3;

/// What it means that a result of a prediction exists, where the configuration has no `overwrite: true`.
///
/// ```
/// use patchweave_pipeline::ExistingResults;
///
/// assert_eq!(ExistingResults::default(), ExistingResults::Refused);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ExistingResults {
    /// A problem: nothing is done.
    #[default]
    Refused,
    /// A warning, for those who only check.
    Warned,
    /// Nothing: they are replaced, or nothing is written.
    Replaced,
}

/// The file or folder of an input: of a place inside of a file, the file.
fn real_file(input: &Path) -> Option<PathBuf> {
    let local = input.to_str().and_then(|text| text.strip_prefix("file://")).map_or(input, Path::new);
    let existing = local.ancestors().find(|path| path.exists())?;
    if existing == local || existing.is_file() { existing.canonicalize().ok() } else { None }
}

/// An output folder that cannot be one, what the run would read and then write over, results of one name, and results that
/// exist.
pub(crate) fn output_findings(
    plan: &RunPlan,
    folder: &OutputFolder,
    (read, files): (&[PathBuf], &HashSet<FileId>),
    (results, predicted): (&[PlannedResult], &[ImageSource]),
    existing: ExistingResults,
) -> Findings {
    if folder.is_store() {
        let problems =
            store_problems(plan, read, results).into_iter().chain(collision(plan, results, predicted));
        let mut findings = Findings { problems: problems.collect(), ..Findings::default() };
        if findings.problems.is_empty() {
            match existing_in_store(plan, folder.sinks(), results) {
                Ok(found) => tell_existing(plan, &found, folder, existing, &mut findings),
                Err(problem) => findings.problems.push(problem),
            }
        }
        return findings;
    }
    let inputs: BTreeSet<PathBuf> = read.iter().filter_map(|path| real_file(path)).collect();
    if let Some(problem) = folder_problem(plan, &inputs) {
        return Findings { problems: vec![problem], ..Findings::default() };
    }
    let records = planned_records(plan);
    // An output also must not take the place of a store that an input lies in.
    let folders = inputs.iter().flat_map(|input| input.ancestors().map(Path::to_owned));
    let kept: BTreeSet<PathBuf> = folders.chain(plan.file().canonicalize()).collect();
    let is_kept = |output: &&Path| {
        output.canonicalize().is_ok_and(|output| kept.contains(&output))
            || FileId::of(output).is_ok_and(|file| files.contains(&file))
    };
    let outputs = records.iter().chain(results.iter().map(|result| &result.path)).map(PathBuf::as_path);
    let overwritten: Vec<&Path> = outputs.filter(is_kept).collect();
    let problem = |output: &&Path| {
        let found = format!("{} would be overwritten, which the run reads", output.display());
        plan.problem_at("output", found, "an output folder that holds no inputs with these names")
    };
    let mut problems: Vec<Problem> = overwritten.iter().map(problem).collect();
    problems.extend(collision(plan, results, predicted));
    problems.extend(file_in_the_way(plan, results));
    let mut findings = Findings { problems, ..Findings::default() };
    let exists = |path: &&Path| path.symlink_metadata().is_ok() && !overwritten.contains(path);
    let found: Vec<&Path> = results.iter().map(|result| result.path.as_path()).filter(exists).collect();
    tell_existing(plan, &found, folder, existing, &mut findings);
    findings
}

/// An output folder that is none, or that lies in what is read.
fn folder_problem(plan: &RunPlan, inputs: &BTreeSet<PathBuf>) -> Option<Problem> {
    let shown = plan.output.display();
    let existing = plan.output.ancestors().find(|folder| folder.exists());
    if existing.is_some_and(|existing| !existing.is_dir()) {
        let found = format!("{shown} is a file or lies below one");
        return Some(plan.problem_at("output", found, "a folder, or a name that is free"));
    }
    let is_store = |path: &&Path| path.extension().is_some_and(|extension| extension == "zarr");
    let store = |input: &PathBuf| input.ancestors().filter(is_store).last().unwrap_or(input).to_owned();
    let output = plan.output.canonicalize().unwrap_or_else(|_| plan.output.clone());
    let input = inputs.iter().find(|input| output.starts_with(store(input)))?;
    let found = format!("{shown} lies in {}, which the run reads", store(input).display());
    Some(plan.problem_at("output", found, "a folder outside of the inputs"))
}

/// The first two images with a result at the same place, or with one where the other needs a folder, on file systems that
/// ignore case too.
fn collision(plan: &RunPlan, results: &[PlannedResult], predicted: &[ImageSource]) -> Option<Problem> {
    let key = |path: &Path| PathBuf::from(path.to_string_lossy().to_lowercase());
    let mut owners: BTreeMap<PathBuf, usize> = BTreeMap::new();
    let twice = results.iter().find_map(|result| {
        let other = owners.insert(key(&result.path), result.data_idx)?;
        Some((result, other))
    });
    let below = || {
        results.iter().find_map(|result| {
            let path = key(&result.path);
            let other = path.ancestors().skip(1).find_map(|folder| owners.get(folder))?;
            Some((result, *other))
        })
    };
    let (result, other) = twice.or_else(below)?;
    let source = |data_idx: usize| predicted.get(data_idx).map_or("", |image| &image.source);
    let found = format!(
        "{} would be written for {} and stands in the way of a result of {}",
        result.path.display(),
        source(result.data_idx),
        source(other)
    );
    let expected = "inputs of other names, or one configuration with its own `output` for each of them";
    Some(plan.problem_at("predict.input", found, expected))
}

/// A file where a result needs a folder.
fn file_in_the_way(plan: &RunPlan, results: &[PlannedResult]) -> Option<Problem> {
    let folders: BTreeSet<&Path> = results.iter().filter_map(|result| result.path.parent()).collect();
    let inside = folders.iter().flat_map(|folder| folder.ancestors());
    let inside = inside.filter(|folder| *folder != plan.output && folder.starts_with(&plan.output));
    let file = inside.filter(|folder| !folder.is_dir()).find(|folder| folder.symlink_metadata().is_ok())?;
    let found = format!("{} is a file, where results of a subfolder belong", file.display());
    Some(plan.problem_at("output", found, "a folder, or a name that is free"))
}

/// Results that exist, all of them at once.
fn tell_existing(
    plan: &RunPlan,
    found: &[&Path],
    folder: &OutputFolder,
    existing: ExistingResults,
    findings: &mut Findings,
) {
    // Other ranks than the first write no results, and may start after it.
    let is_writer = plan.train.as_ref().is_none_or(|train| train.loading.shard.rank == 0);
    if plan.overwrite || existing == ExistingResults::Replaced || !is_writer {
        return;
    }
    let names: Vec<String> = found.iter().take(NAMED).map(|path| path.display().to_string()).collect();
    let more = match found.len().saturating_sub(NAMED) {
        0 => String::new(),
        n_more => format!(" and {n_more} more"),
    };
    let told = match found.len() {
        0 => return,
        1 => format!("1 result exists: {}", names.join(", ")),
        n_found => format!("{n_found} results exist: {}{more}", names.join(", ")),
    };
    // They may be finished ones of what goes on.
    if existing == ExistingResults::Refused && is_begun(folder).unwrap_or(false) {
        let told = format!("{told}, and a prediction there was begun and not finished");
        let expected = "--resume, which goes on with it, or --restart with --overwrite, which replaces all";
        findings.problems.push(plan.problem_at("output", told, expected));
    } else if existing == ExistingResults::Warned {
        let message = format!("{told}; a run replaces them only with `overwrite: true`");
        findings.warnings.push(plan.warning_at("output", message));
    } else {
        let expected = "a folder without them; `overwrite: true` replaces them";
        findings.problems.push(plan.problem_at("output", told, expected));
    }
}
