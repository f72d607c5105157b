//! The weights of a package.

use patchweave_config::ConfigValue;

use super::field::{Field, Reader};
use super::file::file;
use crate::WeightsDescr;

const KEYS: &[&str] = &[
    "source",
    "sha256",
    "opset_version",
    "external_data",
    "authors",
    "parent",
    "comment",
    "attachments",
    "dependencies",
];

/// The first version of the operators that a package may name.
const FIRST_OPSET: usize = 7;

/// Reads the ONNX weights.
pub(super) fn weights<'t>(reader: &mut Reader<'t>, root: &Field<'t>) -> Option<WeightsDescr> {
    let all = root.need(reader, "weights", "a block with onnx")?;
    let Some(onnx) = all.get("onnx") else {
        let given = match all.value {
            ConfigValue::Map(entries) if !entries.is_empty() => {
                entries.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
            }
            _ => "nothing".to_owned(),
        };
        return reader.refuse_found(
            &all.path,
            format!("got {given}"),
            "onnx, which is all that can be run here",
        );
    };
    if !onnx.only(reader, KEYS) {
        return None;
    }
    let network = file(reader, &onnx);
    let expected = "a version of the operators, 7 or above";
    let opset = match onnx.get("opset_version") {
        None => Some(None),
        Some(version) => version.whole(reader, FIRST_OPSET..=usize::from(u16::MAX), expected).map(Some),
    };
    let external = match onnx.get("external_data") {
        None => Some(None),
        Some(data) => external_data(reader, &data).map(Some),
    };
    Some(WeightsDescr {
        file: network?,
        opset_version: opset?.map(|version| version as u64),
        external_data: external?,
    })
}

fn external_data<'t>(reader: &mut Reader<'t>, field: &Field<'t>) -> Option<crate::FileDescr> {
    if !field.only(reader, &["source", "sha256"]) {
        return None;
    }
    let data = file(reader, field)?;
    if data.source.ends_with(".data") {
        return Some(data);
    }
    reader.refuse_found(&data.source_path, format!("got {:?}", data.source), "a name that ends in .data")
}
