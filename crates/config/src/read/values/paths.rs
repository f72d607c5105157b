//! Paths: relative to the folder of the configuration file, with `${NAME}` for environment variables; URLs as they are.

use std::path::PathBuf;

use super::reader::{Reader, Value};
use super::variables::expand;
use crate::text::Kind;

/// One path.
pub(crate) fn path(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<PathBuf> {
    match value.kind {
        Kind::Text(written) => {
            let expanded = expand(reader, value, written, "a path")?;
            if expanded.trim().is_empty() {
                return reader.refuse(value, "a path that is not empty");
            }
            if expanded.contains('\0') {
                return reader.refuse(value, "a path without zero characters");
            }
            Some(if is_url(&expanded) { PathBuf::from(expanded) } else { reader.folder().join(expanded) })
        }
        Kind::Int(_) | Kind::Float(_) | Kind::Bool(_) => {
            reader.refuse(value, "a path (in quotes if it looks like a number or a truth value)")
        }
        Kind::Null | Kind::List(_) | Kind::Map(_) => reader.refuse(value, "a path"),
    }
}

/// One path or a list of them, which is not empty.
pub(crate) fn paths(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<Vec<PathBuf>> {
    let Some(entries) = value.entries() else {
        return path(reader, value).map(|path| vec![path]);
    };
    if entries.is_empty() {
        return reader.refuse(value, "a path or a list with at least one");
    }
    let paths: Vec<_> = entries.iter().map(|entry| path(reader, entry)).collect();
    paths.into_iter().collect()
}

/// Whether a text names an object of a server or, with `file://`, a file by its address.
fn is_url(text: &str) -> bool {
    text.contains("://")
}
