//! Plates of wells, and where an image is in one.

use std::sync::Arc;

/// A plate of wells, as OME-Zarr describes it.
///
/// ```
/// use patchweave_geometry::Plate;
///
/// let plate = Plate { rows: vec!["A".into(), "B".into()], columns: vec!["1".into()], ..Plate::default() };
/// assert_eq!(plate.name, None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plate {
    /// What it is called, where the source tells it.
    pub name: Option<String>,
    /// The names of all rows, of empty ones too.
    pub rows: Vec<String>,
    /// The names of all columns, of empty ones too.
    pub columns: Vec<String>,
    /// The runs of the microscope, where the source tells them.
    pub acquisitions: Vec<Acquisition>,
}

/// A run of the microscope over a plate.
///
/// ```
/// let first = patchweave_geometry::Acquisition { id: 1, ..Default::default() };
/// assert_eq!(first.start_time, None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Acquisition {
    /// Its number.
    pub id: u64,
    /// What it is called.
    pub name: Option<String>,
    /// What is said about it.
    pub description: Option<String>,
    /// When it began, in milliseconds since 1970.
    pub start_time: Option<u64>,
    /// When it ended, in milliseconds since 1970.
    pub end_time: Option<u64>,
}

/// Where an image is in a plate: a field of a well.
///
/// ```
/// use std::sync::Arc;
///
/// use patchweave_geometry::{Plate, WellField};
///
/// let plate = Plate { rows: vec!["A".into(), "B".into()], columns: vec!["1".into()], ..Plate::default() };
/// let field = WellField { plate: Arc::new(plate), row: 1, column: 0, name: "2".into(), acquisition: None };
/// assert_eq!(field.path().as_deref(), Some("B/1/2"));
/// assert!(field.has_plain_names());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WellField {
    /// The plate, which the images of one source share.
    pub plate: Arc<Plate>,
    /// The row among those of the plate.
    pub row: usize,
    /// The column among those of the plate.
    pub column: usize,
    /// What the field is called in its well.
    pub name: String,
    /// The number of the acquisition, where the source tells it.
    pub acquisition: Option<u64>,
}

impl WellField {
    /// The path of the well in the plate; `None` for a row or column that the plate does not have.
    #[must_use]
    pub fn well(&self) -> Option<String> {
        Some(format!("{}/{}", self.plate.rows.get(self.row)?, self.plate.columns.get(self.column)?))
    }

    /// Whether row, column and field have names of letters and digits, as OME-Zarr wants them.
    #[must_use]
    pub fn has_plain_names(&self) -> bool {
        let is_plain = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric());
        self.path().is_some_and(|path| path.split('/').all(is_plain))
    }

    /// The path of the image in the plate; `None` for a row or column that the plate does not have.
    #[must_use]
    pub fn path(&self) -> Option<String> {
        Some(format!("{}/{}", self.well()?, self.name))
    }
}
