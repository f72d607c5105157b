//! What an operation gives back.

use std::collections::BTreeMap;

use ndarray::{ArrayBase, Data, Dimension};
use serde_json::Value;

use crate::golden::NumericArray;

/// One result of an operation.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Numbers, strings and lists of them.
    Plain(Value),
    /// An array.
    Array(NumericArray),
}

/// The results of an operation by name.
///
/// ```
/// use patchweave_testkit::golden::{Outcome, Outcomes};
///
/// let outcomes = Outcomes::default().with("n_patches", 4).with("axes", "SCYX");
/// assert!(matches!(outcomes.get("n_patches"), Some(Outcome::Plain(value)) if value == 4));
/// assert!(outcomes.get("specs").is_none());
/// ```
#[derive(Debug, Clone, Default)]
pub struct Outcomes(BTreeMap<String, Outcome>);

impl Outcomes {
    /// Adds plain values.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), Outcome::Plain(value.into()));
        self
    }

    /// Adds an array.
    #[must_use]
    pub fn with_array(mut self, name: &str, array: impl Into<NumericArray>) -> Self {
        self.0.insert(name.to_owned(), Outcome::Array(array.into()));
        self
    }

    /// Adds an `f32` array of any rank under another shape of the same size, in C order.
    ///
    /// # Errors
    /// [`ndarray::ShapeError`] if the sizes differ.
    pub fn with_reshaped<S: Data<Elem = f32>, D: Dimension>(
        self,
        name: &str,
        array: &ArrayBase<S, D>,
        shape: &[usize],
    ) -> Result<Self, ndarray::ShapeError> {
        let array = array.as_standard_layout().into_owned().into_dyn();
        Ok(self.with_array(name, array.into_shape_with_order(shape)?))
    }

    /// The result of that name.
    pub fn get(&self, name: &str) -> Option<&Outcome> {
        self.0.get(name)
    }
}
