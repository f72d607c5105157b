//! Which array of which store an array is, whatever path led to it: links are followed to where its chunks are.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};

use zarrs::array::Array;

use super::node::ZarrVersion;
use super::store::{Store, ZarrsStorage};
use crate::identity::{Object, Pieces, Place, has_hard_links};
use crate::{FileId, Identity};

/// Chunks of an array that are looked at.
const N_PROBES: u64 = 8;

/// The keys by which an array is known in its store.
pub(super) struct ArrayKeys {
    /// The folder of the array; empty for the root.
    pub folder: String,
    pub metadata: String,
    /// Some of its chunks, whether they are there or not, the first one first.
    pub chunks: Vec<String>,
}

impl ArrayKeys {
    pub fn of(array: &Array<ZarrsStorage>, folder: &str, version: ZarrVersion) -> Self {
        let name = match version {
            ZarrVersion::V2 => ".zarray",
            ZarrVersion::V3 => "zarr.json",
        };
        let metadata = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
        let sizes = array.chunk_grid_shape();
        let n_chunks = sizes.iter().fold(1_u64, |n, &size| n.saturating_mul(size));
        let key = |probe: u64| {
            // Spread over the whole array; the numbers are not too large because a few of them are no more than all.
            let mut number = u128::from(n_chunks.saturating_sub(1)) * u128::from(probe)
                / u128::from(N_PROBES.saturating_sub(1).max(1));
            let mut place = vec![0; sizes.len()];
            for (at, &size) in place.iter_mut().zip(sizes).rev() {
                let size = u128::from(size.max(1));
                *at = u64::try_from(number % size).unwrap_or(0);
                number /= size;
            }
            array.chunk_key(&place).as_str().to_owned()
        };
        let mut chunks: Vec<String> = (0..N_PROBES).map(key).collect();
        chunks.dedup();
        ArrayKeys { folder: folder.to_owned(), metadata, chunks }
    }
}

/// The identity of an array of a store.
pub(super) fn identity(store: &dyn Store, keys: &ArrayKeys) -> Identity {
    store.array_identity(keys).beside(store.file_of(&keys.metadata))
}

/// A chunk's file as it is called in its array, where it really is, and which it is.
#[derive(Debug)]
struct ChunkFile {
    name: PathBuf,
    real: PathBuf,
    id: FileId,
    /// Whether it has other names too, links to names aside.
    is_shared: bool,
}

/// An array in a folder is this folder, wherever links to it are.
///
/// If chunks are links, behind links, or have other names too, it is all of their files: other arrays may have some of
/// them, and the folder says nothing. Whether that is so is seen by some chunks and the metadata.
pub(super) fn identity_in_folder(root: &Path, keys: &ArrayKeys) -> Identity {
    in_folder(root, keys).unwrap_or_else(|_| Identity::unknown())
}

fn in_folder(root: &Path, keys: &ArrayKeys) -> io::Result<Identity> {
    let folder = root.join(&keys.folder).canonicalize()?;
    let whole =
        |folder: &Path| Ok(Identity::of_object(Object { file: FileId::of(folder)?, place: Place::Whole }));
    let inside = |key: &str| key.strip_prefix(&keys.folder).unwrap_or(key).trim_start_matches('/').to_owned();
    let is_linked = |key: &String| {
        let real = root.join(key).canonicalize().ok().filter(|real| real.is_file());
        real.is_some_and(|real| real != folder.join(inside(key)) || has_hard_links(&real))
    };
    if !has_hard_links(&root.join(&keys.metadata)) && !keys.chunks.iter().any(is_linked) {
        return whole(&folder);
    }
    let depth = keys.chunks.first().map_or(1, |key| inside(key).split('/').count());
    let files = chunk_files(&folder, depth)?;
    let Some(first) = files.first() else { return whole(&folder) };
    // All of them may be those of one other folder, of which this one is another name.
    let other = first.real.ancestors().nth(first.name.components().count());
    let is_there = |file: &ChunkFile, other: &Path| !file.is_shared && file.real == other.join(&file.name);
    if let Some(other) = other.filter(|other| files.iter().all(|file| is_there(file, other)))
        && (other == folder || chunk_files(other, depth)?.len() == files.len())
    {
        return whole(other);
    }
    let mut hasher = DefaultHasher::new();
    let mut folders = BTreeSet::new();
    for file in &files {
        (&file.name, &file.id).hash(&mut hasher);
        for above in file.real.ancestors().skip(1) {
            // Where one was met, so were those above it.
            if !folders.insert(above) {
                break;
            }
        }
    }
    let object = Object { file: first.id.clone(), place: Place::Linked(hasher.finish()) };
    let folders = folders.into_iter().filter_map(|folder| FileId::of(folder).ok()).collect();
    let files = files.into_iter().map(|file| file.id).collect();
    Ok(Identity::of_object(object).in_pieces(Pieces { files, folders }))
}

/// All files below the folder of an array that are no metadata, by name; as many folders deep as chunks are.
fn chunk_files(folder: &Path, depth: usize) -> io::Result<Vec<ChunkFile>> {
    let mut files = Vec::new();
    let mut folders = vec![(PathBuf::new(), depth)];
    while let Some((inside, depth)) = folders.pop() {
        let real_folder = folder.join(&inside).canonicalize()?;
        for entry in fs::read_dir(&real_folder)? {
            let entry = entry?;
            let name = inside.join(entry.file_name());
            // Links to nowhere are told when they are read.
            let Ok(found) = fs::metadata(entry.path()) else { continue };
            if found.is_dir() {
                if depth > 1 {
                    folders.push((name, depth - 1));
                }
            } else if !is_metadata(&entry.file_name()) {
                let is_link = entry.file_type()?.is_symlink();
                let real = if is_link { entry.path().canonicalize()? } else { entry.path() };
                let id = FileId::of_metadata(&real, &found)?;
                files.push(ChunkFile { name, id, is_shared: has_hard_links(&real), real });
            }
        }
    }
    files.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

fn is_metadata(name: &OsStr) -> bool {
    name == "zarr.json" || name.as_encoded_bytes().starts_with(b".")
}
