//! The key `formats` of `simulate`.

use crate::plan::OutputFormat;
use crate::read::values::{Names, Reader, Value};
use crate::text::{Kind, quoted};

const NAMES: Names<'_, OutputFormat> = Names {
    known: &[("tiff", OutputFormat::Tiff), ("ome_zarr", OutputFormat::OmeZarr)],
    refused: &[("zarr", "is called ome_zarr here")],
};

/// Reads a name or a non-empty list of formats without repeats.
pub(crate) fn formats(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<Vec<OutputFormat>> {
    let entries = match (value.kind, value.entries()) {
        (Kind::Text(_), _) => vec![value.clone()],
        (_, Some(entries)) if !entries.is_empty() => entries,
        _ => return reader.refuse(value, "a non-empty list of formats (tiff, ome_zarr)"),
    };
    let mut formats = Vec::new();
    let mut all_read = true;
    for entry in &entries {
        match NAMES.read(reader, entry) {
            Some(format) if formats.contains(&format) => {
                let found = format!("got {} twice", quoted(format.name()));
                reader.refuse_found::<()>(entry, found, "each format once");
            }
            Some(format) => formats.push(format),
            None => all_read = false,
        }
    }
    all_read.then_some(formats)
}
