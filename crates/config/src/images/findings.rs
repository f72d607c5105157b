//! What a check of a plan against its images found.

use crate::text::{Problem, Warning};

/// What a check of a plan against its images found.
///
/// ```
/// assert!(patchweave_config::Findings::default().problems.is_empty());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// What does not fit; any of them means that there is no plan.
    pub problems: Vec<Problem>,
    /// What is accepted and has to be told; these become warnings of the plan.
    pub warnings: Vec<Warning>,
}
