//! One node of a Zarr as its metadata says: an array or a group, version 2 or 3.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::store::{Part, Store};
use crate::StackError;

/// Bytes that the metadata of one node may have.
const METADATA_LIMIT: u64 = 16 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NodeKind {
    Array,
    Group,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ZarrVersion {
    V2,
    V3,
}

/// The metadata of an array or group.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub kind: NodeKind,
    pub version: ZarrVersion,
    /// The contents of `zarr.json`, `.zarray` or `.zgroup`.
    pub metadata: Map<String, Value>,
    pub attributes: Map<String, Value>,
}

/// Keys of attributes that make a group of version 2 even without `.zgroup`.
const GROUP_SIGNS: [&str; 4] = ["multiscales", "plate", "well", "bioformats2raw.layout"];

/// Reads the metadata of the node at `path`, which starts with `/`; `None` if there is no node.
pub(super) fn read_node(store: &dyn Store, path: &str) -> Result<Option<Node>, StackError> {
    let stack = || store.name(path.trim_start_matches('/'));
    let folder = path.trim_matches('/');
    let read = |name: &str| read_json(store, folder, name);
    if let Some(mut metadata) = read("zarr.json")? {
        let kind = match metadata.get("node_type").and_then(Value::as_str) {
            Some("array") => NodeKind::Array,
            Some("group") => NodeKind::Group,
            found => {
                return Err(StackError::Damaged {
                    stack: stack(),
                    place: "node_type of zarr.json".to_owned(),
                    got: found.unwrap_or("none").to_owned(),
                    expected: "array or group".to_owned(),
                });
            }
        };
        let attributes = match metadata.remove("attributes") {
            Some(Value::Object(attributes)) => attributes,
            _ => Map::new(),
        };
        return Ok(Some(Node { kind, version: ZarrVersion::V3, metadata, attributes }));
    }
    let version = ZarrVersion::V2;
    if let Some(metadata) = read(".zarray")? {
        let attributes = read(".zattrs")?.unwrap_or_default();
        return Ok(Some(Node { kind: NodeKind::Array, version, metadata, attributes }));
    }
    let group = read(".zgroup")?;
    let attributes = read(".zattrs")?.unwrap_or_default();
    let is_group = group.is_some() || GROUP_SIGNS.iter().any(|sign| attributes.contains_key(*sign));
    let metadata = group.unwrap_or_default();
    Ok(is_group.then_some(Node { kind: NodeKind::Group, version, metadata, attributes }))
}

/// The names of the nodes that may be directly in a group; `None` if neither the store nor the group lists them.
pub(super) fn child_names(
    store: &dyn Store,
    path: &str,
    group: &Node,
) -> Result<Option<BTreeSet<String>>, StackError> {
    let folder = path.trim_matches('/');
    let listed = store.folders(folder).map_err(|error| error.at(&store.name(folder), "the list of names"))?;
    if let Some(names) = listed {
        return Ok(Some(names.into_iter().collect()));
    }
    let consolidated = match group.version {
        ZarrVersion::V3 => group.metadata.get("consolidated_metadata").cloned(),
        ZarrVersion::V2 => read_json(store, folder, ".zmetadata")?.map(Value::Object),
    };
    let nodes = consolidated.as_ref().and_then(|found| found.get("metadata")?.as_object());
    let first = |key: &String| {
        let (first, rest) = key.trim_matches('/').split_once('/').unwrap_or((key, ""));
        let is_node = group.version == ZarrVersion::V3 || !rest.is_empty();
        (is_node && !first.is_empty()).then(|| first.to_owned())
    };
    Ok(nodes.map(|nodes| nodes.keys().filter_map(first).collect()))
}

fn read_json(store: &dyn Store, folder: &str, name: &str) -> Result<Option<Map<String, Value>>, StackError> {
    let key = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
    let stack = || store.name(folder);
    let read = store.read(&key, Part::Whole, METADATA_LIMIT).map_err(|error| error.at(&stack(), name))?;
    let Some(bytes) = read else { return Ok(None) };
    match serde_json::from_slice(&bytes) {
        Ok(Value::Object(map)) => Ok(Some(map)),
        Ok(_) => Err(StackError::Damaged {
            stack: stack(),
            place: name.to_owned(),
            got: "JSON that is no object".to_owned(),
            expected: "an object".to_owned(),
        }),
        Err(source) => {
            Err(StackError::Zarr { stack: stack(), place: name.to_owned(), source: source.into() })
        }
    }
}
