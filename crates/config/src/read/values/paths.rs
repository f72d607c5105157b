//! Reading paths and URLs.
//!
//! Paths are relative to the folder of the configuration file; `${NAME}` stands for an environment variable.

use std::path::PathBuf;

use super::reader::{Reader, Value};
use super::variables::expand;
use crate::text::Kind;

/// The schemes of URLs that can be written to; `memory` is a store of the process, for tests.
const WRITTEN: [&str; 4] = ["s3", "s3a", "gs", "memory"];

/// Reads a path.
pub(crate) fn path(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<PathBuf> {
    match value.kind {
        Kind::Text(written) => {
            let expanded = expand(reader, value, written, "a path")?;
            if expanded.trim().is_empty() {
                return reader.refuse(value, "a non-empty path");
            }
            if expanded.contains('\0') {
                return reader.refuse(value, "a path without NUL characters");
            }
            Some(if is_url(&expanded) { PathBuf::from(expanded) } else { reader.folder().join(expanded) })
        }
        Kind::Int(_) | Kind::Float(_) | Kind::Bool(_) => {
            reader.refuse(value, "a path (in quotes if it looks like a number, true or false)")
        }
        Kind::Null | Kind::List(_) | Kind::Map(_) => reader.refuse(value, "a path"),
    }
}

/// Reads the path of a folder that results are written into, or its URL in an object store.
pub(crate) fn output_folder(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<PathBuf> {
    let folder = path(reader, value)?;
    let scheme =
        folder.to_str().and_then(|text| text.split_once("://")).map(|(scheme, _)| scheme.to_lowercase());
    if scheme.is_some_and(|scheme| !WRITTEN.contains(&scheme.as_str())) {
        return reader.refuse(value, "a folder, or one in an object store with s3:// or gs://");
    }
    Some(folder)
}

/// Reads the path of a folder that files are written into.
pub(crate) fn folder(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<PathBuf> {
    let folder = path(reader, value)?;
    if folder.to_str().is_some_and(is_url) {
        return reader.refuse(value, "a folder of the file system");
    }
    Some(folder)
}

/// Reads a path or a non-empty list of paths.
pub(crate) fn paths(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<Vec<PathBuf>> {
    let Some(entries) = value.entries() else {
        return path(reader, value).map(|path| vec![path]);
    };
    if entries.is_empty() {
        return reader.refuse(value, "a path or a non-empty list of paths");
    }
    let paths: Vec<_> = entries.iter().map(|entry| path(reader, entry)).collect();
    paths.into_iter().collect()
}

/// Whether a text is a URL rather than a path.
fn is_url(text: &str) -> bool {
    text.contains("://")
}
