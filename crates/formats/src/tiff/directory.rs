//! The directories of a TIFF file: their tags, and the chain that joins them.

use std::collections::HashSet;

use patchweave_stack::StackError;

use super::file::TiffFile;

/// A directory is no longer than what a classic TIFF can say.
const MOST_ENTRIES: u64 = 0xffff;

/// How much is read of a directory at once; most are not longer.
const FIRST_READ: u64 = 512;

/// Bytes that a text may have.
pub(super) const MOST_TEXT: usize = 64 << 20;

/// Numbers of the tags that are read.
pub(super) mod tag {
    pub const NEW_SUBFILE_TYPE: u16 = 254;
    pub const WIDTH: u16 = 256;
    pub const HEIGHT: u16 = 257;
    pub const BITS_PER_SAMPLE: u16 = 258;
    pub const COMPRESSION: u16 = 259;
    pub const PHOTOMETRIC: u16 = 262;
    pub const FILL_ORDER: u16 = 266;
    pub const DESCRIPTION: u16 = 270;
    pub const STRIP_OFFSETS: u16 = 273;
    pub const SAMPLES_PER_PIXEL: u16 = 277;
    pub const ROWS_PER_STRIP: u16 = 278;
    pub const STRIP_BYTE_COUNTS: u16 = 279;
    pub const X_RESOLUTION: u16 = 282;
    pub const Y_RESOLUTION: u16 = 283;
    pub const PLANAR: u16 = 284;
    pub const T4_OPTIONS: u16 = 292;
    pub const PREDICTOR: u16 = 317;
    pub const TILE_WIDTH: u16 = 322;
    pub const TILE_HEIGHT: u16 = 323;
    pub const TILE_OFFSETS: u16 = 324;
    pub const TILE_BYTE_COUNTS: u16 = 325;
    pub const SUB_IFDS: u16 = 330;
    pub const SAMPLE_FORMAT: u16 = 339;
    pub const JPEG_TABLES: u16 = 347;
    pub const IMAGE_DEPTH: u16 = 32997;
    pub const IMAGEJ_BYTE_COUNTS: u16 = 50838;
    pub const IMAGEJ_METADATA: u16 = 50839;
}

/// The values of a tag, which stay in the file until they are needed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Values {
    kind: u16,
    pub count: u64,
    /// Where in the file they stand, inside of the directory or elsewhere.
    at: u64,
    /// The value of an unsigned tag that has one and holds it itself.
    only: Option<u64>,
}

#[derive(Debug, Clone)]
pub(super) struct Directory {
    /// Where this one stands.
    pub at: u64,
    /// Where the next one stands, 0 after the last.
    pub next: u64,
    tags: Vec<(u16, Values)>,
}

impl Values {
    /// Bytes of one value; `None` for a kind that nobody knows.
    fn size(self) -> Option<u64> {
        match self.kind {
            1 | 2 | 6 | 7 => Some(1),
            3 | 8 => Some(2),
            4 | 9 | 11 | 13 => Some(4),
            5 | 10 | 12 | 16..=18 => Some(8),
            _ => None,
        }
    }

    /// The value of a tag that holds a single unsigned number in itself.
    pub fn only(self) -> Option<u64> {
        self.only
    }

    /// A single ratio of two unsigned numbers.
    pub fn is_ratio(self) -> bool {
        self.kind == 5 && self.count == 1
    }

    pub fn is_uint(self) -> bool {
        matches!(self.kind, 1 | 3 | 4 | 13 | 16 | 18)
    }

    /// Bytes of all values.
    pub fn n_bytes(self) -> u64 {
        self.size().unwrap_or(1).saturating_mul(self.count)
    }

    /// The place and the size of one value.
    pub fn place(self, idx: u64) -> Option<(u64, u64)> {
        let size = self.size().filter(|_| idx < self.count)?;
        Some((self.at.checked_add(idx.checked_mul(size)?)?, size))
    }

    /// One unsigned value, or `None` if there is no such value.
    pub fn uint(
        self,
        file: &TiffFile,
        idx: u64,
        place: impl Fn() -> String,
    ) -> Result<Option<u64>, StackError> {
        if self.only.is_some() && idx == 0 {
            return Ok(self.only);
        }
        let Some((at, size)) = self.place(idx).filter(|_| self.is_uint()) else { return Ok(None) };
        Ok(Some(file.uint(&file.read(at, size, 8, place)?)))
    }

    /// The bytes of all values, no more than `limit`.
    pub fn bytes(
        self,
        file: &TiffFile,
        limit: usize,
        place: impl Fn() -> String,
    ) -> Result<Vec<u8>, StackError> {
        let len = self.size().and_then(|size| size.checked_mul(self.count));
        let len = len.ok_or_else(|| {
            let got = format!("{} values of type {}", self.count, self.kind);
            file.damaged(place(), got, "a known type and a number of values that fits")
        })?;
        file.read(self.at, len, limit, place)
    }

    /// All unsigned values, no more than `limit`.
    pub fn uints(
        self,
        file: &TiffFile,
        limit: usize,
        place: impl Fn() -> String,
    ) -> Result<Vec<u64>, StackError> {
        let Some(size) = self.size().and_then(|size| usize::try_from(size).ok()).filter(|_| self.is_uint())
        else {
            let got = format!("values of type {}", self.kind);
            return Err(file.damaged(place(), got, "unsigned numbers"));
        };
        let bytes = self.bytes(file, limit.saturating_mul(size), place)?;
        Ok(bytes.chunks_exact(size).map(|bytes| file.uint(bytes)).collect())
    }
}

impl Directory {
    /// Reads the directory at `offset`, but no values that stand elsewhere.
    pub fn read(file: &TiffFile, offset: u64, place: impl Fn() -> String) -> Result<Self, StackError> {
        let (count_size, entry_size) = if file.is_big { (8, 20) } else { (2, 12) };
        let word = if file.is_big { 8 } else { 4 };
        let first = FIRST_READ.min(file.len().saturating_sub(offset)).max(count_size);
        let mut bytes = file.read(offset, first, MOST_TEXT, &place)?;
        let n_entries = file.uint(&bytes[..index(count_size)]);
        if n_entries > MOST_ENTRIES {
            let got = format!("{n_entries} tags");
            return Err(file.damaged(place(), got, format!("at most {MOST_ENTRIES}")));
        }
        let len = count_size + n_entries * entry_size + word;
        if len > first {
            bytes = file.read(offset, len, MOST_TEXT, &place)?;
        }
        let end = index(len - word);
        let tags = bytes[index(count_size)..end]
            .chunks_exact(index(entry_size))
            .zip(0_u64..)
            .map(|(entry, idx)| {
                let kind = &entry[2..4];
                let count = &entry[4..4 + index(word)];
                let held = &entry[4 + index(word)..];
                let [kind, count, value] = [kind, count, held].map(|bytes| file.uint(bytes));
                let kind = u16::try_from(kind).unwrap_or(0);
                let mut values = Values { kind, count, at: value, only: None };
                let size = values.size().and_then(|size| size.checked_mul(count));
                if let Some(size) = size.filter(|&size| size <= word) {
                    values.at = offset + count_size + idx * entry_size + 4 + word;
                    let is_single = count == 1 && values.is_uint();
                    values.only = is_single.then(|| file.uint(&held[..index(size)]));
                }
                (u16::try_from(file.uint(&entry[..2])).unwrap_or(0), values)
            })
            .collect();
        Ok(Directory { at: offset, next: file.uint(&bytes[end..end + index(word)]), tags })
    }

    /// The values of a tag, if there are any.
    pub fn values(&self, tag: u16) -> Option<Values> {
        self.tags.iter().find(|(number, _)| *number == tag).map(|(_, values)| *values).filter(|v| v.count > 0)
    }
}

/// Reads the chain of directories from the first to the last one.
///
/// # Errors
/// [`StackError::Damaged`] if there is none, one is not inside of the file, or the chain comes back to one.
pub(super) fn walk(
    file: &TiffFile,
    mut each: impl FnMut(usize, Directory) -> Result<(), StackError>,
) -> Result<(), StackError> {
    let mut seen = HashSet::new();
    let mut offset = file.first;
    // The shortest directory has a count and the place of the next one.
    let most = file.len() / 6 + 1;
    while offset != 0 {
        let page = seen.len();
        let place = || format!("page {page}");
        if !seen.insert(offset) {
            let got = format!("the directory at byte {offset} a second time");
            return Err(file.damaged(place(), got, "another directory or the end of the list"));
        }
        if seen.len() as u64 > most {
            let got = format!("more than {most} directories in a file of {} bytes", file.len());
            return Err(file.damaged(place(), got, "at most as many as fit without overlap"));
        }
        let directory = Directory::read(file, offset, place)?;
        offset = directory.next;
        each(page, directory)?;
    }
    if seen.is_empty() {
        return Err(file.damaged("the list of pages", "no page", "at least one"));
    }
    Ok(())
}

/// A small number as an index.
fn index(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}
