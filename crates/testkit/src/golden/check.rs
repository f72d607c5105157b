//! One call of an operation and what it must lead to.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::golden::Wanted;

/// One call of the operation.
#[derive(Debug, Clone)]
pub struct GoldenCheck {
    /// Parameters of the case, extended by those of the check.
    pub params: Map<String, Value>,
    /// Arrays of the case, extended by those of the check.
    pub inputs: Map<String, Value>,
    /// What must come out.
    pub verdict: Verdict,
}

/// What a call must lead to.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// These results.
    Results(BTreeMap<String, Wanted>),
    /// A refusal.
    Refusal {
        /// The kind of error in the program that made the case.
        kind: String,
        /// What the message has to say, in the error itself or in one of its causes.
        contains: Option<String>,
    },
}
