//! A Zarr behind a URL.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use tracing::trace_span;

use super::identity::ArrayKeys;
use super::store::{Part, Store, StoreError, check_key};
use crate::identity::{Object, Place};
use crate::read_cost::{has_read, reading};
use crate::remote::{RemoteError, RemoteFolder, RemoteOptions, connect};
use crate::{FileId, StackError};

/// The objects below a URL.
///
/// Buckets that do not let everybody list them refuse what is not there (403) instead of saying so (404). Whether this one
/// does is asked once, with a name that nobody uses. If so, what is refused counts as missing, as soon as
/// anything else of the store could be read.
pub(super) struct RemoteStore {
    folder: RemoteFolder,
    has_answered: AtomicBool,
    hides_absence: OnceLock<bool>,
}

/// The name of an object that is in no store.
const NOWHERE: &str = "patchweave-object-that-is-not-there";

impl RemoteStore {
    pub fn new(url: &str, options: &RemoteOptions) -> Result<Self, StackError> {
        let folder = connect(url, options);
        let folder = folder.map_err(|error| StoreError::from(error).at(url, "the server"))?;
        Ok(RemoteStore { folder, has_answered: AtomicBool::new(false), hides_absence: OnceLock::new() })
    }

    /// Whether a refusal is also the answer for what is not there.
    fn may_be_absent(&self) -> bool {
        if let Some(known) = self.hides_absence.get() {
            return *known;
        }
        let hides = match reading(|| self.folder.get(NOWHERE, Part::Range { start: 0, len: 1 }, 1)) {
            Err(error) if error.is_refusal() => true,
            Ok(_) => false,
            // The next refusal asks again.
            Err(_) => return false,
        };
        *self.hides_absence.get_or_init(|| hides)
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
        let object = match reading(|| self.folder.get(key, part, limit)) {
            Ok(Some(object)) => object,
            Ok(None) => return Ok(None),
            Err(RemoteError::Range { .. }) => return Err(StoreError::Short { part }),
            Err(error) if error.is_refusal() && self.may_be_absent() => {
                return Err(StoreError::Hidden(error));
            }
            Err(error) => return Err(error.into()),
        };
        self.has_answered.store(true, Ordering::Relaxed);
        has_read(object.bytes.len());
        let (_, expected) = part.within(object.size, limit)?;
        if object.bytes.len() == expected {
            Ok(Some(object.bytes))
        } else {
            Err(StoreError::Range { part, size: object.size })
        }
    }

    fn folders(&self, folder: &str) -> Result<Option<Vec<String>>, StoreError> {
        match self.folder.folders(folder) {
            Ok(names) => Ok(names),
            // Who may not list may still read.
            Err(error) if error.is_refusal() && self.has_answered() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn is_far(&self) -> bool {
        true
    }

    fn has_answered(&self) -> bool {
        self.has_answered.load(Ordering::Relaxed)
    }

    fn hides_absence(&self) -> bool {
        self.hides_absence.get() == Some(&true)
    }

    fn name(&self, key: &str) -> String {
        self.folder.name(key)
    }

    fn array_object(&self, keys: &ArrayKeys) -> Option<Object> {
        Some(Object { file: FileId::of_url(&self.folder.name(&keys.folder)), place: Place::Whole })
    }
}
