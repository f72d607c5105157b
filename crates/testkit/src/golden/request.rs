//! The parameters and arrays of one call, read by name.
//!
//! Entries that are missing or of the wrong kind are faults of the case; numbers that the library's types
//! cannot express, such as negative indices, count as refusals.

use std::path::PathBuf;

use patchweave_geometry::{Axes, Coords, Extent, ImageShape};
use serde_json::Value;

use crate::golden::{CaseError, GoldenCase, GoldenCheck, NumericArray, OperationError, Verdict};

/// What an operation is asked.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    case: &'a GoldenCase,
    check: &'a GoldenCheck,
}

impl<'a> Request<'a> {
    /// One check of a case.
    pub fn new(case: &'a GoldenCase, check: &'a GoldenCheck) -> Self {
        Request { case, check }
    }

    /// The name of the case, for operations whose cases differ in what they are about.
    pub fn case_id(&self) -> &'a str {
        &self.case.id
    }

    /// A parameter; `None` if it is absent or null.
    pub fn value(&self, name: &str) -> Option<&'a Value> {
        self.check.params.get(name).filter(|value| !value.is_null())
    }

    /// A parameter that must be there.
    ///
    /// # Errors
    /// [`CaseError::Entry`].
    pub fn required(&self, name: &str) -> Result<&'a Value, CaseError> {
        self.value(name).ok_or_else(|| entry(name, &Value::Null, "a value"))
    }

    /// A truth value; `default` if it is absent.
    ///
    /// # Errors
    /// [`CaseError::Entry`] if it is none.
    pub fn flag(&self, name: &str, default: bool) -> Result<bool, CaseError> {
        let read = |value: &Value| value.as_bool().ok_or_else(|| entry(name, value, "true or false"));
        self.value(name).map_or(Ok(default), read)
    }

    /// A string, if it is there.
    ///
    /// # Errors
    /// [`CaseError::Entry`] if it is none.
    pub fn text(&self, name: &str) -> Result<Option<&'a str>, CaseError> {
        self.value(name).map(|value| value.as_str().ok_or_else(|| entry(name, value, "a string"))).transpose()
    }

    /// Axes, if they are there.
    ///
    /// # Errors
    /// A refusal if the letters are not usable.
    pub fn axes(&self, name: &str) -> Result<Option<Axes>, OperationError> {
        Ok(self.text(name)?.map(str::parse).transpose()?)
    }

    /// Axes that must be there.
    ///
    /// # Errors
    /// As [`axes`](Self::axes).
    pub fn required_axes(&self, name: &str) -> Result<Axes, OperationError> {
        self.required(name)?;
        self.axes(name)?.ok_or_else(|| entry(name, &Value::Null, "axes").into())
    }

    /// A whole number.
    ///
    /// # Errors
    /// [`CaseError::Entry`] if it is absent or none.
    pub fn integer(&self, name: &str) -> Result<i64, CaseError> {
        integer(name, self.required(name)?)
    }

    /// A list of whole numbers.
    ///
    /// # Errors
    /// [`CaseError::Entry`] if it is absent or none.
    pub fn integers(&self, name: &str) -> Result<Vec<i64>, CaseError> {
        integers(name, self.required(name)?)
    }

    /// An index or count.
    ///
    /// # Errors
    /// A refusal if it is negative.
    pub fn natural(&self, name: &str) -> Result<usize, OperationError> {
        natural(name, self.integer(name)?)
    }

    /// A list of indices or sizes, if it is there.
    ///
    /// # Errors
    /// A refusal if one is negative.
    pub fn optional_naturals(&self, name: &str) -> Result<Option<Vec<usize>>, OperationError> {
        self.value(name).map(|value| naturals(name, value)).transpose()
    }

    /// A list of indices or sizes.
    ///
    /// # Errors
    /// A refusal if one is negative.
    pub fn naturals(&self, name: &str) -> Result<Vec<usize>, OperationError> {
        naturals(name, self.required(name)?)
    }

    /// A list of lists of sizes.
    ///
    /// # Errors
    /// A refusal if one is negative.
    pub fn natural_lists(&self, name: &str) -> Result<Vec<Vec<usize>>, OperationError> {
        let value = self.required(name)?;
        let lists = value.as_array().ok_or_else(|| entry(name, value, "a list of lists"))?;
        lists.iter().map(|list| naturals(name, list)).collect()
    }

    /// Canonical shapes.
    ///
    /// # Errors
    /// A refusal if one is no shape.
    pub fn image_shapes(&self, name: &str) -> Result<Vec<ImageShape>, OperationError> {
        let lists = self.natural_lists(name)?;
        lists.iter().map(|shape| Ok(ImageShape::from_slice(shape)?)).collect()
    }

    /// A size along the spatial axes.
    ///
    /// # Errors
    /// A refusal if it is none.
    pub fn extent(&self, name: &str) -> Result<Extent, OperationError> {
        Ok(Extent::new(&self.naturals(name)?)?)
    }

    /// A position along the spatial axes.
    ///
    /// # Errors
    /// A refusal if it is none.
    pub fn coords(&self, name: &str) -> Result<Coords, OperationError> {
        Ok(Coords::new(&self.integers(name)?)?)
    }

    /// The bytes of a file of the case.
    ///
    /// # Errors
    /// [`CaseError`] if it cannot be read.
    pub fn file(&self, name: &str) -> Result<Vec<u8>, CaseError> {
        self.case.file(name)
    }

    /// An input array, if the case has it.
    ///
    /// # Errors
    /// [`CaseError`] if it cannot be read.
    pub fn input(&self, name: &str) -> Result<Option<NumericArray>, CaseError> {
        match self.check.inputs.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(reference) => {
                let array = self.case.array(reference)?;
                array.map_or_else(|| Err(entry(name, reference, "a reference to an array")), |a| Ok(Some(a)))
            }
        }
    }

    /// The path of the file or folder of the case that a parameter names.
    ///
    /// # Errors
    /// [`CaseError::Entry`] if it is absent or no string.
    pub fn path(&self, name: &str) -> Result<PathBuf, CaseError> {
        self.required(name)?;
        let file = self.text(name)?.ok_or_else(|| entry(name, &Value::Null, "a string"))?;
        Ok(self.case.path(file))
    }

    /// An input array that must be there.
    ///
    /// # Errors
    /// [`CaseError`] if it is absent or cannot be read.
    pub fn required_input(&self, name: &str) -> Result<NumericArray, CaseError> {
        self.input(name)?.ok_or_else(|| entry(name, &Value::Null, "an input array"))
    }

    /// What must come out under that name, for results whose form the case decides.
    pub fn expected(&self, name: &str) -> Option<&'a Value> {
        match &self.check.verdict {
            Verdict::Results(results) => results.get(name).map(|wanted| &wanted.value),
            Verdict::Refusal { .. } => None,
        }
    }
}

fn entry(name: &str, got: &Value, expected: &'static str) -> CaseError {
    CaseError::Entry { name: name.to_owned(), got: got.to_string(), expected }
}

fn integer(name: &str, value: &Value) -> Result<i64, CaseError> {
    value.as_i64().ok_or_else(|| entry(name, value, "a whole number"))
}

fn integers(name: &str, value: &Value) -> Result<Vec<i64>, CaseError> {
    let list = value.as_array().ok_or_else(|| entry(name, value, "a list of whole numbers"))?;
    list.iter().map(|value| integer(name, value)).collect()
}

fn natural(name: &str, value: i64) -> Result<usize, OperationError> {
    usize::try_from(value)
        .map_err(|_| OperationError::refused(format!("{name} is {value}, expected at least 0")))
}

fn naturals(name: &str, value: &Value) -> Result<Vec<usize>, OperationError> {
    integers(name, value)?.into_iter().map(|value| natural(name, value)).collect()
}
