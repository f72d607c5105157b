//! A bounded number of open files.

use std::collections::VecDeque;
use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Open files in the order they were opened.
type Held = VecDeque<(PathBuf, Arc<File>)>;

/// Files that are kept open for the next read, at most as many as its capacity; the one that was opened first is closed
/// first.
///
/// Clones share their files. A file that is being read stays open until that is done, also if the pool has dropped it.
///
/// ```
/// use patchweave_stack::FilePool;
///
/// let pool = FilePool::new(1);
/// assert!(pool.open(std::path::Path::new("no/such/file")).is_err());
/// assert!(pool.held().is_empty());
/// ```
#[derive(Clone)]
pub struct FilePool {
    capacity: usize,
    files: Arc<Mutex<Held>>,
}

impl FilePool {
    /// A pool that keeps at most `capacity` files open.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        FilePool { capacity, files: Arc::default() }
    }

    /// The file at a path, opened for reading unless it is open already.
    ///
    /// # Errors
    /// [`io::Error`] if it cannot be opened.
    pub fn open(&self, path: &Path) -> io::Result<Arc<File>> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, file)) = files.iter().find(|(held, _)| held == path) {
            return Ok(Arc::clone(file));
        }
        // Room is made before, so that there are never more files than may be.
        while !files.is_empty() && files.len() >= self.capacity {
            files.pop_front();
        }
        let file = Arc::new(File::open(path)?);
        if self.capacity > 0 {
            files.push_back((path.to_owned(), Arc::clone(&file)));
        }
        Ok(file)
    }

    /// The paths of the files that are kept open, in the order they were opened.
    #[must_use]
    pub fn held(&self) -> Vec<PathBuf> {
        let files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.iter().map(|(path, _)| path.clone()).collect()
    }
}

impl fmt::Debug for FilePool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FilePool").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}
