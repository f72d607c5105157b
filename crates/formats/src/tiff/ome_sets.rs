//! OME-TIFFs of several files that are open, so that another file of one is opened alone and not with all the others again.
//!
//! Which files belong together, and that it does not matter which of them is opened, `ome_files` says.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use patchweave_stack::{FileId, StackError};

use super::file_pages::FilePages;
use super::ome::OmeImage;
use super::ome_files::{Document, Files, elsewhere};
use super::ome_images::OmeImages;
use super::ome_uuid::around_uuid;
use super::series::Series;
use crate::open_sets::OpenSet;
use crate::options::{MissingPlanes, OpenOptions};

/// The images that all files of a set have.
pub(super) struct OmeSet {
    document: Document,
    /// Every file of which it does not matter whether it is opened, and its UUID.
    members: HashMap<PathBuf, (FileId, String)>,
    limits: Limits,
    /// How many images the description has, and those of which something was written with their numbers.
    n_images: usize,
    series: Vec<(usize, Series)>,
}

impl std::fmt::Debug for OmeSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OmeSet").field("members", &self.members).finish_non_exhaustive()
    }
}

/// What decides how files are opened.
type Limits = (MissingPlanes, bool, bool);

fn limits(options: &OpenOptions) -> Limits {
    (options.missing_planes, options.links_outside, options.map_files)
}

/// The images of a file, if it belongs to a set that is open and is described as that is.
pub(super) fn known_series(opened: &FilePages, options: &OpenOptions) -> Option<OmeImages> {
    let path = key(opened.file.path());
    let set: Arc<OmeSet> = options.open_sets.of(path)?;
    let (id, uuid) = set.members.get(path)?;
    if *id != opened.file.id || set.limits != limits(options) {
        return None;
    }
    let described_by = set.document.describes(opened, uuid, options)?;
    let series = set.series.iter().map(|(number, series)| {
        let described_by = described_by.clone();
        let of_set = Some(Arc::clone(&set) as OpenSet);
        (*number, Ok(Series { described_by, of_set, ..series.clone() }))
    });
    Some(OmeImages { n_images: set.n_images, series: series.collect() })
}

/// Adds the images of a set that was opened, unless the file that was opened matters.
pub(super) fn add_set(
    files: &Files<'_>,
    images: &[OmeImage],
    found: &mut [(usize, Result<Series, StackError>)],
    options: &OpenOptions,
) {
    let Some(members) = files.members(images) else { return };
    let read = found.iter().map(|(number, series)| Some((*number, series.as_ref().ok()?.clone())));
    let Some(series) = read.collect::<Option<Vec<(usize, Series)>>>() else { return };
    let members: HashMap<PathBuf, (FileId, String)> =
        members.into_iter().map(|(path, member)| (key(&path).to_owned(), member)).collect();
    let document = files.document.clone();
    let n_images = images.len();
    let paths: Vec<PathBuf> = members.keys().cloned().collect();
    let set: OpenSet = Arc::new(OmeSet { document, members, limits: limits(options), n_images, series });
    for (_, series) in found {
        if let Ok(series) = series {
            series.of_set = Some(Arc::clone(&set));
        }
    }
    options.open_sets.add(set, paths.into_iter());
}

impl Document {
    /// The files that describe the images of an opened file of a set, if this is the document that it has or names.
    fn describes(&self, opened: &FilePages, uuid: &str, options: &OpenOptions) -> Option<Vec<FileId>> {
        let (own_uuid, [before, after]) = around_uuid(&opened.description);
        let opened_id = opened.file.id.clone();
        if let Document::Tiff { text, .. } = self
            && text.len() == before.len() + after.len()
            && text.starts_with(before)
            && text.ends_with(after)
        {
            return (own_uuid == uuid).then(|| vec![opened_id]);
        }
        let (path, id) = match self {
            Document::Tiff { path, id, .. } => (path, id),
            // Its own planes are found by its UUID.
            Document::Text { path, id } if own_uuid == uuid => (path, id),
            Document::Text { .. } => return None,
        };
        let named = elsewhere(opened, options)?;
        (named == *path && FileId::of(&named).ok()? == *id).then(|| vec![opened_id, id.clone()])
    }
}

/// A path as others write it too.
fn key(path: &Path) -> &Path {
    path.strip_prefix(".").unwrap_or(path)
}
