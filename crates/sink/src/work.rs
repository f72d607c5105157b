//! Where an image is made until it is whole: bytes under names, each put there at once.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::io_error;
use crate::leftovers::NEW;
use crate::memory_work::{MemoryWork, this_process};
use crate::{SinkError, Syncing};

/// Files that are being written and have no name yet.
const SCRATCH: &str = "scratch";
/// Held by whoever puts the output together.
const ALONE: &str = "alone";
/// Files that are put under a name.
const FILES: &str = "work";

/// Where an image is made until it is whole, as those see it who write it: a folder, or the memory of the process.
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
    place: Place,
    durability: crate::Durability,
}

#[derive(Debug, Clone)]
enum Place {
    Folder { folder: PathBuf, output: PathBuf },
    Memory(Arc<MemoryWork>),
}

impl Work {
    /// Work in a folder on what will stand at `target`.
    #[must_use]
    pub fn new(target: &Path, folder: &Path, durability: crate::Durability) -> Self {
        let place = Place::Folder { folder: folder.into(), output: folder.join(NEW) };
        Work { target: target.into(), place, durability }
    }

    /// Work in memory on what is called `target`.
    pub(crate) fn in_memory(target: &Path, work: Arc<MemoryWork>) -> Self {
        Work { target: target.into(), place: Place::Memory(work), durability: crate::Durability::None }
    }

    /// The same work with its output under another name in the folder, of which the real output is made at the end.
    #[must_use]
    pub fn with_output(&self, name: &str) -> Self {
        let mut work = self.clone();
        if let Place::Folder { folder, output } = &mut work.place {
            *output = folder.join(name);
        }
        work
    }

    /// What is made in memory, if it is.
    pub(crate) fn memory(&self) -> Option<&MemoryWork> {
        if let Place::Memory(work) = &self.place { Some(work) } else { None }
    }

    /// Where the image will stand; messages call it so.
    #[must_use]
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Where the image is made: what stands here gets the final name. Empty for an image in memory.
    #[must_use]
    pub fn output(&self) -> PathBuf {
        if let Place::Folder { output, .. } = &self.place { output.clone() } else { PathBuf::new() }
    }

    /// Where the bytes under a name are, to be changed in place. Empty for an image in memory.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.in_folder(FILES).join(name)
    }

    fn in_folder(&self, name: &str) -> PathBuf {
        if let Place::Folder { folder, .. } = &self.place { folder.join(name) } else { PathBuf::new() }
    }

    /// Puts bytes under a name, `/` between its parts; whoever looks sees all of them or what was there before.
    ///
    /// # Errors
    /// [`SinkError::Io`].
    pub fn put(&self, name: &str, bytes: &[u8]) -> Result<(), SinkError> {
        match self.memory() {
            Some(work) => {
                work.put(name, bytes);
                Ok(())
            }
            None => self.put_at(&self.file(name), bytes),
        }
    }

    /// As [`put`](Self::put), for a file of the output.
    ///
    /// # Errors
    /// [`SinkError::Io`].
    pub fn put_output(&self, name: &str, bytes: &[u8]) -> Result<(), SinkError> {
        self.put_at(&self.output().join(name), bytes)
    }

    fn put_at(&self, path: &Path, bytes: &[u8]) -> Result<(), SinkError> {
        self.put_file(path, bytes).map_err(|source| self.failed("write", source))
    }

    /// Puts bytes into a file in one step; creates the folders above it.
    pub(crate) fn put_file(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let root = self.in_folder("");
        let scratch = self.in_folder(SCRATCH);
        // Processes of several machines may have one number, and forked ones one name.
        let temporary = scratch.join(format!("{:016x}-{}-{number}", this_process(), std::process::id()));
        with_folder(&root, &scratch, || fs::write(&temporary, bytes))?;
        let named = Syncing::new(self.durability).file(&temporary).and_then(|()| {
            with_folder(&root, path.parent().unwrap_or(&root), || fs::rename(&temporary, path))
        });
        named.inspect_err(|_| fs::remove_file(&temporary).unwrap_or_default())
    }

    /// The bytes under a name; `None` if there are none.
    ///
    /// # Errors
    /// [`SinkError::Io`].
    pub fn get(&self, name: &str) -> Result<Option<Vec<u8>>, SinkError> {
        if let Some(work) = self.memory() {
            return Ok(work.get(name).map(|bytes| bytes.to_vec()));
        }
        match fs::read(self.file(name)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(self.failed("read", source)),
        }
    }

    /// Fills a buffer with a part of the bytes under a name.
    pub(crate) fn read_part(&self, name: &str, start: u64, part: &mut [u8]) -> io::Result<()> {
        let Some(work) = self.memory() else {
            let mut file = File::open(self.file(name))?;
            file.seek(SeekFrom::Start(start))?;
            return file.read_exact(part);
        };
        let bytes = work.get(name).ok_or(ErrorKind::NotFound)?;
        let found = usize::try_from(start).ok().and_then(|start| bytes.get(start..)?.get(..part.len()));
        part.copy_from_slice(found.ok_or(ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    /// The file under a name, to be read in parts; `None` if there is none, as in memory.
    pub(crate) fn open(&self, name: &str) -> Result<Option<File>, SinkError> {
        if self.memory().is_some() {
            return Ok(None);
        }
        match File::open(self.file(name)) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(self.failed("read", source)),
        }
    }

    /// Whether there is something under a name.
    ///
    /// # Errors
    /// [`SinkError::Io`].
    pub fn has(&self, name: &str) -> Result<bool, SinkError> {
        if let Some(work) = self.memory() {
            return Ok(work.get(name).is_some());
        }
        self.file(name).try_exists().map_err(|source| self.failed("read", source))
    }

    /// Puts an empty file under a name.
    pub(crate) fn mark(&self, name: &str) -> Result<(), SinkError> {
        if let Some(work) = self.memory() {
            work.put(name, &[]);
            return Ok(());
        }
        let path = self.file(name);
        let root = self.in_folder("");
        let marked = with_folder(&root, path.parent().unwrap_or(&root), || File::create(&path));
        marked.map(drop).map_err(|source| self.failed("write", source))
    }

    /// Removes what is under a name, if there is something.
    ///
    /// # Errors
    /// [`SinkError::Io`].
    pub fn remove(&self, name: &str) -> Result<(), SinkError> {
        if let Some(work) = self.memory() {
            work.remove(name);
            return Ok(());
        }
        match fs::remove_file(self.file(name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(self.failed("write", error)),
            _ => Ok(()),
        }
    }

    /// Brings what was written in place to the disk before it is marked, as far as that is asked for: a mark must not outlive
    /// its pixels.
    pub(crate) fn sync(&self, file: &File) -> io::Result<()> {
        Syncing::new(self.durability).open_file(&self.target, file)
    }

    /// The same for an output that is a file.
    pub(crate) fn sync_output(&self) -> Result<(), SinkError> {
        Syncing::new(self.durability).file(&self.output()).map_err(|source| self.failed("write", source))
    }

    /// Waits until nobody else puts the output together, for as long as what is returned lives.
    pub(crate) fn alone(&self) -> Result<Option<File>, SinkError> {
        if self.memory().is_some() {
            return Ok(None);
        }
        let path = self.in_folder(ALONE);
        let locked = File::create(path).and_then(|file| {
            match file.lock() {
                // Where the file system cannot lock, there is one who completes.
                Err(error) if error.kind() != ErrorKind::Unsupported => return Err(error),
                _ => {}
            }
            Ok(file)
        });
        locked.map(Some).map_err(|source| self.failed("lock the work on", source))
    }

    /// The error of an action on the image that the file system refused.
    #[must_use]
    pub fn failed(&self, action: &'static str, source: io::Error) -> SinkError {
        io_error(action, &self.target)(source)
    }
}

/// Does something in a folder below the root, which is made if that fails without it; what has lost its root is lost.
fn with_folder<T>(root: &Path, folder: &Path, act: impl Fn() -> io::Result<T>) -> io::Result<T> {
    match act() {
        Err(error) if error.kind() == ErrorKind::NotFound && root.is_dir() => {
            fs::create_dir_all(folder)?;
            act()
        }
        done => done,
    }
}
