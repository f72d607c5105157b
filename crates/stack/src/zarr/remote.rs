//! A Zarr behind a URL.

use tracing::trace_span;

use super::identity::ArrayKeys;
use super::store::{Part, Store, StoreError, check_key};
use crate::identity::{Object, Place};
use crate::read_cost::{has_read, reading};
use crate::remote::{RemoteError, RemoteFolder, RemoteOptions, connect};
use crate::{FileId, StackError};

/// The objects below a URL.
pub(super) struct RemoteStore(RemoteFolder);

impl RemoteStore {
    pub fn new(url: &str, options: &RemoteOptions) -> Result<Self, StackError> {
        let folder = connect(url, options);
        Ok(RemoteStore(folder.map_err(|error| StoreError::from(error).at(url, "the server"))?))
    }
}

impl Store for RemoteStore {
    fn read(&self, key: &str, part: Part, limit: u64) -> Result<Option<Vec<u8>>, StoreError> {
        check_key(key)?;
        // Servers refuse ranges of no bytes.
        if let Part::Range { len: 0, .. } | Part::Suffix(0) = part {
            return Ok(Some(Vec::new()));
        }
        let _span = trace_span!("read", file = key).entered();
        let object = match reading(|| self.0.get(key, part, limit)) {
            Ok(Some(object)) => object,
            Ok(None) => return Ok(None),
            Err(RemoteError::Range { .. }) => return Err(StoreError::Short { part }),
            Err(error) => return Err(error.into()),
        };
        has_read(object.bytes.len());
        let (_, expected) = part.within(object.size, limit)?;
        if object.bytes.len() == expected {
            Ok(Some(object.bytes))
        } else {
            Err(StoreError::Range { part, size: object.size })
        }
    }

    fn folders(&self, folder: &str) -> Result<Option<Vec<String>>, StoreError> {
        Ok(self.0.folders(folder)?)
    }

    fn is_far(&self) -> bool {
        true
    }

    fn name(&self, key: &str) -> String {
        self.0.name(key)
    }

    fn array_object(&self, keys: &ArrayKeys) -> Option<Object> {
        Some(Object { file: FileId::of_url(&self.0.name(&keys.folder)), place: Place::Whole })
    }
}
