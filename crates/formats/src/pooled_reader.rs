//! A position in a file of a pool, for code that reads and seeks.

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

use crate::PooledFile;

/// A position in a file that others read as well.
pub(crate) struct PooledReader {
    file: Arc<PooledFile>,
    at: u64,
}

impl PooledReader {
    /// The start of a file.
    pub fn new(file: Arc<PooledFile>) -> Self {
        PooledReader { file, at: 0 }
    }

    /// The file.
    pub fn file(&self) -> &Arc<PooledFile> {
        &self.file
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.file.open()?.metadata()?.len())
    }
}

impl Read for PooledReader {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let left = self.len()?.saturating_sub(self.at);
        let n = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        self.file.read_exact_at(&mut bytes[..n], self.at)?;
        self.at += n as u64;
        Ok(n)
    }
}

impl Seek for PooledReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = match to {
            SeekFrom::Start(place) => Some(place),
            SeekFrom::End(shift) => self.len()?.checked_add_signed(shift),
            SeekFrom::Current(shift) => self.at.checked_add_signed(shift),
        };
        self.at = place.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}
