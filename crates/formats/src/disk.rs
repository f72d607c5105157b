//! How much room images take on disk.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

/// The bytes of the file or of all files of the folder at `path`; of the file itself for a place inside of one.
///
/// Links are not followed.
///
/// # Errors
/// What the operating system says, [`io::ErrorKind::NotFound`] if nothing is there.
pub fn stored_bytes(path: &Path) -> io::Result<u64> {
    let existing = path.ancestors().find(|path| path.is_file() || path.is_dir());
    match existing {
        Some(file) if file.is_file() => Ok(fs::metadata(file)?.len()),
        Some(folder) if folder == path => folder_bytes(folder),
        _ => Err(io::ErrorKind::NotFound.into()),
    }
}

/// What a file or all files of a folder are now, to tell whether something was changed since.
///
/// ```
/// use patchweave_formats::stored_state;
///
/// let folder = tempfile::tempdir()?;
/// std::fs::write(folder.path().join("a"), "bytes")?;
/// let before = stored_state(folder.path())?;
/// assert_eq!(stored_state(folder.path())?, before);
/// std::fs::write(folder.path().join("b"), "more")?;
/// assert_ne!(stored_state(folder.path())?, before);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StoredState {
    n_files: u64,
    n_bytes: u64,
    /// Nanoseconds of the newest change, since 1970.
    newest: u128,
}

/// What the file or all files of the folder at `path` are now; the file itself for a place inside of one.
///
/// # Errors
/// As [`stored_bytes`].
pub fn stored_state(path: &Path) -> io::Result<StoredState> {
    let existing = path.ancestors().find(|path| path.is_file() || path.is_dir());
    let existing =
        existing.filter(|found| found.is_file() || *found == path).ok_or(io::ErrorKind::NotFound)?;
    let mut state = StoredState::default();
    state.add(existing)?;
    Ok(state)
}

impl StoredState {
    fn add(&mut self, path: &Path) -> io::Result<()> {
        let found = fs::symlink_metadata(path)?;
        if found.is_dir() {
            return fs::read_dir(path)?.try_for_each(|entry| self.add(&entry?.path()));
        }
        self.n_files += 1;
        self.n_bytes += found.len();
        let since = found.modified()?.duration_since(std::time::UNIX_EPOCH);
        self.newest = self.newest.max(since.map_or(0, |since| since.as_nanos()));
        Ok(())
    }
}

impl fmt::Display for StoredState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let StoredState { n_files, n_bytes, newest } = self;
        let files = if *n_files == 1 { "file" } else { "files" };
        let (seconds, nanos) = (newest / 1_000_000_000, newest % 1_000_000_000);
        write!(f, "{n_files} {files} of {n_bytes} bytes, changed {seconds}.{nanos:09} s after 1970")
    }
}

fn folder_bytes(folder: &Path) -> io::Result<u64> {
    let mut total = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let found = entry.metadata()?;
        total += if found.is_dir() { folder_bytes(&entry.path())? } else { found.len() };
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_folders_are_measured() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("a/b");
        let file = folder.path().join("a/b/c.bin");
        fs::create_dir_all(&inner).unwrap();
        fs::write(&file, [0; 100]).unwrap();
        fs::write(folder.path().join("a/d.bin"), [0; 11]).unwrap();
        assert_eq!(stored_bytes(folder.path()).unwrap(), 111);
        assert_eq!(stored_bytes(&file).unwrap(), 100);
        assert_eq!(stored_bytes(&file.join("inside/of/it")).unwrap(), 100);
        assert_eq!(stored_bytes(&inner.join("missing")).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
