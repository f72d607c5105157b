//! Other files that an HDF5 file links to: opened once, and only inside of its folder unless that is allowed.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use hdf5_reader::error::Error;
use hdf5_reader::{ExternalLinkResolver, FileStorage, Hdf5File, Storage, StorageBuffer};
use tracing::trace_span;

use super::folder_of;
use crate::OpenOptions;
use crate::mapped::MappedFile;
use crate::read_cost::{has_read, reading};

/// Opens a file and those it links to.
pub(super) struct Linked {
    folder: PathBuf,
    options: OpenOptions,
    opened: Mutex<HashMap<PathBuf, Hdf5File>>,
    is_used: AtomicBool,
    /// The file of the link that was followed last.
    last: Mutex<Option<PathBuf>>,
}

/// A file that is not mapped, whose reads are booked as such.
struct MeteredFile(FileStorage);

impl Storage for MeteredFile {
    fn len(&self) -> u64 {
        self.0.len()
    }

    fn read_range(&self, offset: u64, len: usize) -> Result<StorageBuffer, Error> {
        let _span = trace_span!("read", start = offset, len).entered();
        let read = reading(|| self.0.read_range(offset, len))?;
        has_read(len);
        Ok(read)
    }
}

/// A mapped file as the reader takes it.
struct Bytes(Arc<MappedFile>);

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        self.0.bytes()
    }
}

impl Linked {
    pub fn new(path: &Path, options: &OpenOptions) -> Self {
        Linked {
            folder: folder_of(path).to_owned(),
            options: options.clone(),
            opened: Mutex::default(),
            is_used: AtomicBool::new(false),
            last: Mutex::default(),
        }
    }

    /// Whether any link to another file was followed.
    pub fn is_used(&self) -> bool {
        self.is_used.load(Ordering::Relaxed)
    }

    /// Looks something up, and says which other file links led to, if any.
    pub fn follows<T>(&self, look_up: impl FnOnce() -> T) -> (T, Option<PathBuf>) {
        let last = || self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last() = None;
        let found = look_up();
        let path = last().take();
        (found, path)
    }

    /// Opens the file that is read itself, and maps it if that is wanted.
    pub fn open(self: &Arc<Self>, path: &Path) -> Result<(Hdf5File, Option<Arc<MappedFile>>), Error> {
        self.open_with(path, Some(Arc::new(Resolver(Arc::clone(self)))))
    }

    fn open_with(
        &self,
        path: &Path,
        resolver: Option<Arc<dyn ExternalLinkResolver>>,
    ) -> Result<(Hdf5File, Option<Arc<MappedFile>>), Error> {
        let limit = self.options.decoded_chunk_bytes;
        let options = hdf5_reader::OpenOptions {
            // Decoded chunks are kept in the cache that all images share.
            chunk_cache_bytes: 0,
            max_chunk_bytes: limit,
            max_read_bytes: limit,
            external_link_resolver: resolver,
            ..hdf5_reader::OpenOptions::default()
        };
        if !self.options.map_files {
            let storage = Arc::new(MeteredFile(FileStorage::open(path)?));
            return Ok((Hdf5File::from_storage_with_options(storage, options)?, None));
        }
        let map = Arc::new(MappedFile::open(path)?);
        Ok((Hdf5File::from_owner(Bytes(Arc::clone(&map)), options)?, Some(map)))
    }

    /// The file of a link, which counts from the folder of the file that has the link.
    fn follow(&self, name: &str) -> Result<Hdf5File, Error> {
        self.is_used.store(true, Ordering::Relaxed);
        let is_inside =
            Path::new(name).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        let path = self.folder.join(name);
        let refused = || {
            let message = format!("links to {name}, which is outside of the folder of the file");
            Error::Io(std::io::Error::new(std::io::ErrorKind::PermissionDenied, message))
        };
        if !self.options.links_outside && !is_inside {
            return Err(refused());
        }
        let failed = |source: std::io::Error| {
            let message = format!("links to {}, which cannot be opened: {source}", path.display());
            Error::Io(std::io::Error::new(source.kind(), message))
        };
        let real = path.canonicalize().map_err(failed)?;
        let folder = self.folder.canonicalize().map_err(failed)?;
        if !self.options.links_outside && !real.starts_with(&folder) {
            return Err(refused());
        }
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(real.clone());
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
