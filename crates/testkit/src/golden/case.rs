//! A case as it is written down.

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::golden::single::SingleCase;
use crate::golden::{CaseError, CaseFiles, GoldenCheck, NumericArray, Tolerance, Verdict, Wanted};

/// One case: an operation and what it must give.
#[derive(Debug, Clone)]
pub struct GoldenCase {
    /// Operation and name.
    pub id: String,
    /// The operation.
    pub op: String,
    /// What is called and what must come out.
    pub checks: Vec<GoldenCheck>,
    files: CaseFiles,
}

#[derive(Deserialize)]
struct RawCase {
    id: String,
    op: String,
    #[serde(default)]
    tol: Tolerance,
    #[serde(default)]
    inputs: Map<String, Value>,
    #[serde(default)]
    params: Map<String, Value>,
    checks: Vec<RawCheck>,
}

#[derive(Deserialize)]
struct RawCheck {
    #[serde(default)]
    params: Map<String, Value>,
    #[serde(default)]
    inputs: Map<String, Value>,
    expect: Option<Map<String, Value>>,
    error: Option<String>,
}

impl GoldenCase {
    /// Reads `case.json`; arrays are read when they are needed.
    ///
    /// # Errors
    /// [`CaseError`] if it cannot be read, or a check has neither or both of `expect` and `error`.
    pub fn read(files: &CaseFiles) -> Result<Self, CaseError> {
        let bad = |source| CaseError::Json { place: files.place("case.json"), source };
        let value: Value = serde_json::from_slice(&files.case()?).map_err(bad)?;
        if value.get("checks").is_none() {
            let case = SingleCase::deserialize(value).map_err(bad)?;
            let checks = case.checks()?;
            return Ok(GoldenCase { id: case.id, op: case.op, checks, files: files.clone() });
        }
        let RawCase { id, op, tol: tolerance, inputs, params, checks } =
            RawCase::deserialize(value).map_err(bad)?;
        let checks = checks
            .into_iter()
            .enumerate()
            .map(|(number, check)| {
                let verdict = check.verdict(&id, number, tolerance)?;
                Ok(GoldenCheck {
                    params: extended(&params, check.params),
                    inputs: extended(&inputs, check.inputs),
                    verdict,
                })
            })
            .collect::<Result<_, CaseError>>()?;
        Ok(GoldenCase { id, op, checks, files: files.clone() })
    }

    /// Where its files are.
    pub(crate) fn files(&self) -> &CaseFiles {
        &self.files
    }

    /// The path of a file or folder of the case.
    pub fn path(&self, name: &str) -> PathBuf {
        self.files.path(name)
    }

    /// The bytes of one of its files.
    ///
    /// # Errors
    /// [`CaseError`] if it cannot be read.
    pub fn file(&self, name: &str) -> Result<Vec<u8>, CaseError> {
        self.files.read(name)
    }

    /// The array that a reference names; `None` if the value is no reference to an array.
    ///
    /// # Errors
    /// [`CaseError`] if the array cannot be read.
    pub fn array(&self, reference: &Value) -> Result<Option<NumericArray>, CaseError> {
        self.files.array(reference)
    }
}

impl RawCheck {
    fn verdict(&self, id: &str, number: usize, tolerance: Tolerance) -> Result<Verdict, CaseError> {
        match (&self.expect, &self.error) {
            (Some(results), None) => {
                let wanted = |(name, value): (&String, &Value)| {
                    (name.clone(), Wanted { value: value.clone(), tolerance, ..Wanted::default() })
                };
                Ok(Verdict::Results(results.iter().map(wanted).collect()))
            }
            (None, Some(kind)) => Ok(Verdict::Refusal { kind: kind.clone(), contains: None }),
            (expect, _) => Err(CaseError::Entry {
                name: format!("{id} check {number}"),
                got: if expect.is_some() { "both" } else { "neither" }.to_owned(),
                expected: "either expect or error",
            }),
        }
    }
}

fn extended(common: &Map<String, Value>, own: Map<String, Value>) -> Map<String, Value> {
    common.clone().into_iter().chain(own).collect()
}
