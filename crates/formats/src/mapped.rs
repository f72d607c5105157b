//! Open files and their bytes mapped into memory, so that what is stored as it is needed is never read as a whole.
#![expect(unsafe_code, reason = "mapping a file is unsafe; the one use says why it is sound here")]

use std::fs::File;
use std::io::{self, ErrorKind};
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use memmap2::Mmap;

/// An open file; its bytes are mapped into memory once somebody reads them in place.
///
/// Threads share it, and its own position moves: read it at positions, as `read_exact_at` of
/// [`FileExt`](std::os::unix::fs::FileExt) does.
///
/// ```
/// let folder = tempfile::tempdir()?;
/// std::fs::write(folder.path().join("a"), "bytes")?;
/// let file = patchweave_formats::FilePool::new(1).file(&folder.path().join("a"));
/// assert_eq!(file.open()?.metadata()?.len(), 5);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct OpenFile {
    file: File,
    /// `None` if the system refuses.
    map: OnceLock<Option<Mmap>>,
}

impl OpenFile {
    pub(crate) fn new(file: File) -> Self {
        OpenFile { file, map: OnceLock::new() }
    }

    /// As if the system did not map the file.
    #[cfg(test)]
    pub(crate) fn refuse_map(&self) {
        assert!(self.map.set(None).is_ok(), "nothing is mapped before it is read");
    }

    fn map(&self) -> Option<&Mmap> {
        let map = || {
            // SAFETY: the mapping is read-only and private to this process's view; its bytes are only ever read as
            // plain integers of one byte, for which every value is valid, also if another process changes the file.
            unsafe { Mmap::map(&self.file) }.ok()
        };
        self.map.get_or_init(map).as_ref()
    }
}

impl Deref for OpenFile {
    type Target = File;

    fn deref(&self) -> &File {
        &self.file
    }
}

/// The bytes of a file, paged in by the operating system as they are read, as many as the file had a moment ago.
///
/// The file stays mapped as long as this lives. Reading a page that the file has lost ends the process, which is why
/// this is made anew for every read: the length is asked for, and what lies behind it is an error. What remains is the
/// moment between asking and reading; [`OpenOptions::map_files`](crate::OpenOptions::map_files) says how to do without.
#[derive(Debug)]
pub(crate) struct MappedFile {
    file: Arc<OpenFile>,
    len: u64,
}

/// A file that has lost bytes that it had when it was opened.
#[derive(Debug, thiserror::Error)]
#[error("the file has {got} bytes now, expected at least {expected} as when it was opened")]
struct ShortFile {
    got: u64,
    expected: u64,
}

impl MappedFile {
    /// The bytes of an open file; `None` if the system does not map it.
    ///
    /// # Errors
    /// [`io::Error`] if the length of the file cannot be told.
    pub fn of(file: Arc<OpenFile>) -> io::Result<Option<Self>> {
        let len = len_of(&file)?;
        Ok(file.map().is_some().then_some(MappedFile { file, len }))
    }

    /// `len` bytes from `start`.
    ///
    /// # Errors
    /// [`io::Error`] if the file does not have them any more.
    pub fn get(&self, start: u64, len: u64) -> io::Result<&[u8]> {
        let place = || {
            let end = start.checked_add(len).filter(|end| *end <= self.len)?;
            let range = usize::try_from(start).ok()?..usize::try_from(end).ok()?;
            self.file.map()?.get(range)
        };
        place().ok_or_else(|| {
            let short = ShortFile { got: self.len, expected: start.saturating_add(len) };
            io::Error::new(ErrorKind::UnexpectedEof, short)
        })
    }
}

/// How many bytes a file has now, for a third of what all of its metadata takes. Its position moves, at which nobody reads.
#[cfg(unix)]
fn len_of(file: &File) -> io::Result<u64> {
    Ok(rustix::fs::seek(file, rustix::fs::SeekFrom::End(0))?)
}

#[cfg(not(unix))]
fn len_of(file: &File) -> io::Result<u64> {
    Ok(file.metadata()?.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_a_file_has_lost_are_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, vec![7; 3 << 12]).unwrap();
        let file = Arc::new(OpenFile::new(File::open(&path).unwrap()));
        let last = |file: &Arc<OpenFile>| {
            let map = MappedFile::of(Arc::clone(file)).unwrap().unwrap();
            map.get((3 << 12) - 1, 1).map(<[u8]>::to_vec).map_err(|error| error.to_string())
        };
        assert_eq!(last(&file).unwrap(), [7]);
        File::options().write(true).open(&path).unwrap().set_len(100).unwrap();
        let expected = "the file has 100 bytes now, expected at least 12288 as when it was opened";
        assert_eq!(last(&file).unwrap_err(), expected);
        let map = MappedFile::of(file).unwrap().unwrap();
        assert_eq!(map.get(0, 100).unwrap(), [7; 100]);
        assert!(map.get(u64::MAX, 1).is_err() && map.get(100, 1).is_err());
    }
}
