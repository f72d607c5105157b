//! The bytes of one TIFF file: its header, positioned reads, and the file mapped into memory.

use std::io;
use std::path::Path;

use patchweave_pixel::ByteOrder;
use patchweave_stack::{FileId, StackError};

use crate::mapped::MappedFile;
use crate::{OpenOptions, PooledFile};

/// A file that starts like a TIFF; nothing else of it has been checked.
pub(super) struct TiffFile {
    file: PooledFile,
    /// Which file it is, whatever its name.
    pub id: FileId,
    len: u64,
    pub order: ByteOrder,
    /// Whether offsets have 64 bits.
    pub is_big: bool,
    /// Where the first directory stands.
    pub first: u64,
    may_map: bool,
}

impl TiffFile {
    pub fn open(path: &Path, options: &OpenOptions) -> Result<Self, StackError> {
        let file = options.files.file(path);
        let stack = || path.display().to_string();
        let failed = |source| StackError::Io { stack: stack(), action: "open the file", source };
        let metadata = file.open().and_then(|file| file.metadata()).map_err(failed)?;
        let id = FileId::of_metadata(path, &metadata).map_err(failed)?;
        let len = metadata.len();
        let mut head = [0; 16];
        let n = usize::try_from(len.min(16)).unwrap_or(16);
        file.read_exact_at(&mut head[..n], 0).map_err(failed)?;
        let order = match &head[..2] {
            b"II" => Some(ByteOrder::Little),
            b"MM" => Some(ByteOrder::Big),
            _ => None,
        };
        let header = order.and_then(|order| match uint(order, &head[2..4]) {
            42 if n >= 8 => Some((order, false, uint(order, &head[4..8]))),
            43 if n == 16 && head[4..8] == big_marks(order) => Some((order, true, uint(order, &head[8..]))),
            _ => None,
        });
        let Some((order, is_big, first)) = header else {
            return Err(StackError::damaged(
                stack(),
                "the file header",
                format!("the bytes {:02x?}", &head[..n]),
                "those of a TIFF or BigTIFF",
            ));
        };
        let may_map = file.may_map(options.map_files).map_err(failed)?;
        Ok(TiffFile { file, id, len, order, is_big, first, may_map })
    }

    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// How errors call the file.
    pub fn name(&self) -> String {
        self.path().display().to_string()
    }

    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether uncompressed pixels are read in place.
    pub fn may_map(&self) -> bool {
        self.may_map
    }

    /// The file in memory as long as it is now, if it may be mapped and the system does so.
    ///
    /// # Errors
    /// [`StackError::Io`] if it cannot be opened.
    pub fn map(&self) -> Result<Option<MappedFile>, StackError> {
        if self.may_map { self.file.map().map_err(|source| self.unread(source)) } else { Ok(None) }
    }

    /// The error of bytes that cannot be read.
    pub fn unread(&self, source: io::Error) -> StackError {
        StackError::Io { stack: self.name(), action: "read the file", source }
    }

    /// Whether the file has `len` bytes at `start`.
    pub fn has(&self, start: u64, len: u64) -> bool {
        start.checked_add(len).is_some_and(|end| end <= self.len)
    }

    /// `len` bytes from `start`, no more than `limit`; `place` names them in errors.
    pub fn read(
        &self,
        start: u64,
        len: u64,
        limit: usize,
        place: impl Fn() -> String,
    ) -> Result<Vec<u8>, StackError> {
        if !self.has(start, len) {
            let got = format!("{len} bytes at {start} in a file of {}", self.len);
            return Err(self.damaged(place(), got, "bytes inside of the file"));
        }
        let Some(len) = usize::try_from(len).ok().filter(|&len| len <= limit) else {
            return Err(self.damaged(place(), format!("{len} bytes"), format!("at most {limit}")));
        };
        let mut bytes = vec![0; len];
        self.file.read_exact_at(&mut bytes, start).map_err(|source| self.unread(source))?;
        Ok(bytes)
    }

    /// The number that bytes of this file hold.
    pub fn uint(&self, bytes: &[u8]) -> u64 {
        uint(self.order, bytes)
    }

    pub fn damaged(
        &self,
        place: impl Into<String>,
        got: impl Into<String>,
        expected: impl Into<String>,
    ) -> StackError {
        StackError::damaged(self.name(), place, got, expected)
    }

    pub fn unsupported(&self, what: impl Into<String>, hint: &'static str) -> StackError {
        StackError::Unsupported { stack: self.name(), what: what.into(), hint }
    }
}

/// What stands behind the version of a BigTIFF: the size of offsets, and zero.
fn big_marks(order: ByteOrder) -> [u8; 4] {
    match order {
        ByteOrder::Little => [8, 0, 0, 0],
        ByteOrder::Big => [0, 8, 0, 0],
    }
}

/// The number that up to 8 bytes hold.
fn uint(order: ByteOrder, bytes: &[u8]) -> u64 {
    let join = |number, &byte| number << 8 | u64::from(byte);
    match order {
        ByteOrder::Little => bytes.iter().rev().fold(0, join),
        ByteOrder::Big => bytes.iter().fold(0, join),
    }
}
