//! Files and formats of what a run writes.

use std::path::{Path, PathBuf};

use patchweave_config::RunPlan;
use patchweave_sink::{Durability, write_file_atomically};

use crate::bad_tiles::REPORT;
use crate::{Output, PipelineError, Statistics};

/// What a configuration asks to be on the disk, as those take it who write.
///
/// ```
/// use patchweave_pipeline::durability_of;
/// use patchweave_sink::Durability;
///
/// assert_eq!(durability_of(patchweave_config::Durability::default()), Durability::default());
/// ```
#[must_use]
pub fn durability_of(durability: patchweave_config::Durability) -> Durability {
    match durability {
        patchweave_config::Durability::None => Durability::None,
        patchweave_config::Durability::Files => Durability::Files,
        patchweave_config::Durability::Full => Durability::Full,
    }
}

/// The ending of pictures.
const PICTURE: &str = "png";
/// The ending of pictures beside results that are pictures themselves.
const OTHER_PICTURE: &str = "picture.png";
/// The file of the statistics of a normalisation.
const STATISTICS: &str = "normalization.yaml";
/// The picture of the first training patches.
pub(crate) const MONTAGE: &str = "training_patches.png";

/// Where a result of an image is written.
pub(crate) fn result_path(folder: &Path, name: &str, label: &str, extension: &str) -> PathBuf {
    folder.join(format!("{name}_{label}.{extension}"))
}

/// Where the picture of which tiles of an image were predicted is written.
pub(crate) fn coverage_path(folder: &Path, name: &str) -> PathBuf {
    result_path(folder, name, "coverage", PICTURE)
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
    let mixed = (0..n_mixed).map(|place| mixed_statistics_path(&plan.output, place));
    [STATISTICS, MONTAGE, REPORT].map(|name| plan.output.join(name)).into_iter().chain(mixed).collect()
}

/// A file that a prediction will write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PlannedResult {
    /// Where it is written.
    pub path: PathBuf,
    /// The image that it belongs to.
    pub data_idx: usize,
}

/// Every result that a plan writes for images of these names and results of these labels, image by image.
pub(crate) fn planned_results(
    plan: &RunPlan,
    outputs: &[Output],
    names: &[String],
    labels: &[String],
) -> Vec<PlannedResult> {
    let endings: Vec<&str> = outputs.iter().map(Output::ending).chain(picture_ending(outputs)).collect();
    let mut planned = Vec::with_capacity(names.len() * labels.len() * endings.len());
    let has_coverage = plan.predict.as_ref().is_some_and(|predict| predict.skip.is_some());
    for (data_idx, name) in names.iter().enumerate() {
        let coverage = has_coverage.then(|| coverage_path(&plan.output, name));
        planned.extend(coverage.map(|path| PlannedResult { path, data_idx }));
        for label in labels {
            let path = |ending: &&str| result_path(&plan.output, name, label, ending);
            planned.extend(endings.iter().map(|ending| PlannedResult { path: path(ending), data_idx }));
        }
    }
    planned
}

/// Writes the statistics of a normalisation as a block that fits into a configuration.
///
/// # Errors
/// [`PipelineError::Sink`] if the file cannot be written.
pub fn write_statistics(
    folder: &Path,
    statistics: &Statistics,
    durability: Durability,
) -> Result<PathBuf, PipelineError> {
    let path = folder.join(STATISTICS);
    write_file_atomically(&path, statistics.to_yaml().as_bytes(), durability)?;
    Ok(path)
}

/// The file of the statistics of a data set that is mixed in, counted behind that of the configuration itself.
fn mixed_statistics_path(folder: &Path, place: usize) -> PathBuf {
    folder.join(format!("normalization_{}.yaml", place.saturating_add(2)))
}

/// Writes the statistics of the `place`-th configuration that is mixed in, as [`write_statistics`] does.
///
/// # Errors
/// [`PipelineError::Sink`] if the file cannot be written.
pub fn write_mixed_statistics(
    folder: &Path,
    statistics: &Statistics,
    place: usize,
    durability: Durability,
) -> Result<PathBuf, PipelineError> {
    let path = mixed_statistics_path(folder, place);
    write_file_atomically(&path, statistics.to_yaml().as_bytes(), durability)?;
    Ok(path)
}
