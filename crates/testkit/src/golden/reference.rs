//! Arrays that a value of a case stands for.

use serde::Deserialize;
use serde_json::Value;

use crate::golden::{CaseError, CaseFiles, NumericArray};

impl CaseFiles {
    /// The array that a reference names; `None` if the value is no reference to an array.
    ///
    /// # Errors
    /// [`CaseError`] if the array cannot be read.
    pub fn array(&self, reference: &Value) -> Result<Option<NumericArray>, CaseError> {
        let file = ["npy", "file"].iter().find_map(|key| reference.get(key)?.as_str());
        if let Some(file) = file {
            let bytes = self.read(file)?;
            return NumericArray::from_npy(&self.place(file), &bytes).map(Some);
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
