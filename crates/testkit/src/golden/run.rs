//! Running cases and telling how it went.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use patchweave_stack::with_causes;

use crate::golden::{CaseFiles, GoldenCase, GoldenCheck, OperationError, Outcomes, Request, Verdict};

/// Answers one check.
pub type Operation = fn(&Request<'_>) -> Result<Outcomes, OperationError>;

/// Checks of one operation.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// How many agreed.
    pub n_passed: usize,
    /// Those that did not.
    pub failures: Vec<Failure>,
}

/// A check that did not agree.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The case.
    pub id: String,
    /// The check's place in the case.
    pub check: usize,
    /// What was wrong.
    pub reason: String,
}

/// All operations that were run.
///
/// Shown as one line per operation, each followed by its failures, and a last line `N passed, N failed`.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// By name of the operation.
    pub operations: BTreeMap<String, Tally>,
}

impl Report {
    /// Checks that agreed.
    pub fn n_passed(&self) -> usize {
        self.operations.values().map(|tally| tally.n_passed).sum()
    }

    /// Checks that did not.
    pub fn n_failed(&self) -> usize {
        self.operations.values().map(|tally| tally.failures.len()).sum()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (op, tally) in &self.operations {
            writeln!(f, "{op}: {} passed, {} failed", tally.n_passed, tally.failures.len())?;
            for Failure { id, check, reason } in &tally.failures {
                writeln!(f, "  {id} check {check}: {reason}")?;
            }
        }
        writeln!(f, "{} passed, {} failed", self.n_passed(), self.n_failed())
    }
}

/// Runs every check of every case; an operation that `lookup` does not know fails all its checks.
pub fn run(cases: &[CaseFiles], lookup: impl Fn(&str) -> Option<Operation>) -> Report {
    let mut report = Report::default();
    for files in cases {
        match GoldenCase::read(files) {
            Ok(case) => {
                let tally = report.operations.entry(case.op.clone()).or_default();
                for (number, check) in case.checks.iter().enumerate() {
                    match run_check(&case, check, lookup(&case.op)) {
                        Ok(()) => tally.n_passed += 1,
                        Err(reason) => {
                            tally.failures.push(Failure { id: case.id.clone(), check: number, reason });
                        }
                    }
                }
            }
            Err(error) => {
                let tally = report.operations.entry("unreadable cases".to_owned()).or_default();
                tally.failures.push(Failure { id: files.to_string(), check: 0, reason: with_causes(&error) });
            }
        }
    }
    report
}

fn run_check(case: &GoldenCase, check: &GoldenCheck, operation: Option<Operation>) -> Result<(), String> {
    let operation = operation.ok_or_else(|| OperationError::NotSupported.to_string())?;
    let request = Request::new(case, check);
    let answer = catch_unwind(AssertUnwindSafe(|| operation(&request)));
    let answer = answer.map_err(|payload| format!("panicked: {}", message(payload.as_ref())))?;
    match (&check.verdict, answer) {
        (Verdict::Refusal { contains, .. }, Err(OperationError::Refused(error))) => {
            let message = with_causes(error.as_ref());
            match contains.as_ref().filter(|word| !message.contains(word.as_str())) {
                None => Ok(()),
                Some(word) => Err(format!("refused with {message:?}, expected a message with {word:?}")),
            }
        }
        (Verdict::Refusal { kind, .. }, Ok(_)) => Err(format!("got results, expected a refusal ({kind})")),
        (Verdict::Results(wanted), Ok(outcomes)) => {
            wanted.iter().try_for_each(|(name, wanted)| wanted.check(case.files(), name, outcomes.get(name)))
        }
        (_, Err(error)) => Err(with_causes(&error)),
    }
}

fn message(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a message")
}
