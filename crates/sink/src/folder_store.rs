//! A Zarr store in a folder that leaves it to the operating system when bytes reach the disk.
//!
//! The ordinary file system store waits for the disk after every write, many times for a chunk that many
//! blocks touch. This one is for files that nobody sees before they are published, which waits once for each.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use zarrs::storage::byte_range::ByteRangeIterator;
use zarrs::storage::{
    Bytes, MaybeBytes, MaybeBytesIterator, OffsetBytesIterator, ReadableStorageTraits, StorageError,
    StoreKey, StorePrefix, WritableStorageTraits,
};

/// Files below one folder, named by their keys; what is set may still be in the memory of the system.
///
/// ```
/// use patchweave_sink::FolderStore;
/// use zarrs::storage::{Bytes, ReadableStorageTraits, StoreKey, WritableStorageTraits};
///
/// let folder = tempfile::tempdir()?;
/// let store = FolderStore::new(folder.path().join("array"));
/// store.set(&StoreKey::new("c/0/1")?, Bytes::from_static(b"chunk"))?;
/// assert_eq!(std::fs::read(folder.path().join("array/c/0/1"))?, b"chunk");
/// assert_eq!(store.get(&StoreKey::new("c/0/2")?)?, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct FolderStore {
    folder: PathBuf,
}

impl FolderStore {
    /// A store in a folder, which is made when the first file is.
    pub fn new(folder: PathBuf) -> Self {
        FolderStore { folder }
    }

    fn file(&self, key: &StoreKey) -> PathBuf {
        self.folder.join(key.as_str())
    }
}

impl ReadableStorageTraits for FolderStore {
    fn get(&self, key: &StoreKey) -> Result<MaybeBytes, StorageError> {
        Ok(unless_missing(fs::read(self.file(key)))?.map(Bytes::from))
    }

    fn get_partial_many<'a>(
        &'a self,
        key: &StoreKey,
        byte_ranges: ByteRangeIterator<'a>,
    ) -> Result<MaybeBytesIterator<'a>, StorageError> {
        Ok(self.get(key)?.map(|bytes| parts_of(bytes, byte_ranges)))
    }

    fn size_key(&self, key: &StoreKey) -> Result<Option<u64>, StorageError> {
        Ok(unless_missing(fs::metadata(self.file(key)))?.map(|metadata| metadata.len()))
    }

    fn supports_get_partial(&self) -> bool {
        false
    }
}

impl WritableStorageTraits for FolderStore {
    fn set(&self, key: &StoreKey, value: Bytes) -> Result<(), StorageError> {
        let file = self.file(key);
        if let Some(parent) = file.parent() {
            fs::create_dir_all(parent).map_err(Arc::new)?;
        }
        Ok(fs::write(file, value).map_err(Arc::new)?)
    }

    fn set_partial_many(&self, _: &StoreKey, _: OffsetBytesIterator) -> Result<(), StorageError> {
        Err(StorageError::Unsupported("chunks are written as a whole".into()))
    }

    fn erase(&self, key: &StoreKey) -> Result<(), StorageError> {
        unless_missing(fs::remove_file(self.file(key)))?;
        Ok(())
    }

    fn erase_prefix(&self, prefix: &StorePrefix) -> Result<(), StorageError> {
        unless_missing(fs::remove_dir_all(self.folder.join(prefix.as_str())))?;
        Ok(())
    }

    fn supports_set_partial(&self) -> bool {
        false
    }
}

/// Parts of a value that was read as a whole.
pub(crate) fn parts_of<'a>(
    bytes: Bytes,
    byte_ranges: ByteRangeIterator<'a>,
) -> Box<dyn Iterator<Item = Result<Bytes, StorageError>> + 'a> {
    let n_bytes = bytes.len() as u64;
    Box::new(byte_ranges.map(move |range| {
        let invalid = || StorageError::Other(format!("no bytes {range} in a value of {n_bytes}"));
        let start = usize::try_from(range.start(n_bytes)).map_err(|_| invalid())?;
        let end = usize::try_from(range.end(n_bytes)).map_err(|_| invalid())?;
        bytes.get(start..end).map(Bytes::copy_from_slice).ok_or_else(invalid)
    }))
}

fn unless_missing<T>(result: io::Result<T>) -> Result<Option<T>, StorageError> {
    Ok(crate::folder_work::unless_missing(result).map_err(Arc::new)?)
}
