//! Cases of the second form: one call, or a table with one call per row, and a comparison for every result.

use std::collections::BTreeMap;

use patchweave_pixel::PixelType;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::golden::{CaseError, GoldenCheck, Tolerance, Verdict, Wanted};

/// The version of the form.
const FORMAT: u64 = 1;

/// Columns of a table that hold results; all others are arguments.
const RESULT_COLUMNS: [&str; 3] = ["times", "result", "dx_dy"];

/// What `case.json` says about calls and results.
#[derive(Deserialize)]
pub(crate) struct SingleCase {
    format: u64,
    pub id: String,
    pub op: String,
    #[serde(default)]
    params: Map<String, Value>,
    #[serde(default)]
    inputs: Map<String, Value>,
    #[serde(default)]
    expect: BTreeMap<String, RawWanted>,
    error: Option<RawError>,
}

#[derive(Clone, Deserialize)]
struct RawWanted {
    value: Option<Value>,
    file: Option<String>,
    dtype: Option<String>,
    result_dtype: Option<String>,
    compare: Comparison,
    #[serde(default)]
    rtol: f64,
    #[serde(default)]
    atol: f64,
    #[serde(default)]
    accepted_shapes: Vec<Vec<usize>>,
}

#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Comparison {
    Exact,
    Close,
}

#[derive(Deserialize)]
struct RawError {
    kind: String,
    contains: Option<String>,
}

impl SingleCase {
    /// The calls; a table has one per row.
    pub fn checks(&self) -> Result<Vec<GoldenCheck>, CaseError> {
        if self.format != FORMAT {
            return Err(self.entry("format", self.format.to_string(), "1"));
        }
        let results = self.results()?;
        let Some(rows) = self.params.get("rows") else {
            if results.is_empty() && self.error.is_none() {
                return Err(self.entry("expect", "nothing".to_owned(), "results or an error"));
            }
            let verdict = match &self.error {
                Some(RawError { kind, contains }) => {
                    Verdict::Refusal { kind: kind.clone(), contains: contains.clone() }
                }
                None => Verdict::Results(results),
            };
            return Ok(vec![GoldenCheck {
                params: self.params.clone(),
                inputs: self.inputs.clone(),
                verdict,
            }]);
        };
        let rows = rows.as_array().ok_or_else(|| self.entry("rows", rows.to_string(), "a list"))?;
        rows.iter().enumerate().map(|(number, row)| self.row(number, row, &results)).collect()
    }

    /// One row: its fields, or the row itself as `row`, extend the parameters.
    fn row(&self, number: usize, row: &Value, results: &Results) -> Result<GoldenCheck, CaseError> {
        let mut params = self.params.clone();
        params.remove("rows");
        params.insert("row_index".to_owned(), number.into());
        let mut wanted = Results::new();
        let mut verdict = None;
        match row {
            Value::Object(fields) => {
                for (name, value) in fields {
                    if RESULT_COLUMNS.contains(&name.as_str()) {
                        wanted.insert(name.clone(), Wanted { value: value.clone(), ..Wanted::default() });
                    } else if name == "error" {
                        let kind = value.as_str().unwrap_or_default().to_owned();
                        verdict = Some(Verdict::Refusal { kind, contains: None });
                    } else {
                        params.insert(name.clone(), value.clone());
                    }
                }
            }
            Value::Array(cells) => {
                let (result, arguments) = cells
                    .split_last()
                    .ok_or_else(|| self.entry("rows", row.to_string(), "rows with a result"))?;
                params.insert("row".to_owned(), arguments.into());
                wanted.insert("result".to_owned(), Wanted { value: result.clone(), ..Wanted::default() });
            }
            _ => return Err(self.entry("rows", row.to_string(), "objects or lists")),
        }
        // What stands beside the table belongs to every row, or to the one whose number is in its name.
        for (name, one) in results {
            match name.strip_prefix("item_") {
                Some(of) if of == number.to_string() => drop(wanted.insert("item".to_owned(), one.clone())),
                Some(_) => {}
                None => drop(wanted.insert(name.clone(), one.clone())),
            }
        }
        let verdict = verdict.unwrap_or(Verdict::Results(wanted));
        Ok(GoldenCheck { params, inputs: self.inputs.clone(), verdict })
    }

    fn results(&self) -> Result<Results, CaseError> {
        let result = |(name, raw): (&String, &RawWanted)| {
            let type_name = raw.result_dtype.as_ref().or(raw.dtype.as_ref());
            let pixel_type = type_name.map(|found| {
                let bad = || self.entry(name, found.clone(), "a pixel type");
                PixelType::from_name(found).ok_or_else(bad)
            });
            let value = match (&raw.value, &raw.file) {
                (Some(value), None) => value.clone(),
                (None, Some(file)) => serde_json::json!({ "npy": file }),
                _ => return Err(self.entry(name, "neither or both".to_owned(), "a value or a file")),
            };
            let tolerance = match raw.compare {
                Comparison::Exact => Tolerance::default(),
                Comparison::Close => Tolerance { rtol: raw.rtol, atol: raw.atol },
            };
            let wanted = Wanted {
                value,
                tolerance,
                other_shapes: raw.accepted_shapes.clone(),
                pixel_type: pixel_type.transpose()?,
            };
            Ok((name.clone(), wanted))
        };
        self.expect.iter().map(result).collect()
    }

    fn entry(&self, name: &str, got: String, expected: &'static str) -> CaseError {
        CaseError::Entry { name: format!("{} {name}", self.id), got, expected }
    }
}

type Results = BTreeMap<String, Wanted>;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn checks(case: Value) -> Vec<GoldenCheck> {
        SingleCase::deserialize(case).unwrap().checks().unwrap()
    }

    #[test]
    fn rows_become_calls() {
        let case = json!({
            "format": 1, "id": "t", "op": "o",
            "params": { "size": 5, "rows": [{ "at": 1, "result": 2 }, { "at": 9, "error": "value" }, [3, 4, 7]] },
            "expect": {
                "shape": { "value": [2], "compare": "exact" },
                "item_2": { "value": 8, "compare": "close", "rtol": 0.5 },
            },
        });
        let checks = checks(case);
        assert_eq!(checks[0].params["size"], 5);
        assert_eq!(checks[0].params["at"], 1);
        let results = |check: &GoldenCheck| match &check.verdict {
            Verdict::Results(results) => results.iter().map(|(k, v)| (k.clone(), v.value.clone())).collect(),
            Verdict::Refusal { kind, .. } => vec![("refused".to_owned(), json!(kind))],
        };
        let pair = |name: &str, value: Value| (name.to_owned(), value);
        assert_eq!(results(&checks[0]), [pair("result", json!(2)), pair("shape", json!([2]))]);
        assert_eq!(results(&checks[1]), [pair("refused", json!("value"))]);
        assert_eq!(checks[2].params["row"], json!([3, 4]));
        let last = [pair("item", json!(8)), pair("result", json!(7)), pair("shape", json!([2]))];
        assert_eq!(results(&checks[2]), last);
    }

    #[test]
    fn errors_may_have_to_say_a_word() {
        let case =
            json!({ "format": 1, "id": "t", "op": "o", "error": { "kind": "value", "contains": "4D" } });
        let refusal = Verdict::Refusal { kind: "value".to_owned(), contains: Some("4D".to_owned()) };
        assert_eq!(checks(case)[0].verdict, refusal);
    }
}
