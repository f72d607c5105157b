//! Files mapped into memory, so that what is stored as it is needed is never read as a whole.
#![expect(unsafe_code, reason = "mapping a file is unsafe; the one use says why it is sound here")]

use std::fs::File;
use std::io;
use std::path::Path;

use memmap2::Mmap;

/// The bytes of a file, paged in by the operating system as they are read.
///
/// The file is not kept open. A file that shrinks while it is mapped ends the process when a lost page is read, as it
/// does in every program that maps files; [`OpenOptions::map_files`](crate::OpenOptions::map_files) says how to do
/// without.
pub(crate) struct MappedFile(Mmap);

impl MappedFile {
    pub fn open(path: &Path) -> io::Result<Self> {
        Self::of(&File::open(path)?)
    }

    /// Maps a file that is open already.
    pub fn of(file: &File) -> io::Result<Self> {
        // SAFETY: the mapping is read-only and private to this process's view; its bytes are only ever read as
        // plain integers of one byte, for which every value is valid, also if another process changes the file.
        let map = unsafe { Mmap::map(file)? };
        Ok(MappedFile(map))
    }

    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// `len` bytes from `start`, if the file has them.
    pub fn get(&self, start: u64, len: u64) -> Option<&[u8]> {
        let start = usize::try_from(start).ok()?;
        let end = start.checked_add(usize::try_from(len).ok()?)?;
        self.0.get(start..end)
    }
}
