//! One result as a case wants it.

use ndarray::IxDyn;
use patchweave_pixel::PixelType;
use serde_json::Value;

use crate::golden::numeric::with_numeric;
use crate::golden::{CaseFiles, Difference, NumericArray, Outcome, Tolerance, compare};

/// One result as a case wants it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Wanted {
    /// The value, or a reference to an array.
    pub value: Value,
    /// How far floats may differ.
    pub tolerance: Tolerance,
    /// Shapes that do as well as that of the array; elements are the same in memory order.
    pub other_shapes: Vec<Vec<usize>>,
    /// The type that the elements must have, where the case tells it.
    pub pixel_type: Option<PixelType>,
}

impl Wanted {
    /// Compares what came out with what is wanted.
    ///
    /// # Errors
    /// What differs, or why the array of the case cannot be read.
    pub fn check(&self, files: &CaseFiles, name: &str, got: Option<&Outcome>) -> Result<(), String> {
        let array = files.array(&self.value).map_err(|error| patchweave_stack::with_causes(&error))?;
        let reshaped = match (got, &array) {
            (Some(Outcome::Array(got)), Some(wanted)) => {
                self.check_type(name, got).map_err(|difference| difference.to_string())?;
                self.reshaped(got, wanted.shape()).map(Outcome::Array)
            }
            _ => None,
        };
        compare(name, reshaped.as_ref().or(got), &self.value, array.as_ref(), self.tolerance)
            .map_err(|difference| difference.to_string())
    }

    fn check_type(&self, name: &str, got: &NumericArray) -> Result<(), Difference> {
        match self.pixel_type {
            Some(wanted) if wanted != got.pixel_type() => Err(Difference {
                place: name.to_owned(),
                got: format!("elements of {}", got.pixel_type()),
                expected: wanted.to_string(),
            }),
            _ => Ok(()),
        }
    }

    /// The array under the shape of the case, if its own shape is one of those that do as well.
    fn reshaped(&self, got: &NumericArray, shape: &[usize]) -> Option<NumericArray> {
        if !self.other_shapes.iter().any(|other| other == got.shape()) {
            return None;
        }
        with_numeric!(got, array => {
            let array = array.as_standard_layout().into_owned();
            array.into_shape_with_order(IxDyn(shape)).ok().map(NumericArray::from)
        })
    }
}
