//! The metadata of an array: checked for what would be too large or is not read, then given to `zarrs`.

use std::sync::Arc;

use serde_json::{Map, Value};
use zarrs::array::{Array, ArrayMetadata};
use zarrs::metadata::v2::ArrayMetadataV2;
use zarrs::metadata::v3::ArrayMetadataV3;

use super::codec_names::{spell_out_orders, unknown_codec};
use super::node::{Node, ZarrVersion};
use super::store::ZarrsStorage;
use crate::StackError;

/// Dimensions that an array may have.
const MAX_DIMENSIONS: usize = 32;

/// How the names of chunks may be made, none of which has text of the file in it.
const KEY_ENCODINGS: [&str; 2] = ["default", "v2"];

/// What version 3 lets an array say of itself.
const KNOWN_FIELDS: [&str; 11] = [
    "zarr_format",
    "node_type",
    "shape",
    "data_type",
    "chunk_grid",
    "chunk_key_encoding",
    "fill_value",
    "codecs",
    "attributes",
    "storage_transformers",
    "dimension_names",
];

/// An array as `zarrs` knows it.
///
/// # Errors
/// [`StackError::Unsupported`] with the name of the codec or extension that is not read; [`StackError::Damaged`] and
/// [`StackError::Zarr`] for metadata that is no metadata.
pub(super) fn array_of(
    stack: &str,
    path: &str,
    node: &Node,
    storage: ZarrsStorage,
) -> Result<Array<ZarrsStorage>, StackError> {
    let n_dimensions = node.metadata.get("shape").and_then(Value::as_array).map_or(0, Vec::len);
    if n_dimensions > MAX_DIMENSIONS {
        return Err(StackError::Damaged {
            stack: stack.to_owned(),
            place: "the array's metadata".to_owned(),
            got: format!("{n_dimensions} dimensions"),
            expected: format!("at most {MAX_DIMENSIONS}"),
        });
    }
    if let Some(name) = unknown_codec(node) {
        return Err(StackError::Unsupported {
            stack: stack.to_owned(),
            what: format!("codec {name}"),
            hint: "write the array again with blosc, zstd, gzip or zlib and without other filters",
        });
    }
    let metadata = match node.version {
        ZarrVersion::V2 => version_2(&node.metadata),
        ZarrVersion::V3 => {
            check_extensions(stack, &node.metadata)?;
            version_3(node.metadata.clone(), n_dimensions)
        }
    };
    let failed = |source: Box<dyn std::error::Error + Send + Sync>| StackError::Zarr {
        stack: stack.to_owned(),
        place: "the array's metadata".to_owned(),
        source,
    };
    let metadata = metadata.map_err(|source| failed(source.into()))?;
    Array::new_with_metadata(Arc::new(storage), path, metadata).map_err(|source| failed(source.into()))
}

fn version_2(metadata: &Map<String, Value>) -> serde_json::Result<ArrayMetadata> {
    let mut metadata = metadata.clone();
    metadata.remove("attributes");
    for (key, value) in [("fill_value", Value::Null), ("order", "C".into())] {
        metadata.entry(key).or_insert(value);
    }
    serde_json::from_value::<ArrayMetadataV2>(Value::Object(metadata)).map(ArrayMetadata::V2)
}

fn version_3(mut metadata: Map<String, Value>, n_dimensions: usize) -> serde_json::Result<ArrayMetadata> {
    spell_out_orders(&mut metadata, n_dimensions);
    serde_json::from_value::<ArrayMetadataV3>(Value::Object(metadata)).map(ArrayMetadata::V3)
}

/// Refuses what has to be understood and is not.
fn check_extensions(stack: &str, metadata: &Map<String, Value>) -> Result<(), StackError> {
    let unsupported = |what: String| StackError::Unsupported {
        stack: stack.to_owned(),
        what,
        hint: "write the array again without it",
    };
    let is_needed = |value: &Value| value.get("must_understand") != Some(&Value::Bool(false));
    let unknown =
        metadata.iter().find(|(key, value)| !KNOWN_FIELDS.contains(&key.as_str()) && is_needed(value));
    if let Some((key, _)) = unknown {
        return Err(unsupported(format!("the extension {key}")));
    }
    let transformers = metadata.get("storage_transformers").and_then(Value::as_array);
    if transformers.is_some_and(|list| !list.is_empty()) {
        return Err(unsupported("a storage transformer".to_owned()));
    }
    let encoding = metadata.get("chunk_key_encoding");
    let encoding = encoding.and_then(|encoding| encoding.as_str().or_else(|| encoding.get("name")?.as_str()));
    if let Some(name) = encoding.filter(|name| !KEY_ENCODINGS.contains(name)) {
        return Err(unsupported(format!("the chunk key encoding {name}")));
    }
    Ok(())
}
