//! The folder in which an image is made until it is whole: small files under names, each written at once.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::leftovers::NEW;
use crate::staging::io_error;
use crate::{SinkError, Syncing};

/// Files that are being written and have no name yet.
const SCRATCH: &str = "scratch";
/// Files that are put under a name.
const FILES: &str = "work";

/// The folder in which an image is made until it is whole, as those see it who write it.
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
    folder: PathBuf,
    durability: crate::Durability,
}

impl Work {
    /// Work in a folder on what will stand at `target`.
    #[must_use]
    pub fn new(target: &Path, folder: &Path, durability: crate::Durability) -> Self {
        Work { target: target.into(), folder: folder.into(), durability }
    }

    /// Where the image will stand; messages call it so.
    #[must_use]
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Where the image is made: what stands here gets the final name.
    #[must_use]
    pub fn output(&self) -> PathBuf {
        self.folder.join(NEW)
    }

    /// Puts bytes under a name, `/` between its parts; whoever looks sees all of them or what was there before.
    ///
    /// # Errors
    /// [`SinkError::Io`].
    pub fn put(&self, name: &str, bytes: &[u8]) -> Result<(), SinkError> {
        self.put_at(&self.folder.join(FILES).join(name), bytes)
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
        let scratch = self.folder.join(SCRATCH);
        let temporary = scratch.join(format!("{}-{number}", std::process::id()));
        with_folder(&scratch, || fs::write(&temporary, bytes))?;
        let named = Syncing::new(self.durability).file(&temporary).and_then(|()| {
            with_folder(path.parent().unwrap_or(&self.folder), || fs::rename(&temporary, path))
        });
        named.inspect_err(|_| fs::remove_file(&temporary).unwrap_or_default())
    }

    /// The bytes under a name; `None` if there are none.
    ///
    /// # Errors
    /// [`SinkError::Io`].
    pub fn get(&self, name: &str) -> Result<Option<Vec<u8>>, SinkError> {
        match fs::read(self.folder.join(FILES).join(name)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(self.failed("read", source)),
        }
    }

    /// A file under a name, to be read in parts; `None` if there is none.
    pub(crate) fn open(&self, name: &str) -> Result<Option<File>, SinkError> {
        match File::open(self.folder.join(FILES).join(name)) {
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
        self.folder.join(FILES).join(name).try_exists().map_err(|source| self.failed("read", source))
    }

    /// Puts an empty file under a name.
    pub(crate) fn mark(&self, name: &str) -> Result<(), SinkError> {
        let path = self.folder.join(FILES).join(name);
        let marked = with_folder(path.parent().unwrap_or(&self.folder), || File::create(&path));
        marked.map(drop).map_err(|source| self.failed("write", source))
    }

    /// Removes what is under a name, if there is something.
    ///
    /// # Errors
    /// [`SinkError::Io`].
    pub fn remove(&self, name: &str) -> Result<(), SinkError> {
        match fs::remove_file(self.folder.join(FILES).join(name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(self.failed("write", error)),
            _ => Ok(()),
        }
    }

    /// The error of an action on the image that the file system refused.
    #[must_use]
    pub fn failed(&self, action: &'static str, source: io::Error) -> SinkError {
        io_error(action, &self.target)(source)
    }
}

/// Does something in a folder, which is made if that fails without it.
fn with_folder<T>(folder: &Path, act: impl Fn() -> io::Result<T>) -> io::Result<T> {
    match act() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            fs::create_dir_all(folder)?;
            act()
        }
        done => done,
    }
}
