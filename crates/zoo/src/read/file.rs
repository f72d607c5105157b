//! Files that a description names.

use super::field::{Field, Reader};
use crate::FileDescr;
use crate::checksum::is_sha256;

/// Reads a block with `source` and perhaps `sha256`; other keys are left to the caller.
pub(super) fn file<'t>(reader: &mut Reader<'t>, field: &Field<'t>) -> Option<FileDescr> {
    let source = field.need(reader, "source", "the path of a file in the package");
    let source_path = source.as_ref().map(|source| source.path.clone());
    let source = source.and_then(|source| source.text(reader, "the path of a file in the package"));
    let sha256 = match field.get("sha256") {
        None => Some(None),
        Some(sum) => checksum(reader, &sum).map(Some),
    };
    Some(FileDescr {
        source: source?.to_owned(),
        sha256: sha256?,
        path: field.path.clone(),
        source_path: source_path?,
    })
}

fn checksum<'t>(reader: &mut Reader<'t>, field: &Field<'t>) -> Option<String> {
    let expected = "64 hexadecimal digits";
    let text = field.text(reader, expected)?;
    if is_sha256(text) { Some(text.to_owned()) } else { reader.refuse(field, expected) }
}

/// Reads the path of a file alone.
pub(super) fn plain_file<'t>(reader: &mut Reader<'t>, field: &Field<'t>) -> Option<FileDescr> {
    let source = field.text(reader, "the path of a file in the package")?;
    let path = field.path.clone();
    Some(FileDescr { source: source.to_owned(), sha256: None, path: path.clone(), source_path: path })
}
