//! Where the files of a Zarr lie: a folder, a zip file, or a bucket behind a URL, all of them read by key.

use std::error::Error;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use patchweave_files::BadPath;
use patchweave_stack::{FileId, Identity, StackError};
use zarrs::storage::byte_range::{ByteRange, ByteRangeIterator};
use zarrs::storage::{MaybeBytesIterator, ReadableStorageTraits, StorageError, StoreKey};

use super::array_keys::ArrayKeys;
pub(crate) use patchweave_remote::{Part, Wanted};

/// The files of a Zarr, called by keys that are relative to its root and have no `/` at either end.
pub(crate) trait Store: Send + Sync {
    /// Reads a part of a file; `None` if there is no such file.
    ///
    /// # Errors
    /// [`StoreError`] if it is there but cannot be read, or the part has more than `limit` bytes.
    fn read(&self, key: &str, part: Part, limit: u64) -> Result<Option<Vec<u8>>, StoreError>;

    /// The names of the folders directly in a folder; `None` if this kind of store cannot list.
    ///
    /// # Errors
    /// [`StoreError`] if it can list but fails.
    fn folders(&self, folder: &str) -> Result<Option<Vec<String>>, StoreError>;

    /// Whether there is a file.
    ///
    /// # Errors
    /// [`StoreError`] if that cannot be told.
    fn exists(&self, key: &str) -> Result<bool, StoreError> {
        match self.read(key, Part::Range { start: 0, len: 1 }, 1) {
            Ok(found) => Ok(found.is_some()),
            // A file without bytes is one.
            Err(StoreError::Short { .. } | StoreError::Range { .. }) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Names what is directly in a folder and says whether it is a folder, until `each` returns false; whether this kind
    /// of store can list at little cost.
    ///
    /// # Errors
    /// [`StoreError`] if it can list but fails.
    fn entries(&self, _folder: &str, _each: &mut dyn FnMut(&str, bool) -> bool) -> Result<bool, StoreError> {
        Ok(false)
    }

    /// Reads parts of many files and hands over the pieces of each, called by its place among them, as soon as they are
    /// there: one for every piece that is wanted, or the part as a whole; `None` if there is no such file. A piece that
    /// the file does not have in full may come short.
    fn read_many(&self, wanted: Vec<Wanted>, done: &mut Pieces<'_>) {
        read_one_by_one(self, wanted, done);
    }

    /// Whether every file costs a request to another machine.
    fn is_far(&self) -> bool {
        false
    }

    /// Whether some file could be read so far, so that one that is refused may be one that is not there.
    fn has_answered(&self) -> bool {
        true
    }

    /// How many files are worth asking for at once; 1 where they are near.
    fn n_together(&self) -> usize {
        1
    }

    /// Refuses a process in which reading would never end.
    ///
    /// # Errors
    /// [`StoreError`] if it was forked from the one that has the threads for reading.
    fn check_process(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// The name of a file or folder for people.
    fn name(&self, key: &str) -> String;

    /// Where the chunks of an array really are, if that can be told.
    fn array_identity(&self, _keys: &ArrayKeys) -> Identity {
        Identity::unknown()
    }

    /// The real file of a key, where files have names outside of the store.
    fn file_of(&self, _key: &str) -> Option<FileId> {
        None
    }
}

/// As [`Store::read_many`], one after another.
pub(super) fn read_one_by_one<S: Store + ?Sized>(store: &S, wanted: Vec<Wanted>, done: &mut Pieces<'_>) {
    for (number, Wanted { key, part, pieces, limit }) in wanted.into_iter().enumerate() {
        let piece = |piece: &Range<u64>| {
            let (start, len) = (piece.start, piece.end.saturating_sub(piece.start));
            match store.read(&key, Part::Range { start, len }, limit) {
                // The other pieces may be there.
                Err(StoreError::Range { .. } | StoreError::Short { .. }) => Ok(Some(Vec::new())),
                read => read,
            }
        };
        let read = match pieces.as_slice() {
            [] => store.read(&key, part, limit).map(|bytes| bytes.map(|bytes| vec![bytes])),
            pieces => pieces.iter().map(piece).collect(),
        };
        done(number, read);
    }
}

/// Takes the pieces of a file by its place among those that were asked for together.
pub(crate) type Pieces<'a> = dyn FnMut(usize, Result<Option<Vec<Vec<u8>>>, StoreError>) + 'a;

/// Why a file of a store cannot be read; the caller names it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("got {size} bytes, expected at most {limit}")]
    TooLarge { size: u64, limit: u64 },
    #[error("got a file of {size} bytes, expected {part:?} in it")]
    Range { part: Part, size: u64 },
    #[error("got a shorter file, expected {part:?} in it")]
    Short { part: Part },
    #[error(
        "the link {path} leads out of the store, expected files inside of it (set links_outside: true to allow others)"
    )]
    Outside { path: String },
    #[error(transparent)]
    Dangling(BadPath),
    #[error("got the key {key:?}, expected names that stay inside of the store")]
    Key { key: String },
    #[error("got {got}, expected {expected}")]
    ZipEntry { got: String, expected: &'static str },
    #[error("the file cannot be read")]
    Io(#[from] io::Error),
    #[error("the zip file cannot be read")]
    Zip(#[from] zip::result::ZipError),
    /// A server that answers in the same way for what nobody may read and for what is not there.
    #[error(transparent)]
    Hidden(Box<dyn Error + Send + Sync>),
    #[error(transparent)]
    Remote(Box<dyn Error + Send + Sync>),
}

impl StoreError {
    /// Names the image and the place that could not be read.
    pub fn at(self, stack: &str, place: impl Into<String>) -> StackError {
        StackError::Unreadable { stack: stack.to_owned(), place: place.into(), source: Box::new(self) }
    }
}

/// Refuses keys that could name something outside of the store, whoever made them.
pub(super) fn check_key(key: &str) -> Result<(), StoreError> {
    // On Windows, names of streams and drives would be something else than names.
    let is_refused = |letter: char| letter == '\0' || (cfg!(windows) && matches!(letter, '\\' | ':'));
    let is_name = |part: &str| !matches!(part, "" | "." | "..") && !part.contains(is_refused);
    if key.split('/').all(is_name) { Ok(()) } else { Err(StoreError::Key { key: key.to_owned() }) }
}

/// Start and length of the part of a file of `size` bytes, if it lies within and is no longer than `limit`.
pub(super) fn within(part: Part, size: u64, limit: u64) -> Result<(u64, usize), StoreError> {
    let outside = || StoreError::Range { part, size };
    let (start, len) = match part {
        Part::Whole => (0, size),
        Part::Range { start, len } => {
            let end = start.checked_add(len).filter(|end| *end <= size).ok_or_else(outside)?;
            (start, end - start)
        }
        Part::Suffix(len) => (size.checked_sub(len).ok_or_else(outside)?, len),
    };
    if len > limit {
        return Err(StoreError::TooLarge { size: len, limit });
    }
    let len = usize::try_from(len).map_err(|_| StoreError::TooLarge { size: len, limit })?;
    Ok((start, len))
}

/// A store as `zarrs` wants to see it, which reads at most `limit` bytes at once.
pub(super) struct ZarrsStorage {
    pub store: Arc<dyn Store>,
    pub limit: u64,
}

impl ZarrsStorage {
    fn part(&self, key: &StoreKey, range: ByteRange) -> Result<Option<Vec<u8>>, StorageError> {
        let part = match range {
            ByteRange::FromStart(0, None) => Part::Whole,
            ByteRange::FromStart(start, Some(len)) => Part::Range { start, len },
            ByteRange::FromStart(start, None) => {
                let whole = self.part(key, ByteRange::FromStart(0, None))?;
                let start = usize::try_from(start).unwrap_or(usize::MAX);
                return Ok(whole.map(|bytes| bytes.get(start..).unwrap_or_default().to_vec()));
            }
            ByteRange::Suffix(len) => Part::Suffix(len),
        };
        let read = self.store.read(key.as_str(), part, self.limit);
        read.map_err(|source| StorageError::IOError(Arc::new(io::Error::other(source))))
    }
}

impl ReadableStorageTraits for ZarrsStorage {
    fn get_partial_many<'a>(
        &'a self,
        key: &StoreKey,
        ranges: ByteRangeIterator<'a>,
    ) -> Result<MaybeBytesIterator<'a>, StorageError> {
        let mut parts = Vec::new();
        for range in ranges {
            match self.part(key, range)? {
                Some(bytes) => parts.push(Ok(bytes.into())),
                None => return Ok(None),
            }
        }
        Ok(Some(Box::new(parts.into_iter())))
    }

    fn size_key(&self, key: &StoreKey) -> Result<Option<u64>, StorageError> {
        Ok(self.part(key, ByteRange::FromStart(0, None))?.map(|bytes| bytes.len() as u64))
    }

    fn supports_get_partial(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stay_inside_of_their_store() {
        for key in ["zarr.json", "a/b.c/.zarray", "c/0/0", "0.0", "...", "a..b"] {
            assert!(check_key(key).is_ok(), "{key}");
        }
        for key in ["", "/etc/passwd", "../a", "a/../../b", "a/..", "a//b", "a/", "./a", "a\0b"] {
            assert!(check_key(key).is_err(), "{key}");
        }
    }

    #[test]
    fn parts_stay_inside_of_their_file() {
        let within = |part: Part, size, limit| within(part, size, limit).map_err(|error| error.to_string());
        assert_eq!(within(Part::Whole, 10, 10), Ok((0, 10)));
        assert_eq!(within(Part::Whole, 10, 9), Err("got 10 bytes, expected at most 9".into()));
        assert_eq!(within(Part::Range { start: 3, len: 7 }, 10, 10), Ok((3, 7)));
        assert_eq!(within(Part::Suffix(4), 10, 10), Ok((6, 4)));
        for part in [
            Part::Range { start: 3, len: 8 },
            Part::Range { start: u64::MAX, len: u64::MAX },
            Part::Suffix(11),
        ] {
            assert!(within(part, 10, u64::MAX).is_err(), "{part:?}");
        }
    }
}
