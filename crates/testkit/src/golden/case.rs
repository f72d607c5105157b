//! A case as it is written down.

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::golden::{CaseError, CaseFiles, NumericArray, Tolerance};

/// One case: an operation and what it must give.
#[derive(Debug, Clone)]
pub struct GoldenCase {
    /// Operation and name.
    pub id: String,
    /// The operation.
    pub op: String,
    /// How far floats may differ.
    pub tolerance: Tolerance,
    /// What is called and what must come out.
    pub checks: Vec<GoldenCheck>,
    files: CaseFiles,
}

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
#[derive(Debug, Clone)]
pub enum Verdict {
    /// These results.
    Results(Map<String, Value>),
    /// A refusal; the word is the kind of error in the program that made the case.
    Refusal(String),
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
        let raw: RawCase = serde_json::from_slice(&files.case()?)
            .map_err(|source| CaseError::Json { place: files.place("case.json"), source })?;
        let RawCase { id, op, tol: tolerance, inputs, params, checks } = raw;
        let checks = checks
            .into_iter()
            .enumerate()
            .map(|(number, check)| {
                let verdict = check.verdict(&id, number)?;
                Ok(GoldenCheck {
                    params: extended(&params, check.params),
                    inputs: extended(&inputs, check.inputs),
                    verdict,
                })
            })
            .collect::<Result<_, CaseError>>()?;
        Ok(GoldenCase { id, op, tolerance, checks, files: files.clone() })
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
        if let Some(file) = reference.get("npy").and_then(Value::as_str) {
            let bytes = self.files.read(file)?;
            return NumericArray::from_npy(&self.files.place(file), &bytes).map(Some);
        }
        let Some(shape) = reference.get("arange") else { return Ok(None) };
        let entry =
            |name: &str, got: String, expected| CaseError::Entry { name: name.to_owned(), got, expected };
        let shape: Vec<usize> =
            Vec::deserialize(shape).map_err(|_| entry("arange", shape.to_string(), "a shape"))?;
        let name = reference.get("dtype").and_then(Value::as_str).unwrap_or("int64");
        let pixel_type = patchweave_pixel::PixelType::from_name(name)
            .ok_or_else(|| entry("dtype", name.to_owned(), "a pixel type"))?;
        NumericArray::arange(&shape, pixel_type).map(Some)
    }
}

impl RawCheck {
    fn verdict(&self, id: &str, number: usize) -> Result<Verdict, CaseError> {
        match (&self.expect, &self.error) {
            (Some(results), None) => Ok(Verdict::Results(results.clone())),
            (None, Some(kind)) => Ok(Verdict::Refusal(kind.clone())),
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
