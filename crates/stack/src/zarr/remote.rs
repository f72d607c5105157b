//! A Zarr behind a URL.

use object_store::GetRange;

use super::store::{Part, Store, StoreError, check_key};
use crate::StackError;
use crate::remote::{RemoteFolder, RemoteOptions, connect};

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
        let range = match part {
            Part::Whole => None,
            // Servers refuse ranges of no bytes.
            Part::Range { len: 0, .. } | Part::Suffix(0) => return Ok(Some(Vec::new())),
            Part::Range { start, len } => {
                let end = start.checked_add(len).ok_or(StoreError::Range { part, size: u64::MAX })?;
                Some(GetRange::Bounded(start..end))
            }
            Part::Suffix(len) => Some(GetRange::Suffix(len)),
        };
        let Some(object) = self.0.get(key, range, limit)? else { return Ok(None) };
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

    fn name(&self, key: &str) -> String {
        self.0.name(key)
    }
}
