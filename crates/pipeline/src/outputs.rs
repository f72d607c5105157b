//! Files and formats of what a run writes.

use std::path::{Path, PathBuf};

use patchweave_config::{Problem, RunPlan};
use patchweave_formats::inside;

use crate::bad_tiles::REPORT;
use crate::models::{LabelledModel, model_key};
use crate::results::{ResultLabel, result_labels};
use crate::{Output, OutputFolder, PipelineError, Statistics};

/// The ending of pictures.
const PICTURE: &str = "png";
/// What the picture of which tiles were predicted is called after, where results have the label of their model.
const COVERAGE: &str = "coverage";
/// The ending of pictures beside results that are pictures themselves.
const OTHER_PICTURE: &str = "picture.png";
/// The file of the statistics of a normalisation.
const STATISTICS: &str = "normalization.yaml";
/// The picture of the first training patches.
pub(crate) const MONTAGE: &str = "training_patches.png";

/// Where a result of an image is written.
pub(crate) fn result_path(folder: &Path, name: &str, label: &str, extension: &str) -> PathBuf {
    inside(folder, format!("{name}_{label}.{extension}").as_ref())
}

/// The picture of which tiles of an image were predicted, in the output folder.
pub(crate) fn coverage_name(image: &str) -> String {
    format!("{image}_{COVERAGE}.{PICTURE}")
}

/// A model whose results would have the name of the picture of which tiles were predicted, on file systems that ignore case
/// too. Other names that meet are told of the images that have them.
pub(crate) fn coverage_problem(
    plan: &RunPlan,
    outputs: &[Output],
    names: &[String],
    models: &[LabelledModel],
) -> Option<Problem> {
    let predict = plan.predict.as_ref().filter(|predict| predict.skip.is_some())?;
    let label = |result: &ResultLabel| is_coverage(&result.label, outputs);
    let result = result_labels(models, predict).into_iter().find(label)?;
    let model = models.get(result.place.0)?;
    let picture = inside(&plan.output, coverage_name(names.first().map_or("NAME", String::as_str)).as_ref());
    let key = model_key(plan, model.place);
    let named = format!("{key}.name");
    let found = format!(
        "model {} would write {}, which is the picture of the tiles that predict.skip leaves out",
        model.label,
        picture.display()
    );
    let expected = "another name: rename the model, with `name: NAME` beside its path";
    Some(plan.problem_at(if plan.has_key(&named) { &named } else { &key }, found, expected))
}

/// Whether a file of a result of this label would be called as the picture of which tiles were predicted.
fn is_coverage(label: &str, outputs: &[Output]) -> bool {
    let mut endings = outputs.iter().map(Output::ending).chain(picture_ending(outputs));
    label.to_lowercase() == COVERAGE && endings.any(|ending| ending == PICTURE)
}

/// The ending of the pictures beside these outputs; `None` without one that can be read, of which pictures are made.
pub(crate) fn picture_ending<'o>(
    outputs: impl IntoIterator<Item = &'o Output, IntoIter: Clone>,
) -> Option<&'static str> {
    let mut outputs = outputs.into_iter();
    let is_taken = outputs.clone().any(|output| output.ending() == PICTURE);
    outputs.any(Output::is_readable).then_some(if is_taken { OTHER_PICTURE } else { PICTURE })
}

/// Every file of a fixed name that a plan may write into its output folder; a later run replaces them.
pub(crate) fn planned_records(plan: &RunPlan) -> Vec<PathBuf> {
    let mix = plan.train.as_ref().and_then(|train| train.mix.as_ref());
    let n_mixed = mix.map_or(0, |mix| mix.others.len());
    let mixed = (0..n_mixed).map(mixed_statistics);
    let names = [STATISTICS, MONTAGE, REPORT].map(str::to_owned).into_iter().chain(mixed);
    names.map(|name| inside(&plan.output, name.as_ref())).collect()
}

/// A file that a prediction will write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PlannedResult {
    /// Where it is written.
    pub path: PathBuf,
    /// The image that it belongs to.
    pub data_idx: usize,
    /// Whether it is the picture of another result.
    pub is_picture: bool,
}

/// Every result that a plan writes for images of these names and results of these labels, image by image.
pub(crate) fn planned_results(
    plan: &RunPlan,
    outputs: &[Output],
    names: &[String],
    labels: &[String],
) -> Vec<PlannedResult> {
    let images = outputs.iter().map(|output| (output.ending(), false));
    let endings: Vec<(&str, bool)> =
        images.chain(picture_ending(outputs).map(|ending| (ending, true))).collect();
    let mut planned = Vec::with_capacity(names.len() * labels.len() * endings.len());
    // A result of that name is refused as such.
    let is_free = !labels.iter().any(|label| is_coverage(label, outputs));
    let has_coverage = is_free && plan.predict.as_ref().is_some_and(|predict| predict.skip.is_some());
    for (data_idx, name) in names.iter().enumerate() {
        let coverage = has_coverage.then(|| inside(&plan.output, coverage_name(name).as_ref()));
        planned.extend(coverage.map(|path| PlannedResult { path, data_idx, is_picture: true }));
        for label in labels {
            planned.extend(endings.iter().map(|&(ending, is_picture)| {
                let path = result_path(&plan.output, name, label, ending);
                PlannedResult { path, data_idx, is_picture }
            }));
        }
    }
    planned
}

/// Writes the statistics of a normalisation as a block that fits into a configuration.
///
/// # Errors
/// [`PipelineError::Sink`] if the file cannot be written.
pub fn write_statistics(output: &OutputFolder, statistics: &Statistics) -> Result<PathBuf, PipelineError> {
    output.write(STATISTICS, statistics.to_yaml().as_bytes())
}

/// The file of the statistics of a data set that is mixed in, counted behind that of the configuration itself.
fn mixed_statistics(place: usize) -> String {
    format!("normalization_{}.yaml", place.saturating_add(2))
}

/// Writes the statistics of the `place`-th configuration that is mixed in, as [`write_statistics`] does.
///
/// # Errors
/// [`PipelineError::Sink`] if the file cannot be written.
pub fn write_mixed_statistics(
    output: &OutputFolder,
    statistics: &Statistics,
    place: usize,
) -> Result<PathBuf, PipelineError> {
    output.write(&mixed_statistics(place), statistics.to_yaml().as_bytes())
}
