//! Names of results: what is kept of folders, of file names and of places inside of stores. Nothing here looks at the disk.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use patchweave_geometry::{ArrayLayout, Axis};

/// Where an image comes from.
///
/// ```
/// use std::path::Path;
///
/// use patchweave_pipeline::Origin;
///
/// assert_eq!(Origin::of("array"), Origin::Array);
/// assert_eq!(Origin::of("a/cells.tif"), Origin::File(Path::new("a/cells.tif")));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin<'a> {
    /// Memory.
    Array,
    /// A file, a store, or a place inside of one.
    File(&'a Path),
}

impl<'a> Origin<'a> {
    /// The origin that [`StackInfo::source`](patchweave_stack::StackInfo::source) names.
    #[must_use]
    pub fn of(source: &'a str) -> Self {
        if source == "array" { Origin::Array } else { Origin::File(Path::new(source)) }
    }

    /// The file, unless it is memory.
    fn file(self) -> Option<&'a Path> {
        match self {
            Origin::Array => None,
            Origin::File(path) => Some(path),
        }
    }
}

/// The longest folder that all files lie in.
///
/// Arrays do not count. `None` for fewer than two files, or if relative paths stand beside absolute ones. `.` is the folder of
/// relative paths that share no other.
///
/// ```
/// use std::path::PathBuf;
///
/// use patchweave_pipeline::{Origin, common_base};
///
/// let base = common_base(&["a/b/x.tif", "array", "a/c/x.tif"].map(Origin::of));
/// assert_eq!(base, Some(PathBuf::from("a")));
/// assert_eq!(common_base(&[Origin::of("a/x.tif")]), None);
/// ```
#[must_use]
pub fn common_base(origins: &[Origin<'_>]) -> Option<PathBuf> {
    let folders: Vec<&Path> = origins.iter().filter_map(|origin| origin.file()).map(folder_of).collect();
    let [first, others @ ..] = folders.as_slice() else { return None };
    if others.is_empty() || others.iter().any(|folder| folder.has_root() != first.has_root()) {
        return None;
    }
    let mut base: Vec<Component<'_>> = first.components().collect();
    for folder in others {
        let n_shared = base.iter().zip(folder.components()).take_while(|(own, other)| *own == other).count();
        base.truncate(n_shared);
    }
    Some(if base.is_empty() { PathBuf::from(".") } else { base.iter().collect() })
}

/// The path of a result below the output folder, without what follows the stem: the folder of the file below `base`, then
/// `stem`.
///
/// It is the stem alone without a base, and for a file outside of it.
///
/// ```
/// use std::path::{Path, PathBuf};
///
/// use patchweave_pipeline::named_after;
///
/// let file = Path::new("in/a/cells.tif");
/// assert_eq!(named_after(file, Some(Path::new("in")), "cells"), PathBuf::from("a/cells"));
/// assert_eq!(named_after(file, Some(Path::new("elsewhere")), "cells"), PathBuf::from("cells"));
/// assert_eq!(named_after(file, None, "cells"), PathBuf::from("cells"));
/// ```
#[must_use]
pub fn named_after(file: &Path, base: Option<&Path>, stem: &str) -> PathBuf {
    let folder = folder_of(file);
    let below = base.and_then(|base| match base == Path::new(".") {
        true => Some(folder),
        false => folder.strip_prefix(base).ok(),
    });
    // A result never leaves the output folder.
    let is_below = |path: &&Path| path.components().all(|part| matches!(part, Component::Normal(_)));
    below.filter(is_below).unwrap_or(Path::new("")).join(stem)
}

/// Chunks of an array whose source has none: up to 128 pixels along Y and X, 1 along all other axes.
///
/// ```
/// use patchweave_geometry::ArrayLayout;
/// use patchweave_pipeline::automatic_chunks;
///
/// let layout = ArrayLayout::new("TYX".parse()?, &[5, 10, 1000])?;
/// assert_eq!(automatic_chunks(&layout), [1, 10, 128]);
/// # Ok::<(), patchweave_geometry::GeometryError>(())
/// ```
#[must_use]
pub fn automatic_chunks(layout: &ArrayLayout) -> Vec<usize> {
    let chunk =
        |(axis, &size): (&Axis, &usize)| if matches!(axis, Axis::Y | Axis::X) { size.min(128) } else { 1 };
    layout.axes().as_slice().iter().zip(layout.shape()).map(chunk).collect()
}

/// One of the images that results are named after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ImageSource {
    /// The path that it was opened from.
    pub path: PathBuf,
    /// What its stack calls its source: the path, and where a path holds several images the place in it.
    pub source: String,
}

/// One name for every image, with `/` between folders; no two are the same on file systems that ignore case.
///
/// A name is the folder of the image's file below the common base of all files, and the stem of the file. Several images
/// of one store add their places in it, as in `plate/A/1/0`. What still shares a name gets the number of the image.
pub(crate) fn image_names(images: &[ImageSource]) -> Vec<String> {
    let files: Vec<PathBuf> = images.iter().map(|image| container(&local(&image.path)).to_owned()).collect();
    let origins: Vec<Origin<'_>> = files.iter().map(|file| Origin::File(file)).collect();
    let base = common_base(&origins);
    let mut n_of_file: BTreeMap<&Path, usize> = BTreeMap::new();
    for file in &files {
        *n_of_file.entry(file).or_default() += 1;
    }
    let name = |(file, place): (&PathBuf, PathBuf)| {
        let name = named_after(file, base.as_deref(), &stem(file));
        let is_shared = n_of_file.get(file.as_path()).is_some_and(|&n| n > 1);
        let name = if is_shared && holds_others(file) { name.join(place) } else { name };
        let parts: Vec<_> = name.components().map(|part| part.as_os_str().to_string_lossy()).collect();
        parts.join("/")
    };
    let names = files.iter().zip(places(images, &files)).map(name).collect();
    numbered(names)
}

/// Names of which those that several images share have the number of the image behind them.
fn numbered(names: Vec<String>) -> Vec<String> {
    let mut n_of_key: BTreeMap<String, usize> = BTreeMap::new();
    for name in &names {
        *n_of_key.entry(name.to_lowercase()).or_default() += 1;
    }
    let is_shared = |name: &String| n_of_key.get(&name.to_lowercase()).is_some_and(|&n| n > 1);
    let mut taken: BTreeSet<String> =
        names.iter().filter(|name| !is_shared(name)).map(|name| name.to_lowercase()).collect();
    let mut number = |(data_idx, name): (usize, String)| {
        if !is_shared(&name) {
            return name;
        }
        let mut name = format!("{name}_{data_idx}");
        while !taken.insert(name.to_lowercase()) {
            name.push('_');
        }
        name
    };
    names.into_iter().enumerate().map(&mut number).collect()
}

/// The place of every image in its file; empty where the image is the whole file.
///
/// It is what the path says. Where one path stands for several images it is what their sources say, without a last part
/// that is the same in all of them, which is the level of full resolution.
fn places(images: &[ImageSource], files: &[PathBuf]) -> Vec<PathBuf> {
    let mut of_path: BTreeMap<&Path, Vec<PathBuf>> = BTreeMap::new();
    for (image, file) in images.iter().zip(files) {
        of_path.entry(&image.path).or_default().push(below(&image.source, file));
    }
    let shares_level = |places: &[PathBuf]| {
        let mut levels = places.iter().map(|place| place.file_name());
        let first = levels.next().flatten();
        levels.all(|level| level == first) && places.iter().all(|place| place.components().count() > 1)
    };
    let place = |(image, file): (&ImageSource, &PathBuf)| match of_path.get(image.path.as_path()) {
        Some(places) if places.len() > 1 => {
            let place = below(&image.source, file);
            if shares_level(places) { folder_of(&place).to_owned() } else { place }
        }
        _ => below(&image.path.to_string_lossy(), file),
    };
    images.iter().zip(files).map(place).collect()
}

/// What a source names inside of a file.
fn below(source: &str, file: &Path) -> PathBuf {
    let source = local(Path::new(source));
    let parts = source.strip_prefix(file).into_iter().flat_map(Path::components);
    parts.filter(|part| matches!(part, Component::Normal(_))).collect()
}

/// A path without the scheme of a URI, and without `.` and `..` as far as the text tells.
pub(crate) fn local(path: &Path) -> PathBuf {
    let text = path.to_string_lossy();
    let path = text.split_once("://").map_or(path, |(_, behind)| Path::new(behind));
    let mut local = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(local.components().next_back(), Some(Component::Normal(_))) => {
                local.pop();
            }
            part => local.push(part),
        }
    }
    local
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}

/// Whether a file of this name may hold several images that have paths of their own.
fn holds_others(path: &Path) -> bool {
    let holds_others = ["zarr", "h5", "hdf5", "ims", "npz"];
    path.extension().is_some_and(|extension| holds_others.iter().any(|holds| extension == *holds))
}

/// The file of an image; the outermost store for arrays in one.
fn container(path: &Path) -> &Path {
    path.ancestors().filter(|path| holds_others(path)).last().unwrap_or(path)
}

/// The name of an image without folder and endings; that of the outermost store for arrays in one.
pub(crate) fn stem(path: &Path) -> String {
    let name =
        container(path).file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let endings = [
        ".ome.zarr",
        ".zarr",
        ".ome.tiff",
        ".ome.tif",
        ".ome.btf",
        ".ome.tf8",
        ".tiff",
        ".tif",
        ".btf",
        ".tf8",
        ".h5",
        ".hdf5",
        ".ims",
        ".npy",
        ".npz",
    ];
    let lower = name.to_lowercase();
    let ending = endings.iter().find(|ending| lower.ends_with(*ending) && lower.len() > ending.len());
    let kept = name.len() - ending.map_or(0, |ending| ending.len());
    // What is left may become the name of a folder.
    name.get(..kept).filter(|stem| ![".", ".."].contains(stem)).unwrap_or(&name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn stems_lose_folders_and_endings() {
        let stem_of = |path: &str| stem(Path::new(path));
        assert_eq!(stem_of("a/cells.ome.tif"), "cells");
        assert_eq!(stem_of("a/cells.T01.tif"), "cells.T01");
        assert_eq!(stem_of("a/cells.ome.zarr/0"), "cells");
        assert_eq!(stem_of("a/cells.zarr"), "cells");
        assert_eq!(stem_of("a/cells.h5/group/raw"), "cells");
        assert_eq!(stem_of("a/cells.npy"), "cells");
        assert_eq!([stem_of("a/cells.btf"), stem_of("a/cells.ome.tf8")], ["cells"; 2]);
        assert_eq!([stem_of(".tif"), stem_of("...zarr")], [".tif", "...zarr"]);
    }

    /// Names of images that are each opened from their own path.
    fn names(paths: &[&str]) -> Vec<String> {
        let image = |path: &&str| ImageSource { path: path.into(), source: (*path).to_owned() };
        image_names(&paths.iter().map(image).collect::<Vec<_>>())
    }

    /// Names of images that stand in one path.
    fn names_in(path: &str, sources: &[&str]) -> Vec<String> {
        let image = |source: &&str| ImageSource { path: path.into(), source: (*source).to_owned() };
        image_names(&sources.iter().map(image).collect::<Vec<_>>())
    }

    #[test]
    fn folders_below_the_common_one_are_kept() {
        assert_eq!(names(&["in/a/x.tif"]), ["x"]);
        assert_eq!(names(&["in/a/x.tif", "in/b/x.tif"]), ["a/x", "b/x"]);
        assert_eq!(names(&["in/x.tif", "in/b/c/x.tif"]), ["x", "b/c/x"]);
        assert_eq!(names(&["cfg/../in/a/x.tif", "cfg/../in/./b/y.tif"]), ["a/x", "b/y"]);
        assert_eq!(names(&["s3://one/x.zarr", "https://host/two/x.zarr"]), ["one/x", "host/two/x"]);
        assert_eq!(names(&["../../a/x.tif", "../b/y.tif"]), ["x", "b/y"]);
        assert_eq!(names(&["/a/x.tif", "b/x.tif"]), ["x_0", "x_1"]);
    }

    #[test]
    fn places_in_stores_are_kept_where_there_are_several() {
        assert_eq!(names(&["plate.zarr/A/1/0"]), ["plate"]);
        assert_eq!(names(&["plate.zarr/A/1/0", "plate.zarr/A/2/0"]), ["plate/A/1/0", "plate/A/2/0"]);
        assert_eq!(
            names(&["file:///d/p.zarr/a", "file:///d/p.zarr/b", "/d/c/q.h5/raw"]),
            ["p/a", "p/b", "c/q"]
        );
        let wells = ["d/plate.zarr/A/1/0/0", "d/plate.zarr/A/2/0/0"];
        assert_eq!(names_in("d/plate.zarr", &wells), ["plate/A/1/0", "plate/A/2/0"]);
        assert_eq!(names_in("g.zarr", &["g.zarr/a", "g.zarr/b"]), ["g/a", "g/b"]);
        assert_eq!(names_in("x.tif", &["x.tif/0", "x.tif/1"]), ["x_0", "x_1"]);
    }

    #[test]
    fn shared_names_get_numbers() {
        assert_eq!(names(&["x.tif", "x.npy", "x_1.tif"]), ["x_0", "x_1_", "x_1"]);
        assert_eq!(names(&["A/x.tif", "a/X.tif"]), ["A/x_0", "a/X_1"]);
    }

    proptest! {
        /// However files are called, names differ without regard to case and stay below the output folder.
        #[test]
        fn names_are_different(
            paths in prop::collection::btree_set("(/|\\.\\./)?([aAb]|p\\.zarr|\\.\\.)(/([aAb]|p\\.zarr|0)){0,3}(\\.tif|\\.npy)?", 1..12)
        ) {
            let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
            let names = names(&paths);
            let keys: BTreeSet<String> = names.iter().map(|name| name.to_lowercase()).collect();
            prop_assert_eq!(keys.len(), paths.len());
            for name in &names {
                let is_normal = |part| matches!(part, Component::Normal(_));
                prop_assert!(Path::new(name).components().all(is_normal), "{}", name);
            }
        }
    }
}
