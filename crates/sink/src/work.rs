//! Where an image is made until it is whole: bytes under names, each put there at once.

use std::any::Any;
use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::SinkError;
use crate::error::io_error;
use crate::folder_work::FolderWork;
use crate::memory_work::MemoryWork;
use crate::work_place::WorkPlace;

/// Where an image is made until it is whole, as those see it who write it: a folder, an object store, or the memory of the
/// process.
///
/// ```
/// use patchweave_sink::{Syncing, Work};
///
/// let folder = tempfile::tempdir()?;
/// let work = Work::new("image.tif".as_ref(), folder.path(), Default::default());
/// assert_eq!(work.get("strips/7")?, None);
/// work.put("strips/7", b"bytes")?;
/// assert_eq!(work.get("strips/7")?.as_deref(), Some(&b"bytes"[..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Work {
    target: PathBuf,
    place: Arc<dyn WorkPlace>,
}

impl Work {
    /// Work in a folder on what will stand at `target`.
    #[must_use]
    pub fn new(target: &Path, folder: &Path, durability: crate::Durability) -> Self {
        Self::at(target, Arc::new(FolderWork::new(folder, durability)))
    }

    /// Work in a folder that others go on with, on other machines or after a restart of this one.
    pub(crate) fn lasting(target: &Path, folder: &Path, durability: crate::Durability) -> Self {
        Self::at(target, Arc::new(FolderWork::lasting(folder, durability)))
    }

    /// Work at any place on what will stand at `target`, or is called so in memory.
    pub(crate) fn at(target: &Path, place: Arc<dyn WorkPlace>) -> Self {
        Work { target: target.into(), place }
    }

    /// The same work with its output under another name in the folder, of which the real output is made at the end.
    #[must_use]
    pub fn with_output(&self, name: &str) -> Self {
        let folder = self.folder().map(|folder| folder.with_output(name));
        folder.map_or_else(|| self.clone(), |folder| Self::at(&self.target, Arc::new(folder)))
    }

    /// The folder that the image is made in, if it is one.
    pub(crate) fn folder(&self) -> Option<&FolderWork> {
        (self.place.as_ref() as &dyn Any).downcast_ref()
    }

    /// What is made in memory, if it is.
    pub(crate) fn memory(&self) -> Option<&MemoryWork> {
        (self.place.as_ref() as &dyn Any).downcast_ref()
    }

    /// Where the image will stand; messages call it so.
    #[must_use]
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Where the image is made: what stands here gets the final name. In an object store it has that already, for an image
    /// in memory it is empty.
    #[must_use]
    pub fn output(&self) -> PathBuf {
        self.place.output(&self.target)
    }

    /// Where the bytes under a name are, to be changed in place. Empty where that is no file.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder().map(|folder| folder.file(name)).unwrap_or_default()
    }

    /// Puts bytes under a name, `/` between its parts; whoever looks sees all of them or what was there before.
    ///
    /// # Errors
    /// [`SinkError::Io`].
    pub fn put(&self, name: &str, bytes: &[u8]) -> Result<(), SinkError> {
        self.place.put(name, bytes).map_err(|source| self.failed("write", source))
    }

    /// As [`put`](Self::put), for a file of the output.
    ///
    /// # Errors
    /// [`SinkError::Io`].
    pub fn put_output(&self, name: &str, bytes: &[u8]) -> Result<(), SinkError> {
        self.place.put_output(name, bytes).map_err(|source| self.failed("write", source))
    }

    /// The bytes under a name; `None` if there are none.
    ///
    /// # Errors
    /// [`SinkError::Io`].
    pub fn get(&self, name: &str) -> Result<Option<Vec<u8>>, SinkError> {
        self.place.get(name).map_err(|source| self.failed("read", source))
    }

    /// What keeps the bytes, for those who tell its errors themselves.
    pub(crate) fn place(&self) -> &dyn WorkPlace {
        self.place.as_ref()
    }

    /// The file under a name, to be read in parts; `None` if there is none, as in memory.
    pub(crate) fn open(&self, name: &str) -> Result<Option<File>, SinkError> {
        let opened = self.folder().map_or(Ok(None), |folder| folder.open(name));
        opened.map_err(|source| self.failed("read", source))
    }

    /// Whether there is something under a name.
    ///
    /// # Errors
    /// [`SinkError::Io`].
    pub fn has(&self, name: &str) -> Result<bool, SinkError> {
        self.place.has(name).map_err(|source| self.failed("read", source))
    }

    /// All names in a folder and below, in alphabetical order.
    ///
    /// # Errors
    /// [`SinkError::Io`].
    pub fn names(&self, folder: &str) -> Result<BTreeSet<String>, SinkError> {
        self.place.names(folder).map_err(|source| self.failed("read", source))
    }

    /// Puts nothing under a name, which says that something was done.
    ///
    /// # Errors
    /// [`SinkError::Io`], and [`SinkError::TakenOver`] if somebody has started the image anew: what was done may be lost.
    pub(crate) fn mark(&self, name: &str) -> Result<(), SinkError> {
        self.place.mark(name).map_err(|source| self.failed("write", source))?;
        self.check_owned()
    }

    /// Whether the image is still that of this job.
    ///
    /// # Errors
    /// [`SinkError::TakenOver`] if not, [`SinkError::Io`].
    pub(crate) fn check_owned(&self) -> Result<(), SinkError> {
        match self.place.is_owned().map_err(|source| self.failed("read", source))? {
            true => Ok(()),
            false => Err(SinkError::TakenOver { path: self.target.clone() }),
        }
    }

    /// Removes what is under a name, if there is something.
    ///
    /// # Errors
    /// [`SinkError::Io`].
    pub fn remove(&self, name: &str) -> Result<(), SinkError> {
        self.place.remove(name).map_err(|source| self.failed("write", source))
    }

    /// Brings what was written in place to the disk before it is marked, as far as that is asked for: a mark must not outlive
    /// its pixels.
    pub(crate) fn sync(&self, file: &File) -> io::Result<()> {
        self.folder().map_or(Ok(()), |folder| folder.sync(&self.target, file))
    }

    /// The same for an output that is a file.
    pub(crate) fn sync_output(&self) -> Result<(), SinkError> {
        let synced = self.folder().map_or(Ok(()), |folder| folder.sync_output(&self.target));
        synced.map_err(|source| self.failed("write", source))
    }

    /// Waits until nobody else puts the output together, for as long as what is returned lives.
    pub(crate) fn alone(&self) -> Result<Option<File>, SinkError> {
        self.place.alone().map_err(|source| self.failed("lock the work on", source))
    }

    /// The error of an action on the image that the file system refused.
    #[must_use]
    pub fn failed(&self, action: &'static str, source: io::Error) -> SinkError {
        io_error(action, &self.target)(source)
    }
}
