//! The plan of a run: everything that a configuration says, checked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::durability::Durability;
use super::predict::PredictPlan;
use super::reading::ReadingPlan;
use super::simulate::SimulatePlan;
use crate::plan::{DataPlan, TrainPlan};
use crate::text::{Complaint, ConfigErrors, Origin, Problem, Warning};

/// A checked configuration.
///
/// Every value is in its range and fits the others. What depends on the images is checked by
/// [`check_images`](crate::check_images). The plan remembers where its keys stand in the file, so that problems found later
/// name their line as well.
///
/// ```
/// use std::path::Path;
///
/// let text = "
/// output: ../out
/// data_config:
///   {mode: predicting, data_type: tiff, axes: YX, patching: {name: whole}, normalization: {name: none}}
/// predict:
///   input: a.tiff
///   models: [identity]
/// ";
/// let plan = patchweave_config::parse(text, Path::new("configs/a.yaml"), &|_| None)?;
/// assert_eq!(plan.output, Path::new("configs/../out"));
///
/// let problem = plan.problem_at("predict.input", "the file is damaged", "a readable TIFF file");
/// let expected = "\
/// configs/a.yaml:6:10: predict.input: the file is damaged, expected a readable TIFF file
///   |
/// 6 |   input: a.tiff
///   |          ^^^^^^
///
/// 1 problem in configs/a.yaml";
/// assert_eq!(plan.errors(vec![problem]).to_string(), expected);
/// # Ok::<(), patchweave_config::ConfigErrors>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct RunPlan {
    /// The folder for all results.
    pub output: PathBuf,
    /// Whether results that exist are replaced.
    pub overwrite: bool,
    /// What is flushed to disk before a result gets its final name.
    pub durability: Durability,
    /// Images to simulate first; `None` for none.
    pub simulate: Option<SimulatePlan>,
    /// How images are read.
    pub reading: ReadingPlan,
    /// What the images are.
    pub data: DataPlan,
    /// The training; a plan has this, `predict` or both.
    pub train: Option<TrainPlan>,
    /// The prediction.
    pub predict: Option<PredictPlan>,
    /// Settings that have no effect, or probably not the intended one, in the order of their lines.
    pub warnings: Vec<Warning>,
    pub(crate) origin: Origin,
}

impl RunPlan {
    /// A problem with a key, at the line of the key or of its nearest parent in the file.
    ///
    /// `found` says what is there, `expected` what would be accepted.
    pub fn problem_at(
        &self,
        key_path: &str,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> Problem {
        self.origin.problem(self.origin.nearest(key_path), key_path, Complaint::new(found, expected))
    }

    /// A warning about a key, at the line of the key or of its nearest parent in the file.
    pub fn warning_at(&self, key_path: &str, message: impl Into<String>) -> Warning {
        self.origin.warning(self.origin.nearest(key_path), key_path, message.into())
    }

    /// Problems of this file as an error, sorted and printed as [`parse`](crate::parse) reports them.
    pub fn errors(&self, problems: Vec<Problem>) -> ConfigErrors {
        ConfigErrors::new(self.origin.file().to_owned(), problems)
    }

    /// Every value of the file that holds no others, by the path of its key, as in `predict.models[0]`: what the file says,
    /// not what a default adds.
    ///
    /// ```
    /// let text = "
    /// output: out
    /// data_config:
    ///   {mode: predicting, data_type: tiff, axes: YX, patching: {name: whole}, normalization: {name: none}}
    /// predict: {input: a.tiff, models: [identity]}
    /// ";
    /// let plan = patchweave_config::parse(text, "a.yaml".as_ref(), &|_| None)?;
    /// assert_eq!(plan.values()["predict.models[0]"], "identity");
    /// # Ok::<(), patchweave_config::ConfigErrors>(())
    /// ```
    pub fn values(&self) -> &BTreeMap<String, String> {
        self.origin.values()
    }

    /// The path of the configuration file.
    pub fn file(&self) -> &Path {
        self.origin.file()
    }

    /// Whether the file contains a key.
    pub fn has_key(&self, key_path: &str) -> bool {
        self.origin.has(key_path)
    }
}
