//! The plan of a run: everything that a configuration says, checked.

use std::path::{Path, PathBuf};

use super::durability::Durability;
use super::predict::PredictPlan;
use super::reading::ReadingPlan;
use super::simulate::SimulatePlan;
use crate::plan::{DataPlan, TrainPlan};
use crate::text::{Complaint, ConfigErrors, Origin, Problem, Warning};

/// A checked configuration.
///
/// Every value is in its range and fits the others; what depends on the images themselves is left to
/// [`check_images`](crate::check_images). The plan remembers where its keys stand in the file, so that
/// problems found later are printed like those found at once.
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
    /// The folder for everything that is written.
    pub output: PathBuf,
    /// What of it is on the disk once it has its name.
    pub durability: Durability,
    /// Images to make first, if asked for.
    pub simulate: Option<SimulatePlan>,
    /// How images are read.
    pub reading: ReadingPlan,
    /// What the images are.
    pub data: DataPlan,
    /// The training, if asked for; there is this, `predict` or both.
    pub train: Option<TrainPlan>,
    /// The prediction, if asked for.
    pub predict: Option<PredictPlan>,
    /// What the file says without effect, in the order of its lines.
    pub warnings: Vec<Warning>,
    pub(crate) origin: Origin,
}

impl RunPlan {
    /// A problem of a key, at its place in the file or at the nearest parent that the file has.
    ///
    /// `found` says what is there, `expected` what would be accepted.
    pub fn problem_at(
        &self,
        key_path: &str,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> Problem {
        let complaint = Complaint { found: found.into(), expected: expected.into(), suggestion: None };
        self.origin.problem(self.origin.nearest(key_path), key_path, complaint)
    }

    /// A warning about a key, at its place in the file or at the nearest parent that the file has.
    pub fn warning_at(&self, key_path: &str, message: impl Into<String>) -> Warning {
        self.origin.warning(self.origin.nearest(key_path), key_path, message.into())
    }

    /// Problems of this file, in the form that [`parse`] reports them.
    pub fn errors(&self, problems: Vec<Problem>) -> ConfigErrors {
        ConfigErrors::new(self.origin.file().to_owned(), problems)
    }

    /// The configuration file itself.
    pub fn file(&self) -> &Path {
        self.origin.file()
    }

    /// Whether the file itself has a key.
    pub fn has_key(&self, key_path: &str) -> bool {
        self.origin.has(key_path)
    }
}
