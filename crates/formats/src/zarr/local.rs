//! A Zarr in a folder.

use std::collections::HashSet;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use patchweave_files::{BadPath, check_path, open_file, open_looked_at};
use patchweave_memory::Lru;
use patchweave_stack::read_cost::reading;
use patchweave_stack::{FileId, Identity};
use tracing::trace_span;

use super::array_keys::ArrayKeys;
use super::identity::identity_in_folder;
use super::store::{Part, Store, StoreError, check_key, within};
use crate::file_pool::read_exact_at;
use crate::mapped::OpenFile;
use crate::{FilePool, PooledFile};

/// The files of a folder.
///
/// Nothing is read behind a link that leads out of the root, be it a folder or a file, unless that is allowed.
pub(super) struct FolderStore {
    root: PathBuf,
    /// The root without links; `None` if links may lead anywhere.
    real_root: Option<PathBuf>,
    /// Folders that are known to be inside of the root.
    inside: Mutex<HashSet<String>>,
    /// What keeps files open.
    files: FilePool,
    /// Files that were read in parts, such as shards, and will be again.
    shards: Mutex<Lru<String, Arc<PooledFile>>>,
}

/// Files that are remembered to be read in parts; how many of them are open is up to the pool.
const MAX_SHARDS: usize = 64;

/// Any of these makes a folder an array or a group.
const NODES: [&str; 3] = ["zarr.json", ".zarray", ".zgroup"];

/// Folders that are remembered at a time.
const MAX_REMEMBERED: usize = 4096;

/// What looking for links told of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Nothing,
    File,
    NotSure,
}

impl FolderStore {
    pub fn new(root: &Path, links_outside: bool, files: FilePool) -> io::Result<Self> {
        let real = fs::canonicalize(root)?;
        if !fs::metadata(&real)?.is_dir() {
            return Err(ErrorKind::NotADirectory.into());
        }
        let real_root = (!links_outside).then_some(real);
        Ok(FolderStore {
            root: root.to_owned(),
            real_root,
            inside: Mutex::default(),
            files,
            shards: Mutex::default(),
        })
    }

    /// Refuses files behind links out of the root, and says what was seen on the way.
    fn admit_file(&self, key: &str) -> Result<Seen, StoreError> {
        if self.real_root.is_none() {
            return Ok(Seen::NotSure);
        }
        self.admit_folder(key.rsplit_once('/').map_or("", |(folder, _)| folder))?;
        match fs::symlink_metadata(self.root.join(key)) {
            Ok(found) if found.is_file() => Ok(Seen::File),
            Ok(found) if found.is_symlink() => self.admit(key).map(|_| Seen::NotSure),
            Err(error) if is_absent(&error) => Ok(Seen::Nothing),
            // Opening says what is wrong.
            Ok(_) | Err(_) => Ok(Seen::NotSure),
        }
    }

    /// Reads a part of a file whose key was checked; `None` if there is no such file.
    fn read_file(&self, key: &str, part: Part, limit: u64) -> Result<Option<Vec<u8>>, StoreError> {
        let seen = self.admit_file(key)?;
        let path = self.root.join(key);
        // A shard is read again for the next chunk, a chunk is not.
        let opened = match part {
            _ if seen == Seen::Nothing => return nothing_at(&path).map(|()| None),
            Part::Whole if seen == Seen::File => open_looked_at(&path).map(OpenFile::new).map(Arc::new),
            Part::Whole => open_file(&path).map(OpenFile::new).map(Arc::new),
            Part::Range { .. } | Part::Suffix(_) => self.shard(key).open(),
        };
        let file = match opened {
            Ok(file) => file,
            // A folder is no file of the store.
            Err(error) if error.kind() == ErrorKind::IsADirectory => return Ok(None),
            Err(error) if is_absent(&error) => return nothing_at(&path).map(|()| None),
            Err(error) => return Err(error.into()),
        };
        let (start, len) = within(part, file.metadata()?.len(), limit)?;
        let mut bytes = vec![0; len];
        read_exact_at(&file, &mut bytes, start)?;
        Ok(Some(bytes))
    }

    /// A file that is read in parts, which stays open for the next one.
    fn shard(&self, key: &str) -> Arc<PooledFile> {
        let mut shards = self.shards.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = shards.get(key) {
            return file.clone();
        }
        let oldest = if shards.len() >= MAX_SHARDS { shards.pop_oldest() } else { None };
        let file = Arc::new(self.files.file(&self.root.join(key)));
        shards.insert(key.to_owned(), file.clone(), 1);
        drop(shards);
        // Closing may take long, where a server is slow.
        drop(oldest);
        file
    }

    fn admit_folder(&self, folder: &str) -> Result<(), StoreError> {
        let remembered = || self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered().contains(folder) || !self.admit(folder)? {
            return Ok(());
        }
        let mut inside = remembered();
        if inside.len() >= MAX_REMEMBERED {
            inside.clear();
        }
        inside.insert(folder.to_owned());
        Ok(())
    }

    /// Whether there is something at a path, which may not be outside of the root.
    fn admit(&self, path: &str) -> Result<bool, StoreError> {
        let Some(root) = &self.real_root else { return Ok(true) };
        let path = self.root.join(path);
        match fs::canonicalize(&path) {
            Ok(real) if real.starts_with(root) => Ok(true),
            Ok(_) => Err(StoreError::Outside { path: path.display().to_string() }),
            Err(error) if is_absent(&error) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// Whether the error says that there is nothing, rather than that something cannot be had.
fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// Makes sure that nothing stands at a path, rather than a link whose end is missing, there or at a folder above it.
///
/// A drive that is gone and a file that was not fetched (git-annex, DVC) look like this, and are no chunks to fill.
fn nothing_at(path: &Path) -> Result<(), StoreError> {
    match check_path(path) {
        Err(link @ BadPath::DanglingLink { .. }) => Err(StoreError::Dangling(link)),
        Ok(()) | Err(_) => Ok(()),
    }
}

impl Store for FolderStore {
    fn read(&self, key: &str, part: Part, limit: u64) -> Result<Option<Vec<u8>>, StoreError> {
        check_key(key)?;
        let _span = trace_span!("read", file = key).entered();
        reading(|| self.read_file(key, part, limit))
    }

    fn folders(&self, folder: &str) -> Result<Option<Vec<String>>, StoreError> {
        let mut names = Vec::new();
        self.admit_folder(folder)?;
        for entry in fs::read_dir(self.root.join(folder))? {
            let entry = entry?;
            let path = entry.path();
            if !fs::metadata(&path).is_ok_and(|metadata| metadata.is_dir()) {
                continue;
            }
            match entry.file_name().into_string() {
                Ok(name) => names.push(name),
                // Keys are text: nobody can ask for an array of such a name, which must not be passed over.
                Err(_) if NODES.iter().any(|metadata| path.join(metadata).exists()) => {
                    let message =
                        format!("the name of {} is not UTF-8, as names in a Zarr have to be", path.display());
                    return Err(io::Error::new(ErrorKind::InvalidData, message).into());
                }
                Err(_) => {}
            }
        }
        Ok(Some(names))
    }

    fn exists(&self, key: &str) -> Result<bool, StoreError> {
        check_key(key)?;
        let path = self.root.join(key);
        match fs::metadata(&path) {
            Ok(found) => Ok(!found.is_dir()),
            Err(error) if is_absent(&error) => nothing_at(&path).map(|()| false),
            Err(error) => Err(error.into()),
        }
    }

    fn entries(&self, folder: &str, each: &mut dyn FnMut(&str, bool) -> bool) -> Result<bool, StoreError> {
        self.admit_folder(folder)?;
        let folder = self.root.join(folder);
        let listed = match fs::read_dir(&folder) {
            Ok(listed) => listed,
            Err(error) if is_absent(&error) => return nothing_at(&folder).map(|()| true),
            Err(error) => return Err(error.into()),
        };
        for entry in listed {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let kind = entry.file_type()?;
            let is_folder = if kind.is_symlink() {
                match fs::metadata(entry.path()) {
                    Ok(found) => found.is_dir(),
                    Err(error) if is_absent(&error) => {
                        nothing_at(&entry.path())?;
                        // It went away just now.
                        continue;
                    }
                    Err(_) => false,
                }
            } else {
                kind.is_dir()
            };
            if !each(&name, is_folder) {
                break;
            }
        }
        Ok(true)
    }

    fn name(&self, key: &str) -> String {
        let path = if key.is_empty() { self.root.clone() } else { self.root.join(key) };
        path.display().to_string()
    }

    fn array_identity(&self, keys: &ArrayKeys) -> Identity {
        identity_in_folder(&self.root, keys)
    }

    fn file_of(&self, key: &str) -> Option<FileId> {
        FileId::of(&self.root.join(key)).ok()
    }
}

#[cfg(test)]
mod tests {
    #[cfg(unix)]
    #[test]
    fn arrays_whose_names_are_no_text_are_told() {
        use std::os::unix::ffi::OsStrExt;

        use super::*;

        let folder = tempfile::tempdir().unwrap();
        let odd = folder.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9"));
        fs::create_dir(folder.path().join("a")).unwrap();
        fs::create_dir(&odd).unwrap();
        let store = FolderStore::new(folder.path(), false, FilePool::new(1)).unwrap();
        assert_eq!(store.folders("").unwrap().unwrap(), ["a"], "nothing of a Zarr");
        fs::write(odd.join("zarr.json"), "{}").unwrap();
        assert!(
            matches!(store.folders("").unwrap_err(), StoreError::Io(error) if error.to_string().contains("UTF-8"))
        );
    }
}
