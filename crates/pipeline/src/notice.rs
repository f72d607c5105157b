//! What a step found out about a run beside its result: told as warnings, or why pixels leave nothing to do.

use patchweave_config::{RunPlan, Warning};

use crate::PipelineError;

/// Something that is accepted and has to be told, found out while pixels were read.
///
/// ```
/// use std::path::Path;
///
/// let text = "
/// output: out
/// data_config:
///   {mode: predicting, data_type: tiff, axes: YX, patching: {name: whole}, normalization: {name: none}}
/// predict: {input: a.tiff, models: [identity]}
/// ";
/// let plan = patchweave_config::parse(text, Path::new("a.yaml"), &|_| None)?;
/// let notice = patchweave_pipeline::Notice::new("output", "nothing is written");
/// assert!(notice.at(&plan).to_string().starts_with("a.yaml:2:9: output: nothing is written"));
/// # Ok::<(), patchweave_config::ConfigErrors>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The key that it is about.
    pub key: String,
    /// What is to be known.
    pub message: String,
}

impl Notice {
    /// A notice about a key.
    pub fn new(key: impl Into<String>, message: impl Into<String>) -> Self {
        Notice { key: key.into(), message: message.into() }
    }

    /// The same as a warning at the line of its key.
    #[must_use]
    pub fn at(&self, plan: &RunPlan) -> Warning {
        plan.warning_at(&self.key, &self.message)
    }
}

impl PipelineError {
    /// The same error; where a key of the configuration is to blame, at its line of the plan that it comes from.
    ///
    /// ```
    /// use std::path::Path;
    ///
    /// use patchweave_pipeline::PipelineError;
    ///
    /// let text = "
    /// output: out
    /// data_config:
    ///   {mode: predicting, data_type: tiff, axes: YX, patching: {name: whole}, normalization: {name: none}}
    /// predict: {input: a.tiff, models: [identity]}
    /// ";
    /// let plan = patchweave_config::parse(text, Path::new("a.yaml"), &|_| None)?;
    /// let (key, found, expected) = ("output".into(), "no room".into(), "another folder".into());
    /// let error = PipelineError::Unusable { key, found, expected };
    /// assert_eq!(error.to_string(), "output: no room, expected another folder");
    /// assert!(error.at(&plan).to_string().starts_with("a.yaml:2:9: output: no room, expected another folder"));
    /// # Ok::<(), patchweave_config::ConfigErrors>(())
    /// ```
    #[must_use]
    pub fn at(self, plan: &RunPlan) -> PipelineError {
        match self {
            PipelineError::Unusable { key, found, expected } => {
                plan.errors(vec![plan.problem_at(&key, found, expected)]).into()
            }
            other => other,
        }
    }
}
