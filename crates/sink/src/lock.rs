//! A folder that one process at a time works in; knows nothing of what it does there.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::SinkError;

/// The file that is locked; it is there only while somebody works.
const NAME: &str = ".patchweave-lock";

/// The shortest and the longest time between two looks at a folder that somebody holds.
const PAUSES: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(100)];

/// Holds a folder for this process, and those that ask for it meanwhile wait.
///
/// The operating system lets go of it when the process ends, however it ends, so that none is left by a process that was
/// killed. File systems without locks hold nothing: there, who asks gets it at once.
///
/// ```
/// use std::time::Duration;
///
/// use patchweave_sink::FolderLock;
///
/// let folder = tempfile::tempdir()?;
/// let lock = FolderLock::acquire(folder.path(), Duration::ZERO, &|| true)?;
/// let error = FolderLock::acquire(folder.path(), Duration::ZERO, &|| true).unwrap_err();
/// assert!(error.to_string().starts_with("another process has worked in"));
/// drop(lock);
/// assert!(FolderLock::acquire(folder.path(), Duration::ZERO, &|| true)?.is_some());
/// assert_eq!(std::fs::read_dir(folder.path())?.count(), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct FolderLock {
    path: PathBuf,
    file: File,
}

impl FolderLock {
    /// Creates the folder where it is missing, and waits until nobody holds it; nothing if `keep_going` says `false`
    /// meanwhile.
    ///
    /// # Errors
    /// [`SinkError::Held`] if others hold it for longer than `patience`, [`SinkError::Io`].
    pub fn acquire(
        folder: &Path,
        patience: Duration,
        keep_going: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<Self>, SinkError> {
        let failed = |source| SinkError::Io { action: "create", path: folder.to_owned(), source };
        fs::create_dir_all(folder).map_err(failed)?;
        let path = folder.join(NAME);
        let started = Instant::now();
        let [mut pause, longest] = PAUSES;
        loop {
            let file = fs::OpenOptions::new().create(true).truncate(false).write(true).open(&path);
            let file = file.map_err(failed)?;
            match file.try_lock() {
                Ok(()) if is_same(&file, &path) => return Ok(Some(FolderLock { path, file })),
                // Who held it has removed the file after it was opened here.
                Ok(()) => {}
                Err(TryLockError::WouldBlock) if !keep_going() => return Ok(None),
                Err(TryLockError::WouldBlock) => {
                    let waited = started.elapsed();
                    if waited >= patience {
                        return Err(SinkError::Held { folder: folder.to_owned(), waited });
                    }
                    std::thread::sleep(pause.min(patience - waited));
                    pause = (pause * 2).min(longest);
                }
                Err(TryLockError::Error(_)) => return Ok(Some(FolderLock { path, file })),
            }
        }
    }
}

/// Whether the open file is the one that stands at the path.
#[cfg(unix)]
pub(crate) fn is_same(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let place = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    match (file.metadata(), fs::metadata(path)) {
        (Ok(open), Ok(standing)) => place(open) == place(standing),
        _ => false,
    }
}

/// Elsewhere the file is never removed.
#[cfg(not(unix))]
pub(crate) fn is_same(_: &File, _: &Path) -> bool {
    true
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        // While it is held, so that nobody else removes it; a file that stays is found by the next who asks.
        if cfg!(unix) && is_same(&self.file, &self.path) {
            fs::remove_file(&self.path).unwrap_or_default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn a_file_that_a_killed_process_left_holds_nothing() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(NAME), "").unwrap();
        assert!(FolderLock::acquire(folder.path(), Duration::ZERO, &|| true).unwrap().is_some());
    }

    #[test]
    fn waiting_ends_when_the_caller_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let _lock = FolderLock::acquire(folder.path(), LONG, &|| true).unwrap();
        assert!(FolderLock::acquire(folder.path(), LONG, &|| false).unwrap().is_none());
        fs::write(folder.path().join("file"), "").unwrap();
        assert!(FolderLock::acquire(&folder.path().join("file"), LONG, &|| true).is_err());
    }
}
