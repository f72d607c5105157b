//! One node of a Zarr as its metadata says: an array or a group, version 2 or 3.

use std::collections::BTreeSet;
use std::sync::Arc;

use patchweave_stack::{StackError, with_causes};
use serde_json::{Map, Value};

use super::json::{make_whole, parse, shortened};
use super::store::{Part, Store, StoreError};
use super::version::ZarrVersion;

/// The contents of a file of metadata.
type Json = Map<String, Value>;

/// Bytes that the metadata of one node may have.
const METADATA_LIMIT: u64 = 16 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NodeKind {
    Array,
    Group,
}

/// The metadata of an array or group.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub kind: NodeKind,
    pub version: ZarrVersion,
    /// The contents of `zarr.json`, `.zarray` or `.zgroup`.
    pub metadata: Map<String, Value>,
    pub attributes: Map<String, Value>,
    /// The key of the file that describes it.
    pub file: String,
    /// Why its attributes cannot be read, where they cannot.
    pub unreadable: Option<Arc<StackError>>,
    /// Consolidated metadata: what the group says of the nodes in it, by names as its version has them.
    pub listed: Option<Arc<Json>>,
}

/// Keys of attributes that make a group of version 2 even without `.zgroup`.
const GROUP_SIGNS: [&str; 4] = ["multiscales", "plate", "well", "bioformats2raw.layout"];

impl Node {
    /// A node without attributes; numbers such as `3.0` in its metadata are the integers that they are.
    pub fn new(kind: NodeKind, version: ZarrVersion, file: String, mut metadata: Json) -> Self {
        // What pixels are filled with may be a float.
        let fill_value = metadata.remove("fill_value");
        metadata.values_mut().for_each(make_whole);
        metadata.extend(fill_value.map(|value| ("fill_value".to_owned(), value)));
        Node { kind, version, metadata, attributes: Map::new(), file, unreadable: None, listed: None }
    }

    /// What people should know if its attributes cannot be read.
    pub fn unreadable_note(&self) -> Option<String> {
        self.unreadable.as_ref().map(|error| note_of(error))
    }
}

/// Whether the contents of a file are wrong, rather than that it could not be had.
pub(super) fn is_damage(error: &StackError) -> bool {
    match error {
        StackError::Damaged { .. } => true,
        StackError::Unreadable { source, .. } => source.is::<serde_json::Error>(),
        _ => false,
    }
}

/// What people should know where attributes cannot be read.
pub(super) fn note_of(error: &StackError) -> String {
    format!("{}, axes and pixel sizes in it are unknown", with_causes(error))
}

/// The files of metadata of one node, and whether a server kept one of them back.
struct NodeFiles<'a> {
    store: &'a dyn Store,
    folder: &'a str,
    /// Why a file that may not be there could not be read.
    hidden: Option<StackError>,
}

/// A file of metadata: an object, or why it is none.
type Content = Result<Json, StackError>;

impl NodeFiles<'_> {
    /// Reads a file by its name; `None` if there is none, or a server does not say whether there is.
    fn read(&mut self, name: &str) -> Result<Option<Content>, StackError> {
        let stack = || self.store.name(self.folder);
        let read = self.store.read(&key_of(self.folder, name), Part::Whole, METADATA_LIMIT);
        let bytes = match read {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Ok(None),
            Err(error @ StoreError::Hidden(_)) => {
                self.hidden.get_or_insert(error.at(&stack(), name));
                return Ok(None);
            }
            Err(error) => return Err(error.at(&stack(), name)),
        };
        Ok(Some(match parse(&bytes) {
            Ok(Value::Object(map)) => Ok(map),
            Ok(Value::Null) => Ok(Map::new()),
            Ok(_) => Err(StackError::damaged(stack(), name, "JSON that is not an object", "an object")),
            Err(source) => {
                Err(StackError::Unreadable { stack: stack(), place: name.to_owned(), source: source.into() })
            }
        }))
    }
}

fn key_of(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// Reads the metadata of the node at `path`, which starts with `/`; `None` if there is no node.
///
/// In the midst of version 2 that version is looked for first.
pub(super) fn read_node(
    store: &dyn Store,
    path: &str,
    around: Option<ZarrVersion>,
) -> Result<Option<Node>, StackError> {
    let folder = path.trim_matches('/');
    let mut files = NodeFiles { store, folder, hidden: None };
    let version_2 = |files: &mut NodeFiles<'_>| version_2(folder, &mut |name: &str| files.read(name));
    if around == Some(ZarrVersion::V2)
        && let Some(node) = version_2(&mut files)?
    {
        return Ok(Some(node));
    }
    if let Some(metadata) = files.read("zarr.json")? {
        return version_3(&store.name(folder), key_of(folder, "zarr.json"), metadata?).map(Some);
    }
    if around != Some(ZarrVersion::V2)
        && let Some(node) = version_2(&mut files)?
    {
        return Ok(Some(node));
    }
    match files.hidden {
        // Where nothing could be read at all, the server lets nobody in.
        Some(error) if !store.has_answered() => Err(error),
        _ => Ok(None),
    }
}

/// A node as `zarr.json` has it.
fn version_3(stack: &str, file: String, mut metadata: Map<String, Value>) -> Result<Node, StackError> {
    let kind = match metadata.get("node_type").and_then(Value::as_str) {
        Some("array") => NodeKind::Array,
        Some("group") => NodeKind::Group,
        found => {
            return Err(StackError::damaged(
                stack,
                "node_type of zarr.json",
                found.unwrap_or("none"),
                "array or group",
            ));
        }
    };
    let (attributes, unreadable) = match metadata.remove("attributes") {
        Some(Value::Object(attributes)) => (attributes, None),
        None | Some(Value::Null) => (Map::new(), None),
        Some(other) => {
            let error = StackError::damaged(stack, "attributes of zarr.json", shortened(&other), "an object");
            (Map::new(), Some(Arc::new(error)))
        }
    };
    // Arrays may only have fields that are understood.
    let listed = match kind {
        NodeKind::Group => metadata.remove("consolidated_metadata").and_then(list_of),
        NodeKind::Array => None,
    };
    Ok(Node { attributes, unreadable, listed, ..Node::new(kind, ZarrVersion::V3, file, metadata) })
}

/// A node whose files `read` gives by name.
fn version_2(
    folder: &str,
    read: &mut dyn FnMut(&str) -> Result<Option<Content>, StackError>,
) -> Result<Option<Node>, StackError> {
    let array = read(".zarray")?.transpose()?;
    // Of the file of a group, nothing matters but that it is there.
    let group = if array.is_some() { None } else { read(".zgroup")? };
    let (attributes, unreadable) = match read(".zattrs")? {
        Some(Ok(attributes)) => (attributes, None),
        Some(Err(error)) => (Map::new(), Some(Arc::new(error))),
        None => (Map::new(), None),
    };
    let is_group = group.is_some()
        || unreadable.is_some()
        || GROUP_SIGNS.iter().any(|sign| attributes.contains_key(*sign));
    let (kind, file, metadata) = match array {
        Some(metadata) => (NodeKind::Array, ".zarray", metadata),
        None if is_group => {
            let file = if group.is_some() { ".zgroup" } else { ".zattrs" };
            (NodeKind::Group, file, group.and_then(Result::ok).unwrap_or_default())
        }
        None => return Ok(None),
    };
    let node = Node::new(kind, ZarrVersion::V2, key_of(folder, file), metadata);
    Ok(Some(Node { attributes, unreadable, ..node }))
}

/// What a group of version 2 says of all nodes in it, if it has consolidated metadata.
pub(super) fn read_list(store: &dyn Store, path: &str) -> Result<Option<Arc<Json>>, StackError> {
    let mut files = NodeFiles { store, folder: path.trim_matches('/'), hidden: None };
    let found = files.read(".zmetadata")?;
    // The list only saves requests: what it should say is read where it is.
    Ok(found.and_then(Result::ok).and_then(|found| list_of(Value::Object(found))))
}

fn listed_v2(listed: &Json, prefix: &str) -> Result<Option<Node>, StackError> {
    version_2("", &mut |name: &str| {
        let found = listed.get(&format!("{prefix}{name}"));
        Ok(found.and_then(Value::as_object).cloned().map(Ok))
    })
}

fn list_of(mut consolidated: Value) -> Option<Arc<Json>> {
    match consolidated.get_mut("metadata")?.take() {
        Value::Object(listed) => Some(Arc::new(listed)),
        _ => None,
    }
}

/// The nodes in the group at `path` that its consolidated metadata describes, by their paths below it; others may be
/// there.
pub(super) fn listed_nodes(path: &str, group: &Node) -> impl Iterator<Item = (String, Node)> {
    let listed = group.listed.clone().unwrap_or_default();
    let paths: BTreeSet<String> = match group.version {
        ZarrVersion::V3 => listed.keys().cloned().collect(),
        ZarrVersion::V2 => listed.keys().filter_map(|key| Some(key.rsplit_once('/')?.0.to_owned())).collect(),
    };
    let (version, file) = match group.version {
        ZarrVersion::V3 => (ZarrVersion::V3, group.file.clone()),
        ZarrVersion::V2 => (ZarrVersion::V2, key_of(path.trim_matches('/'), ".zmetadata")),
    };
    paths.into_iter().filter_map(move |path| {
        // What is not complete is read where it is.
        let node = match version {
            ZarrVersion::V3 => version_3("", file.clone(), listed.get(&path)?.as_object()?.clone()).ok(),
            ZarrVersion::V2 => listed_v2(&listed, &format!("{path}/")).ok().flatten(),
        };
        Some((path, Node { file: file.clone(), ..node? }))
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
