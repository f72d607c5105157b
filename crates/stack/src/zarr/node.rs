//! One node of a Zarr as its metadata says: an array or a group, version 2 or 3.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::store::{Part, Store};
use crate::StackError;

/// The contents of a file of metadata.
type Json = Map<String, Value>;

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
    /// Consolidated metadata: what the group says of the nodes in it, by names as its version has them.
    pub listed: Option<Arc<Json>>,
}

/// Keys of attributes that make a group of version 2 even without `.zgroup`.
const GROUP_SIGNS: [&str; 4] = ["multiscales", "plate", "well", "bioformats2raw.layout"];

/// Reads the metadata of the node at `path`, which starts with `/`; `None` if there is no node.
///
/// In the midst of version 2 that version is looked for first.
pub(super) fn read_node(
    store: &dyn Store,
    path: &str,
    around: Option<ZarrVersion>,
) -> Result<Option<Node>, StackError> {
    let folder = path.trim_matches('/');
    if around == Some(ZarrVersion::V2)
        && let Some(node) = version_2(&mut |name: &str| read_json(store, folder, name))?
    {
        return Ok(Some(node));
    }
    if let Some(metadata) = read_json(store, folder, "zarr.json")? {
        return version_3(&store.name(folder), metadata).map(Some);
    }
    if around == Some(ZarrVersion::V2) {
        return Ok(None);
    }
    version_2(&mut |name: &str| read_json(store, folder, name))
}

/// A node as `zarr.json` has it.
fn version_3(stack: &str, mut metadata: Map<String, Value>) -> Result<Node, StackError> {
    let kind = match metadata.get("node_type").and_then(Value::as_str) {
        Some("array") => NodeKind::Array,
        Some("group") => NodeKind::Group,
        found => {
            return Err(StackError::Damaged {
                stack: stack.to_owned(),
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
    // Arrays may only have fields that are understood.
    let listed = match kind {
        NodeKind::Group => metadata.remove("consolidated_metadata").and_then(list_of),
        NodeKind::Array => None,
    };
    Ok(Node { kind, version: ZarrVersion::V3, metadata, attributes, listed })
}

/// A node whose files `read` gives by name.
fn version_2(
    read: &mut dyn FnMut(&str) -> Result<Option<Json>, StackError>,
) -> Result<Option<Node>, StackError> {
    let version = ZarrVersion::V2;
    if let Some(metadata) = read(".zarray")? {
        let attributes = read(".zattrs")?.unwrap_or_default();
        return Ok(Some(Node { kind: NodeKind::Array, version, metadata, attributes, listed: None }));
    }
    let group = read(".zgroup")?;
    let attributes = read(".zattrs")?.unwrap_or_default();
    let is_group = group.is_some() || GROUP_SIGNS.iter().any(|sign| attributes.contains_key(*sign));
    let metadata = group.unwrap_or_default();
    Ok(is_group.then_some(Node { kind: NodeKind::Group, version, metadata, attributes, listed: None }))
}

/// What a group of version 2 says of all nodes in it, if it has consolidated metadata.
pub(super) fn read_list(store: &dyn Store, path: &str) -> Result<Option<Arc<Json>>, StackError> {
    let found = read_json(store, path.trim_matches('/'), ".zmetadata")?;
    Ok(found.and_then(|found| list_of(Value::Object(found))))
}

fn listed_v2(listed: &Json, prefix: &str) -> Result<Option<Node>, StackError> {
    version_2(&mut |name: &str| {
        let found = listed.get(&format!("{prefix}{name}"));
        Ok(found.and_then(Value::as_object).cloned())
    })
}

fn list_of(mut consolidated: Value) -> Option<Arc<Json>> {
    match consolidated.get_mut("metadata")?.take() {
        Value::Object(listed) => Some(Arc::new(listed)),
        _ => None,
    }
}

/// The nodes in a group that its consolidated metadata describes, by their paths below it; others may be there.
pub(super) fn listed_nodes(group: &Node) -> impl Iterator<Item = (String, Node)> {
    let listed = group.listed.clone().unwrap_or_default();
    let paths: BTreeSet<String> = match group.version {
        ZarrVersion::V3 => listed.keys().cloned().collect(),
        ZarrVersion::V2 => listed.keys().filter_map(|key| Some(key.rsplit_once('/')?.0.to_owned())).collect(),
    };
    let version = group.version;
    paths.into_iter().filter_map(move |path| {
        // What is not complete is read where it is.
        let node = match version {
            ZarrVersion::V3 => version_3("", listed.get(&path)?.as_object()?.clone()).ok(),
            ZarrVersion::V2 => listed_v2(&listed, &format!("{path}/")).ok().flatten(),
        };
        Some((path, node?))
    })
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
    let nodes = match (&group.listed, group.version) {
        (Some(listed), _) => Some(listed.clone()),
        (None, ZarrVersion::V2) => read_list(store, path)?,
        (None, ZarrVersion::V3) => None,
    };
    let first = |key: &String| {
        let (first, rest) = key.trim_matches('/').split_once('/').unwrap_or((key, ""));
        let is_node = group.version == ZarrVersion::V3 || !rest.is_empty();
        (is_node && !first.is_empty()).then(|| first.to_owned())
    };
    Ok(nodes.map(|nodes| nodes.keys().filter_map(first).collect()))
}

fn read_json(store: &dyn Store, folder: &str, name: &str) -> Result<Option<Json>, StackError> {
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
