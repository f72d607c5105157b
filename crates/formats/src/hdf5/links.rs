//! Other files that an HDF5 file links to: opened once, and only inside of its folder unless that is allowed.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use hdf5_reader::error::Error;
use hdf5_reader::{ExternalLinkResolver, Hdf5File, Storage, StorageBuffer};

use super::filters;
use crate::{OpenOptions, PooledFile};

/// Opens a file and those it links to.
pub(super) struct Linked {
    folder: PathBuf,
    options: OpenOptions,
    opened: Mutex<HashMap<PathBuf, Hdf5File>>,
    is_used: AtomicBool,
}

/// A file as the reader takes it, which is open only as long as the pool keeps it.
///
/// It is never mapped for the reader, whose bytes would be gone if the file shrank.
struct Stored {
    file: Arc<PooledFile>,
    len: u64,
}

impl Storage for Stored {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_range(&self, offset: u64, len: usize) -> Result<StorageBuffer, Error> {
        let needed = len as u64;
        if offset.checked_add(needed).is_none_or(|end| end > self.len) {
            let available = self.len.saturating_sub(offset);
            return Err(Error::UnexpectedEof { offset, needed, available });
        }
        let mut bytes = vec![0; len];
        self.file.read_exact_at(&mut bytes, offset)?;
        Ok(StorageBuffer::from_vec(bytes))
    }
}

impl Linked {
    pub fn new(path: &Path, options: &OpenOptions) -> Self {
        Linked {
            folder: folder_of(path).to_owned(),
            options: options.clone(),
            opened: Mutex::default(),
            is_used: AtomicBool::new(false),
        }
    }

    /// Whether any link to another file was followed.
    pub fn is_used(&self) -> bool {
        self.is_used.load(Ordering::Relaxed)
    }

    /// The first of the files that links lead to of which something holds.
    pub fn find(&self, holds: impl Fn(&Hdf5File) -> bool) -> Option<Hdf5File> {
        let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.values().find(|file| holds(file)).cloned()
    }

    /// Where one of the files stands that links lead to.
    pub fn path_of(&self, file: &Hdf5File) -> Option<PathBuf> {
        let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let is_file = |(path, other): (&PathBuf, &Hdf5File)| {
            std::ptr::addr_eq(file.storage(), other.storage()).then(|| path.clone())
        };
        opened.iter().find_map(is_file)
    }

    /// Opens the file that is read itself; the second is it for reading in place, where that is wanted.
    pub fn open(self: &Arc<Self>, path: &Path) -> Result<(Hdf5File, Option<Arc<PooledFile>>), Error> {
        self.open_with(path, Some(Arc::new(Resolver(Arc::clone(self)))))
    }

    fn open_with(
        &self,
        path: &Path,
        resolver: Option<Arc<dyn ExternalLinkResolver>>,
    ) -> Result<(Hdf5File, Option<Arc<PooledFile>>), Error> {
        let limit = self.options.decoded_chunk_bytes;
        let options = hdf5_reader::OpenOptions {
            // Decoded chunks are kept in the cache that all images share.
            chunk_cache_bytes: 0,
            max_chunk_bytes: limit,
            max_read_bytes: limit,
            external_link_resolver: resolver,
            filter_registry: Some(filters::registry(limit)?),
            ..hdf5_reader::OpenOptions::default()
        };
        let file = Arc::new(self.options.files.file(path));
        let len = file.open()?.metadata()?.len();
        let in_place = file.may_map(self.options.map_files)?.then(|| Arc::clone(&file));
        Ok((Hdf5File::from_storage_with_options(Arc::new(Stored { file, len }), options)?, in_place))
    }

    /// The file of a link, which counts from the folder of the file that has the link.
    pub fn follow(&self, name: &str) -> Result<Hdf5File, Error> {
        self.is_used.store(true, Ordering::Relaxed);
        let name = Path::new(name);
        let failed = |path: &Path, source: std::io::Error| {
            let message = format!("links to {}, which cannot be opened: {source}", path.display());
            Error::Io(std::io::Error::new(source.kind(), message))
        };
        let refused = || {
            let message = format!("links to {}, which is outside of the folder of the file", name.display());
            Error::Io(std::io::Error::new(std::io::ErrorKind::PermissionDenied, message))
        };
        let leads_up = name.components().any(|part| part == Component::ParentDir);
        if leads_up && !self.options.links_outside {
            return Err(refused());
        }
        // A whole path is often that of the machine where the files were written. Then the file stands beside this one.
        let beside = name.file_name().filter(|_| name.is_absolute() && !name.exists());
        let path = self.folder.join(beside.map_or(name, Path::new));
        let real = path.canonicalize().map_err(|source| failed(&path, source))?;
        let folder = self.folder.canonicalize().map_err(|source| failed(&self.folder, source))?;
        if !self.options.links_outside && !real.starts_with(&folder) {
            return Err(refused());
        }
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = opened.get(&real) {
            return Ok(file.clone());
        }
        // Links of linked files are not followed, so that there are no circles.
        let (file, _) = self.open_with(&real, None)?;
        opened.insert(real, file.clone());
        Ok(file)
    }
}

/// What the reader asks for the file of a link.
struct Resolver(Arc<Linked>);

impl ExternalLinkResolver for Resolver {
    fn resolve_external_link(&self, filename: &str) -> Result<Option<Hdf5File>, Error> {
        self.0.follow(filename).map(Some)
    }
}

/// The folder of a file.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}
