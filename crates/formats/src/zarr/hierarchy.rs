//! Which images a node of a Zarr stands for: an array, an OME-Zarr image, a plate, or whatever else a group may hold.

use std::collections::{HashMap, HashSet};

use patchweave_geometry::WellField;
use patchweave_stack::StackError;

use super::beside;
use super::listed::{Member, Place, members_of_plate};
use super::node::{Node, NodeKind, child_names, is_damage, listed_nodes, note_of, read_list, read_node};
use super::ome::{self, Level, Multiscale};
use super::store::Store;
use super::version::ZarrVersion;

/// An image: its arrays, full resolution first, and what OME-Zarr metadata says about it.
#[derive(Debug)]
pub(super) struct FoundImage {
    pub levels: Vec<FoundLevel>,
    pub image: Option<Multiscale>,
    /// Where it is in the plate that was asked for.
    pub field: Option<WellField>,
    /// What people should know about how it was found.
    pub notes: Vec<String>,
}

/// One array of an image.
#[derive(Debug)]
pub(super) struct FoundLevel {
    /// The path of the array, which starts with `/`.
    pub path: String,
    /// As in [`Level`].
    pub scale: Option<Vec<Option<f64>>>,
    /// As in [`Level`].
    pub translation: Option<Vec<Option<f64>>>,
}

impl FoundLevel {
    /// An array of which no image says anything.
    fn alone(path: String) -> Self {
        FoundLevel { path, scale: None, translation: None }
    }

    /// An array and what its image says of it.
    fn of(path: String, Level { scale, translation, .. }: &Level) -> Self {
        FoundLevel { path, scale: scale.clone(), translation: translation.clone() }
    }
}

/// A walk through the nodes of one store, each of which is read once.
pub(super) struct Hierarchy<'a> {
    store: &'a dyn Store,
    nodes: HashMap<String, Option<Node>>,
    max_nodes: usize,
    max_arrays: usize,
    /// Arrays that were found so far.
    n_arrays: usize,
}

/// Nodes whose metadata is read, whether they are there or not.
const MAX_NODES: usize = 1 << 18;

/// Arrays of all images that a path stands for, every level counted.
const MAX_ARRAYS: usize = 1 << 18;

/// Groups in groups that are followed: plate, well, image.
const MAX_DEPTH: usize = 8;

/// Images of a collection that are looked for where nothing lists them.
const MAX_PROBED: usize = 10_000;

impl<'a> Hierarchy<'a> {
    pub fn new(store: &'a dyn Store) -> Self {
        Hierarchy { store, nodes: HashMap::new(), max_nodes: MAX_NODES, max_arrays: MAX_ARRAYS, n_arrays: 0 }
    }

    /// The images that a node stands for.
    ///
    /// # Errors
    /// [`StackError`] if there is no such node, it holds no image, or its metadata cannot be read.
    pub fn find(&mut self, path: &str) -> Result<Vec<FoundImage>, StackError> {
        let path = resolve("/", path).ok_or_else(|| self.leaves(path, path))?;
        let node = self.required(&path)?;
        let mut found = Vec::new();
        match node.kind {
            NodeKind::Array => found.push(self.level_of_image(&path)?),
            NodeKind::Group => self.collect(&path, &node, (0, None), &mut found)?,
        }
        Ok(found)
    }

    /// The node at a path, which has to be there.
    pub fn required(&mut self, path: &str) -> Result<Node, StackError> {
        match self.node(path)? {
            Some(node) => Ok(node),
            None => Err(self.missing(path)),
        }
    }

    fn node(&mut self, path: &str) -> Result<Option<Node>, StackError> {
        if let Some(known) = self.nodes.get(path) {
            return Ok(known.clone());
        }
        if self.nodes.len() >= self.max_nodes {
            return Err(self.too_many("nodes", self.max_nodes));
        }
        let node =
            if self.store.is_far() { self.far_node(path)? } else { read_node(self.store, path, None)? };
        self.nodes.insert(path.to_owned(), node.clone());
        Ok(node)
    }

    /// Reads a node, and all those in it that it lists, with few requests.
    fn far_node(&mut self, path: &str) -> Result<Option<Node>, StackError> {
        let parent = parent_of(path).and_then(|parent| self.nodes.get(parent)?.as_ref());
        let mut node = read_node(self.store, path, parent.map(|parent| parent.version))?;
        // Lists of version 2 are where the store begins, if they are anywhere.
        let may_list = path == "/" || self.nodes.is_empty();
        if let Some(Node { kind: NodeKind::Group, version: ZarrVersion::V2, listed, .. }) = &mut node
            && may_list
        {
            *listed = read_list(self.store, path)?;
        }
        if let Some(node) = &node {
            for (name, listed) in listed_nodes(path, node) {
                if self.nodes.len() >= self.max_nodes {
                    return Err(self.too_many("nodes", self.max_nodes));
                }
                let inside = self.inside(path, &name)?;
                self.nodes.entry(inside).or_insert(Some(listed));
            }
        }
        Ok(node)
    }

    fn too_many(&self, what: &str, limit: usize) -> StackError {
        StackError::damaged(
            self.name("/"),
            "its plates and wells",
            format!("more than {limit} {what}"),
            "fewer; name a plate or well in the path",
        )
    }

    /// Adds an image, unless there are too many.
    fn add(&mut self, found: &mut Vec<FoundImage>, image: FoundImage) -> Result<(), StackError> {
        self.n_arrays = self.n_arrays.saturating_add(image.levels.len());
        if self.n_arrays > self.max_arrays {
            return Err(self.too_many("arrays", self.max_arrays));
        }
        found.push(image);
        Ok(())
    }

    fn name(&self, path: &str) -> String {
        self.store.name(path.trim_start_matches('/'))
    }

    /// What is wrong with the path of a node that does not exist: the first part of it that does not.
    fn missing(&mut self, path: &str) -> StackError {
        let expected = |what: &str| what.to_owned();
        let mut at = path;
        while let Some(parent) = parent_of(at) {
            match self.node(parent) {
                Ok(Some(Node { kind: NodeKind::Array, .. })) => {
                    return StackError::damaged(
                        self.name(parent),
                        format!("{:?} in it", &at[parent.trim_end_matches('/').len() + 1..]),
                        expected("an array"),
                        expected("a group"),
                    );
                }
                Ok(Some(_)) => {
                    return StackError::damaged(
                        self.name(parent),
                        format!("{:?} in it", &at[parent.trim_end_matches('/').len() + 1..]),
                        expected("no such name"),
                        expected("an array or a group"),
                    );
                }
                Ok(None) => at = parent,
                Err(error) => return error,
            }
        }
        StackError::damaged(
            self.name(path),
            expected("its metadata"),
            expected("none of zarr.json, .zarray and .zgroup"),
            expected("a Zarr array or group"),
        )
    }

    fn leaves(&self, group: &str, path: &str) -> StackError {
        StackError::damaged(
            self.name(group),
            "a path in its metadata",
            format!("{path:?}"),
            "a path inside of the store",
        )
    }

    fn inside(&self, group: &str, path: &str) -> Result<String, StackError> {
        resolve(group, path).ok_or_else(|| self.leaves(group, path))
    }

    fn collect(
        &mut self,
        path: &str,
        group: &Node,
        (depth, at): (usize, Option<&Place>),
        found: &mut Vec<FoundImage>,
    ) -> Result<(), StackError> {
        // Which arrays form images is what the attributes say.
        if let Some(error) = &group.unreadable {
            return Err(StackError::Shared(error.clone()));
        }
        let images = ome::multiscales(&group.attributes);
        if !images.is_empty() {
            for image in images {
                let mut image = self.image(path, image)?;
                if let Some(Place::Field(field)) = at {
                    image.field = Some(field.clone());
                }
                self.add(found, image)?;
            }
            return Ok(());
        }
        let listed = |names: Vec<String>| names.into_iter().map(Member::of).collect::<Vec<_>>();
        let members =
            members_of_plate(group, at).or_else(|| ome::names_in(&group.attributes, "labels").map(listed));
        let members = match members {
            Some(members) => Some(members),
            None if ome::is_collection(&group.attributes) => Some(listed(self.collection(path, group)?)),
            None => None,
        };
        let Some(members) = members else { return self.arrays(path, group, found) };
        if depth == MAX_DEPTH {
            return Err(StackError::damaged(
                self.name(path),
                "the group",
                format!("images more than {MAX_DEPTH} groups deep"),
                "plates, wells and images",
            ));
        }
        let before = found.len();
        let mut seen = HashSet::new();
        for Member { path: member, place } in members {
            let member = self.inside(path, &member)?;
            if !seen.insert(member.clone()) {
                return Err(StackError::damaged(
                    self.name(path),
                    "its list of images",
                    format!("{:?} twice", member.trim_start_matches('/')),
                    "every member once",
                ));
            }
            let node = self.required(&member)?;
            match node.kind {
                NodeKind::Array => {
                    let image = self.level_of_image(&member)?;
                    self.add(found, image)?;
                }
                NodeKind::Group => self.collect(&member, &node, (depth + 1, place.as_ref()), found)?,
            }
        }
        if found.len() == before { Err(self.empty(path)) } else { Ok(()) }
    }

    fn image(&self, group: &str, image: Multiscale) -> Result<FoundImage, StackError> {
        let level = |level: &Level| Ok(FoundLevel::of(self.inside(group, &level.path)?, level));
        let levels = image.levels.iter().map(level).collect::<Result<_, StackError>>()?;
        let image = Some(below_labels(group, image));
        Ok(FoundImage { levels, image, field: None, notes: Vec::new() })
    }

    /// An array by itself, with what an image above it says about it.
    fn level_of_image(&mut self, array: &str) -> Result<FoundImage, StackError> {
        let mut group = parent_of(array);
        let mut notes = Vec::new();
        while let Some(path) = group {
            if let Some(node) = self.node_above(path, &mut notes)? {
                for image in ome::multiscales(&node.attributes) {
                    let is_it = |level: &&Level| resolve(path, &level.path).as_deref() == Some(array);
                    if let Some(level) = image.levels.iter().find(is_it) {
                        let levels = vec![FoundLevel::of(array.to_owned(), level)];
                        let image = Some(below_labels(path, image));
                        return Ok(FoundImage { levels, image, field: None, notes });
                    }
                }
            }
            group = parent_of(path);
        }
        let level = FoundLevel::alone(array.to_owned());
        Ok(FoundImage { levels: vec![level], image: None, field: None, notes })
    }

    /// A node above an array, which is read without it if it is damaged.
    fn node_above(&mut self, path: &str, notes: &mut Vec<String>) -> Result<Option<Node>, StackError> {
        match self.node(path) {
            Ok(node) => {
                notes.extend(node.as_ref().and_then(Node::unreadable_note));
                Ok(node)
            }
            Err(error) if is_damage(&error) => {
                notes.push(note_of(&error));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// The images of a collection: those that its `OME` group lists, or else all whose name is a number.
    fn collection(&mut self, path: &str, group: &Node) -> Result<Vec<String>, StackError> {
        if let Some(ome) = self.node(&join(path, "OME"))?
            && let Some(series) = ome::names_in(&ome.attributes, "series")
        {
            return Ok(series);
        }
        if let Some(names) = child_names(self.store, path, group)? {
            let mut numbers: Vec<(usize, String)> =
                names.into_iter().filter_map(|name| Some((name.parse().ok()?, name))).collect();
            numbers.sort_unstable();
            return Ok(numbers.into_iter().map(|(_, name)| name).collect());
        }
        let mut names = Vec::new();
        while names.len() < MAX_PROBED && self.node(&join(path, &names.len().to_string()))?.is_some() {
            names.push(names.len().to_string());
        }
        Ok(names)
    }

    /// The arrays directly in a group, names sorted as strings.
    fn arrays(&mut self, path: &str, group: &Node, found: &mut Vec<FoundImage>) -> Result<(), StackError> {
        let names = child_names(self.store, path, group)?.ok_or_else(|| StackError::Unsupported {
            stack: self.name(path),
            what: format!(
                "listing a group without {}",
                match group.version {
                    ZarrVersion::V2 => ".zmetadata",
                    ZarrVersion::V3 => "consolidated_metadata",
                }
            ),
            hint: "name an array in it, because this server cannot list",
        })?;
        let mut arrays = Vec::new();
        for name in names {
            let child = join(path, &name);
            if let Some(node @ Node { kind: NodeKind::Array, .. }) = self.node(&child)? {
                arrays.push((child, node));
            }
        }
        let (images, others): (Vec<_>, Vec<_>) =
            arrays.into_iter().partition(|(_, node)| beside::why_no_image(node).is_none());
        // Where none is an image, opening says what is wrong with the first of them.
        let (images, others) = if images.is_empty() { (others, images) } else { (images, others) };
        if images.is_empty() {
            return Err(self.empty(path));
        }
        let mut notes = beside::left_out(&others);
        for (child, _) in images {
            let level = FoundLevel::alone(child);
            let notes = std::mem::take(&mut notes);
            self.add(found, FoundImage { levels: vec![level], image: None, field: None, notes })?;
        }
        Ok(())
    }

    fn empty(&self, path: &str) -> StackError {
        StackError::damaged(
            self.name(path),
            "the group",
            "no arrays and no OME-Zarr image",
            "at least one array; name one inside the store if they are deeper",
        )
    }
}

/// The image of a group, which holds labels if it is below a group of that name.
fn below_labels(group: &str, image: Multiscale) -> Multiscale {
    let is_below = parent_of(group).is_some_and(|above| above.split('/').any(|name| name == "labels"));
    Multiscale { is_labels: image.is_labels || is_below, ..image }
}

fn join(group: &str, name: &str) -> String {
    format!("{}/{name}", group.trim_end_matches('/'))
}

fn parent_of(path: &str) -> Option<&str> {
    let path = path.trim_end_matches('/');
    let end = path.rfind('/')?;
    Some(if end == 0 { "/" } else { &path[..end] })
}

/// A path relative to a group, without `.` and `..`; `None` if it leaves the root of the store.
fn resolve(group: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    // On Windows, names of streams and drives would be something else than names.
    let separators: &[char] = if cfg!(windows) { &['/', '\\', ':'] } else { &['/'] };
    for part in group.split('/').chain(path.split(separators)) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part if part.contains('\0') => return None,
            part => parts.push(part),
        }
    }
    Some(format!("/{}", parts.join("/")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::store::{Part, StoreError};
    use super::*;

    /// A plate of `n` wells of as many fields, all of them the same group of version 2.
    struct Plate(usize);

    impl Store for Plate {
        fn read(&self, key: &str, _part: Part, _limit: u64) -> Result<Option<Vec<u8>>, StoreError> {
            let paths: Vec<_> = (0..self.0).map(|at| json!({"path": at.to_string()})).collect();
            let depth = key.matches('/').count();
            let attributes = match depth {
                0 => json!({"plate": {"wells": paths}}),
                1 => json!({"well": {"images": paths}}),
                _ => json!({"multiscales": [{"datasets": [{"path": "0"}, {"path": "1"}]}]}),
            };
            Ok(key.ends_with(".zattrs").then(|| attributes.to_string().into_bytes()))
        }

        fn folders(&self, _folder: &str) -> Result<Option<Vec<String>>, StoreError> {
            Ok(None)
        }

        fn name(&self, key: &str) -> String {
            format!("plate/{key}")
        }
    }

    #[test]
    fn plates_are_bounded() {
        let plate = Plate(4);
        let find = |max_nodes, max_arrays| {
            let mut hierarchy = Hierarchy { max_nodes, max_arrays, ..Hierarchy::new(&plate) };
            hierarchy.find("/").map(|images| images.len()).map_err(|error| error.to_string())
        };
        assert_eq!(find(21, 32), Ok(16));
        for (max_nodes, max_arrays, expected) in
            [(20, 32, "more than 20 nodes"), (21, 31, "more than 31 arrays")]
        {
            let error = find(max_nodes, max_arrays).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn paths_stay_inside_of_the_store() {
        assert_eq!(resolve("/a", "b/./c").as_deref(), Some("/a/b/c"));
        assert_eq!(resolve("/a", "../b").as_deref(), Some("/b"));
        assert_eq!(resolve("/", "/b/").as_deref(), Some("/b"));
        assert_eq!(resolve("/a", ".").as_deref(), Some("/a"));
        for path in ["../../b", "..", "b/../../..", "a\0b"] {
            assert_eq!(resolve("/", path), None, "{path}");
        }
        assert_eq!((parent_of("/a/b"), parent_of("/a"), parent_of("/")), (Some("/a"), Some("/"), None));
    }
}
