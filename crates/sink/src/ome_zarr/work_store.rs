//! The output of a job as a Zarr store, in which every file appears as a whole.

use std::sync::Arc;

use zarrs::storage::byte_range::ByteRangeIterator;
use zarrs::storage::{
    Bytes, MaybeBytes, MaybeBytesIterator, OffsetBytesIterator, ReadableStorageTraits, StorageError,
    StoreKey, StorePrefix, WritableStorageTraits,
};

use crate::Work;
use crate::folder_store::parts_of;

/// The output of a job as a Zarr store.
#[derive(Debug)]
pub(crate) struct WorkStore(pub Work);

impl ReadableStorageTraits for WorkStore {
    fn get(&self, key: &StoreKey) -> Result<MaybeBytes, StorageError> {
        let bytes = self.0.place().get_output(key.as_str()).map_err(Arc::new)?;
        Ok(bytes.map(Bytes::from))
    }

    fn get_partial_many<'a>(
        &'a self,
        key: &StoreKey,
        byte_ranges: ByteRangeIterator<'a>,
    ) -> Result<MaybeBytesIterator<'a>, StorageError> {
        Ok(self.get(key)?.map(|bytes| parts_of(bytes, byte_ranges)))
    }

    fn size_key(&self, key: &StoreKey) -> Result<Option<u64>, StorageError> {
        Ok(self.get(key)?.map(|bytes| bytes.len() as u64))
    }

    fn supports_get_partial(&self) -> bool {
        false
    }
}

impl WritableStorageTraits for WorkStore {
    fn set(&self, key: &StoreKey, value: Bytes) -> Result<(), StorageError> {
        Ok(self.0.place().put_output(key.as_str(), &value).map_err(Arc::new)?)
    }

    fn set_partial_many(&self, _: &StoreKey, _: OffsetBytesIterator) -> Result<(), StorageError> {
        Err(StorageError::Unsupported("chunks are written as a whole".into()))
    }

    fn erase(&self, key: &StoreKey) -> Result<(), StorageError> {
        Ok(self.0.place().remove_output(key.as_str()).map_err(Arc::new)?)
    }

    fn erase_prefix(&self, _: &StorePrefix) -> Result<(), StorageError> {
        Err(StorageError::Unsupported("only chunks are removed".into()))
    }

    fn supports_set_partial(&self) -> bool {
        false
    }
}
