//! The output of a job as a Zarr store, from which what was written is read again.

use std::sync::Arc;

use zarrs::storage::byte_range::ByteRangeIterator;
use zarrs::storage::{Bytes, MaybeBytes, MaybeBytesIterator, ReadableStorageTraits, StorageError, StoreKey};

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
