//! A bounded number of open files.

use std::collections::VecDeque;
use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use tracing::trace_span;

use crate::read_cost::{has_read, reading};

/// Numbers of files: the next one that is pooled, of whatever pool, gets another.
static N_FILES: AtomicU64 = AtomicU64::new(0);

/// Open files in the order they were opened.
type Held = VecDeque<(u64, PathBuf, Arc<File>)>;

/// Files that are kept open for the next read, at most as many as its capacity; the one that was opened first is closed
/// first.
///
/// Clones share their files. A file that is being read stays open until that is done, also if the pool has closed it.
///
/// ```
/// use patchweave_stack::FilePool;
///
/// let pool = FilePool::new(1);
/// assert!(pool.file(std::path::Path::new("no/such/file")).open().is_err());
/// assert!(pool.held().is_empty());
/// ```
#[derive(Clone)]
pub struct FilePool {
    capacity: usize,
    files: Arc<Mutex<Held>>,
}

/// One path as one image reads it: opened when it is needed and closed with the last use of it.
///
/// Two of the same path share nothing, so that an image that is opened after a file was replaced reads the new one.
#[derive(Debug)]
pub struct PooledFile {
    pool: FilePool,
    path: PathBuf,
    number: u64,
    /// What the file was like when it was opened first.
    first: OnceLock<Mark>,
}

/// Size and time of a file, which tell it from another one that took its place.
type Mark = (u64, Option<Duration>);

impl FilePool {
    /// A pool that keeps at most `capacity` files open.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        FilePool { capacity, files: Arc::default() }
    }

    /// The file at a path, which is not opened yet.
    #[must_use]
    pub fn file(&self, path: &Path) -> PooledFile {
        let number = N_FILES.fetch_add(1, Ordering::Relaxed);
        PooledFile { pool: self.clone(), path: path.to_owned(), number, first: OnceLock::new() }
    }

    /// The paths of the files that are kept open, in the order they were opened.
    #[must_use]
    pub fn held(&self) -> Vec<PathBuf> {
        self.lock().iter().map(|(_, path, _)| path.clone()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PooledFile {
    /// Where the file is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file, opened for reading unless it is open already.
    ///
    /// # Errors
    /// [`io::Error`] if it cannot be opened, or if it was closed in between and is not what it was.
    pub fn open(&self) -> io::Result<Arc<File>> {
        let mut files = self.pool.lock();
        if let Some((_, _, file)) = files.iter().find(|(number, _, _)| *number == self.number) {
            return Ok(Arc::clone(file));
        }
        // Room is made before, so that there are never more files than may be.
        while !files.is_empty() && files.len() >= self.pool.capacity {
            files.pop_front();
        }
        let file = Arc::new(File::open(&self.path)?);
        let metadata = file.metadata()?;
        let changed = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let mark = (metadata.len(), changed);
        if *self.first.get_or_init(|| mark) != mark {
            return Err(io::Error::other("the file was changed or replaced since the image was opened"));
        }
        if self.pool.capacity > 0 {
            files.push_back((self.number, self.path.clone(), Arc::clone(&file)));
        }
        Ok(file)
    }

    /// Fills `bytes` from a place of the file, which other threads may read at the same time.
    ///
    /// # Errors
    /// [`io::Error`] if the file cannot be opened or ends before.
    pub fn read_exact_at(&self, bytes: &mut [u8], start: u64) -> io::Result<()> {
        let _span = trace_span!("read", file = %self.path.display(), start, len = bytes.len()).entered();
        reading(|| read_exact_at(&*self.open()?, bytes, start))
    }
}

/// Fills `bytes` from a place of an open file, which other threads may read at the same time.
pub(crate) fn read_exact_at(file: &File, bytes: &mut [u8], start: u64) -> io::Result<()> {
    reading(|| read_all(file, bytes, start))?;
    has_read(bytes.len());
    Ok(())
}

fn read_all(file: &File, bytes: &mut [u8], start: u64) -> io::Result<()> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::read_exact_at(file, bytes, start);
    #[cfg(not(unix))]
    {
        use std::io::{Read, Seek, SeekFrom};

        // All who read an open file share its position.
        static POSITION: Mutex<()> = Mutex::new(());
        let _guard = POSITION.lock().unwrap_or_else(PoisonError::into_inner);
        let mut file = file;
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(bytes)
    }
}

impl Drop for PooledFile {
    fn drop(&mut self) {
        self.pool.lock().retain(|(number, _, _)| *number != self.number);
    }
}

impl fmt::Debug for FilePool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FilePool").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_the_same_path_share_nothing_and_are_closed_when_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let read = |file: &PooledFile| {
            let mut bytes = [0; 3];
            file.read_exact_at(&mut bytes, 1).map(|()| bytes)
        };
        std::fs::write(&path, b"-old").unwrap();
        let pool = FilePool::new(2);
        let old = pool.file(&path);
        assert_eq!(&read(&old).unwrap(), b"old");
        let other = folder.path().join("other");
        std::fs::write(&other, b"-new").unwrap();
        std::fs::rename(&other, &path).unwrap();
        let new = pool.file(&path);
        assert_eq!((&read(&old).unwrap(), &read(&new).unwrap()), (b"old", b"new"));
        assert_eq!(pool.held().len(), 2);
        drop((old, new));
        assert!(pool.held().is_empty());
    }

    #[test]
    fn a_file_that_was_closed_is_not_taken_for_the_one_in_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, b"old").unwrap();
        let file = FilePool::new(0).file(&path);
        file.read_exact_at(&mut [0; 3], 0).unwrap();
        std::fs::write(&path, b"newer").unwrap();
        let error = file.read_exact_at(&mut [0; 3], 0).unwrap_err();
        assert!(error.to_string().contains("replaced"), "{error}");
    }
}
