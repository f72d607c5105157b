//! What a check of a plan against its images found.

use crate::text::{Problem, Warning};

/// What a check of a plan against its images found.
///
/// ```
/// assert!(patchweave_config::Findings::default().problems.is_empty());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// What does not fit. A file with problems gives no plan.
    pub problems: Vec<Problem>,
    /// What is accepted but probably not intended; added to the warnings of the plan.
    pub warnings: Vec<Warning>,
}
