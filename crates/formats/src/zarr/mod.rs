//! Zarr v2 and v3 arrays and OME-Zarr images: in a folder, in a zip file, or behind a URL.

mod array;
mod array_keys;
mod beside;
mod chunk_names;
mod chunks;
mod codec_names;
mod codec_settings;
mod decode_error;
mod decoder;
mod error;
mod fill;
mod form;
mod grid;
mod hierarchy;
mod identity;
mod json;
mod listed;
mod local;
mod location;
mod members;
mod metadata;
mod node;
mod ome;
mod ome_axes;
mod ome_channels;
mod ome_space;
#[cfg(feature = "remote")]
mod remote;
mod seen;
mod shard;
mod shard_files;
mod store;
mod version;
mod witness;
mod zipped;

use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;

use patchweave_files::check_path;
use patchweave_stack::StackError;

use self::array::{ArrayOpener, MAX_REQUESTS};
use self::hierarchy::{FoundImage, Hierarchy};
use self::local::FolderStore;
pub use self::location::ZarrUri;
use self::location::{Location, StoreLocation};
use self::node::{child_names, read_node};
#[cfg(feature = "remote")]
use self::remote::RemoteStore;
use self::store::Store;
use self::zipped::ZipStore;
use crate::request::Pyramid;
use crate::{Format, OpenOptions, OpenRequest};

/// Zarr v2 and v3 arrays and OME-Zarr images.
///
/// A path names an array, an OME-Zarr image, a plate, a well or another collection of images, or every array of a
/// group, names sorted as strings. The store is a zip file, or the outermost folder of the path whose name ends in
/// `.zarr`, or the path itself. Missing chunks read as the fill value, as long as the store's own metadata is there. The chunks inside of a shard are read one by one.
pub(crate) struct ZarrFormat;

impl Format for ZarrFormat {
    fn name(&self) -> &str {
        crate::FileFormat::Zarr.name()
    }

    fn extensions(&self) -> &[&str] {
        crate::FileFormat::Zarr.extensions()
    }

    fn open(&self, request: &OpenRequest<'_>) -> Result<Vec<Pyramid>, StackError> {
        let Location { store, node } = Location::of(request.path)?;
        let store = open_store(&store, request.options)?;
        let mut hierarchy = Hierarchy::new(store.as_ref());
        let images = hierarchy.find(&node)?;
        let opener = ArrayOpener {
            store: store.clone(),
            axes: request.wanted_axes(),
            options: request.options,
            n_requests: Cell::new(MAX_REQUESTS),
        };
        let mut open_image = |image: &FoundImage| {
            let levels = &image.levels;
            let got = levels.len();
            let n_levels = request.n_levels.unwrap_or(got).max(1);
            let wanted = levels.get(..n_levels).ok_or_else(|| StackError::TooFewLevels {
                stack: store.name(levels.first().map_or("", |level| level.path.trim_start_matches('/'))),
                got,
                expected: n_levels,
            })?;
            let open = |level| opener.open(level, image, &hierarchy.required(&level.path)?);
            wanted.iter().map(open).collect()
        };
        images.iter().map(&mut open_image).collect()
    }
}

/// The names of labels that a group of them lists, or else of the groups in it; none where there is no group.
pub(crate) fn label_names(path: &Path, options: &OpenOptions) -> Result<Vec<String>, StackError> {
    let Location { store, node } = Location::of(path)?;
    if let StoreLocation::Folder(folder) = &store
        && !folder.is_dir()
    {
        return Ok(Vec::new());
    }
    let store = open_store(&store, options)?;
    let Some(group) = read_node(store.as_ref(), &node, None)? else { return Ok(Vec::new()) };
    if let Some(names) = ome::names_in(&group.attributes, "labels") {
        return Ok(names);
    }
    let names = child_names(store.as_ref(), &node, &group)?;
    Ok(names.into_iter().flatten().collect())
}

fn open_store(location: &StoreLocation, options: &OpenOptions) -> Result<Arc<dyn Store>, StackError> {
    if let StoreLocation::Zip(path) | StoreLocation::Folder(path) = location {
        check_path(path).map_err(StackError::Path)?;
    }
    let failed =
        |path: &Path, action, source| StackError::Io { stack: path.display().to_string(), action, source };
    Ok(match location {
        #[cfg(feature = "remote")]
        StoreLocation::Url(url) => Arc::new(RemoteStore::new(url, &options.remote)?),
        #[cfg(not(feature = "remote"))]
        StoreLocation::Url(url) => {
            return Err(StackError::Unsupported {
                stack: url.clone(),
                what: "reading over the network".to_owned(),
                hint: "build patchweave with the feature remote",
            });
        }
        StoreLocation::Zip(path) => {
            let store = ZipStore::new(path, &options.files);
            Arc::new(store.map_err(|error| error.at(&path.display().to_string(), "the zip file"))?)
        }
        StoreLocation::Folder(path) if path.is_file() => {
            return Err(StackError::Unsupported {
                stack: path.display().to_string(),
                what: "a file read as Zarr".to_owned(),
                hint: "name a Zarr store, which is a folder or a zip file, or use data_type tiff for a TIFF",
            });
        }
        StoreLocation::Folder(path) => {
            let store = FolderStore::new(path, options.links_outside, options.files.clone());
            Arc::new(store.map_err(|source| failed(path, "open the folder", source))?)
        }
    })
}
