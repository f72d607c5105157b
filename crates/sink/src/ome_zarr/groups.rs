//! Groups and other metadata as files of a store.

use serde_json::{Map, Value, json};

use super::options::OmeZarrVersion;
use crate::{SinkError, Work};

/// Writes a group, `/` behind its path; the root has none.
pub(super) fn write_group(
    work: &Work,
    group: &str,
    version: OmeZarrVersion,
    attributes: &Map<String, Value>,
) -> Result<(), SinkError> {
    match version {
        OmeZarrVersion::V05 => {
            let json = json!({ "zarr_format": 3, "node_type": "group", "attributes": attributes });
            write_json(work, &format!("{group}zarr.json"), &json)
        }
        OmeZarrVersion::V04 => {
            write_json(work, &format!("{group}.zgroup"), &json!({ "zarr_format": 2 }))?;
            write_json(work, &format!("{group}.zattrs"), &Value::Object(attributes.clone()))
        }
    }
}

pub(super) fn write_json(work: &Work, name: &str, json: &Value) -> Result<(), SinkError> {
    work.put_output(name, format!("{json:#}").as_bytes())
}
