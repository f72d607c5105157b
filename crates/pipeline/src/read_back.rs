//! Which results can be read again, and how.

use std::path::{Path, PathBuf};

use patchweave_config::{ConfigValue, OutputPlan};
use patchweave_formats::{FileFormat, inside as place_in};
use patchweave_geometry::{ArrayLayout, Axes, Axis, GeometryError};

/// The key of `zarr_array` that says where the array is in the store.
const ARRAY: &str = "array";

/// How a result is read again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ReadBack {
    /// An array in the axes of the image, in a file or at a place in a store.
    Array { format: FileFormat, inside: String },
    /// Images in the order of axes that OME-Zarr has, samples one after another.
    OmeZarr,
}

impl ReadBack {
    /// How the results of an output are read; `None` for formats that this program does not read.
    pub fn of(output: &OutputPlan) -> Option<Self> {
        let array = |format| ReadBack::Array { format, inside: String::new() };
        match output.format.as_str() {
            "tiff" => Some(array(FileFormat::Tiff)),
            "npy" => Some(array(FileFormat::Npy)),
            "ome_zarr" | "ome_zarr_zip" => Some(ReadBack::OmeZarr),
            "zarr_array" => {
                let inside = output.settings.iter().find(|(key, _)| key == ARRAY);
                let inside = match inside {
                    Some((_, ConfigValue::Text(inside))) => inside.clone(),
                    _ => String::new(),
                };
                Some(ReadBack::Array { format: FileFormat::Zarr, inside })
            }
            _ => None,
        }
    }

    /// What is opened, and its axes, for a result of that layout.
    pub fn place(
        &self,
        path: &Path,
        layout: &ArrayLayout,
    ) -> Result<(PathBuf, FileFormat, Axes), GeometryError> {
        match self {
            ReadBack::Array { format, inside } => {
                let path = if inside.is_empty() { path.to_owned() } else { place_in(path, inside.as_ref()) };
                Ok((path, *format, layout.axes().clone()))
            }
            ReadBack::OmeZarr => {
                let axes = layout.axes().to_canonical();
                let letters: String = axes
                    .as_slice()
                    .iter()
                    .filter(|axis| **axis != Axis::S)
                    .map(|axis| axis.letter())
                    .collect();
                Ok((path.to_owned(), FileFormat::Zarr, letters.parse()?))
            }
        }
    }

    /// Whether samples along `S` are images of their own.
    pub fn splits_samples(&self) -> bool {
        *self == ReadBack::OmeZarr
    }
}
