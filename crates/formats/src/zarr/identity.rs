//! Which array of which store an array is, whatever path led to it: links are followed to where its chunks are.

use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};

use patchweave_stack::{ArrayPlace, FileId, Identity, Pieces, StoredArray};

use super::array_keys::ArrayKeys;
use super::store::Store;

/// Files of an array that are compared with those of others.
const MOST_LISTED: usize = 1 << 22;

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
/// If chunks are links, behind links, or have other names too, it is all of their files. Whether that is so is seen by some
/// chunks and the metadata; whoever looks for what two arrays have in common compares all files of both.
pub(super) fn identity_in_folder(root: &Path, keys: &ArrayKeys) -> Identity {
    in_folder(root, keys).unwrap_or_else(|_| Identity::unknown())
}

fn in_folder(root: &Path, keys: &ArrayKeys) -> io::Result<Identity> {
    let folder = root.join(&keys.folder).canonicalize()?;
    let inside = |key: &str| key.strip_prefix(&keys.folder).unwrap_or(key).trim_start_matches('/').to_owned();
    let depth = keys.chunks.first().map_or(1, |key| inside(key).split('/').count());
    let is_linked = |key: &String| {
        let real = root.join(key).canonicalize().ok().filter(|real| real.is_file());
        real.is_some_and(|real| real != folder.join(inside(key)) || is_shared(&real))
    };
    if !is_shared(&root.join(&keys.metadata)) && !keys.chunks.iter().any(is_linked) {
        return whole(&folder, depth);
    }
    let files = chunk_files(&folder, depth)?;
    let Some(first) = files.first() else { return whole(&folder, depth) };
    // All of them may be those of one other folder, of which this one is another name.
    let other = first.real.ancestors().nth(first.name.components().count());
    let is_there = |file: &ChunkFile, other: &Path| !file.is_shared && file.real == other.join(&file.name);
    if let Some(other) = other.filter(|other| files.iter().all(|file| is_there(file, other)))
        && (other == folder || chunk_files(other, depth)?.len() == files.len())
    {
        return whole(other, depth);
    }
    let mut hasher = DefaultHasher::new();
    files.iter().for_each(|file| (&file.name, &file.id).hash(&mut hasher));
    let object = StoredArray { file: first.id.clone(), place: ArrayPlace::Linked(hasher.finish()) };
    let files = files.into_iter().map(|file| file.id).collect();
    Ok(Identity::of_object(object).in_pieces(Pieces::known(files)))
}

fn whole(folder: &Path, depth: usize) -> io::Result<Identity> {
    let object = StoredArray { file: FileId::of(folder)?, place: ArrayPlace::Whole };
    let folder = folder.to_owned();
    Ok(Identity::of_object(object).in_pieces(Pieces::listed_by(move || {
        let mut files = Vec::new();
        each_chunk_file(&folder, depth, &mut |_, path, found| {
            // Beyond that, arrays are told apart by their folders.
            if files.len() <= MOST_LISTED {
                files.push(FileId::of_metadata(path, found)?);
            }
            Ok(())
        })?;
        Ok(if files.len() > MOST_LISTED { Vec::new() } else { files })
    })))
}

fn is_shared(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| FileId::has_hard_links(&found))
}

fn chunk_files(folder: &Path, depth: usize) -> io::Result<Vec<ChunkFile>> {
    let mut files = Vec::new();
    each_chunk_file(folder, depth, &mut |name, path, found| {
        let real = if path.is_symlink() { path.canonicalize()? } else { path.to_owned() };
        let id = FileId::of_metadata(&real, found)?;
        files.push(ChunkFile { name, real, id, is_shared: FileId::has_hard_links(found) });
        Ok(())
    })?;
    files.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

/// Takes a file by its name in the folder of an array, its path behind links of folders, and what is known of it behind
/// all links.
type EachFile<'a> = dyn FnMut(PathBuf, &Path, &Metadata) -> io::Result<()> + 'a;

/// Goes through all files below the folder of an array that are no metadata, as many folders deep as chunks are.
fn each_chunk_file(folder: &Path, depth: usize, each: &mut EachFile<'_>) -> io::Result<()> {
    let mut folders = vec![(PathBuf::new(), depth)];
    while let Some((inside, depth)) = folders.pop() {
        for entry in fs::read_dir(folder.join(&inside).canonicalize()?)? {
            let entry = entry?;
            let name = inside.join(entry.file_name());
            let path = entry.path();
            // Links to nowhere are told when they are read.
            let Ok(found) = fs::metadata(&path) else { continue };
            if found.is_dir() {
                if depth > 1 {
                    folders.push((name, depth - 1));
                }
            } else if !is_metadata(&entry.file_name()) {
                each(name, &path, &found)?;
            }
        }
    }
    Ok(())
}

fn is_metadata(name: &OsStr) -> bool {
    name == "zarr.json" || name.as_encoded_bytes().starts_with(b".")
}
