//! A Zarr behind a URL.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use patchweave_remote::{Fetched, RemoteError, RemoteFolder, RemoteOptions, check_process, connect};
use patchweave_stack::read_cost::{book_read_bytes, reading};
use patchweave_stack::{ArrayPlace, FileId, Identity, StackError, StoredArray};
use tracing::trace_span;

use super::array_keys::ArrayKeys;
use super::store::{Part, Pieces, Store, StoreError, Wanted, check_key, within};

/// The objects below a URL.
///
/// Buckets that do not let everybody list them refuse what is not there (403) instead of saying so (404). Whether this one
/// does is asked once, with a name that nobody uses. If so, what is refused counts as missing, as soon as
/// anything else of the store could be read.
pub(super) struct RemoteStore {
    folder: RemoteFolder,
    n_requests: usize,
    has_answered: AtomicBool,
    hides_absence: OnceLock<bool>,
}

/// The name of an object that is in no store.
const NOWHERE: &str = "patchweave-object-that-is-not-there";

/// Objects that are asked for together, for every request that may be under way: the next ones wait for their turn while
/// the first ones are decoded.
const OBJECTS_PER_REQUEST: usize = 4;

impl From<RemoteError> for StoreError {
    fn from(error: RemoteError) -> Self {
        StoreError::Remote(error.into())
    }
}

impl RemoteStore {
    pub fn new(url: &str, options: &RemoteOptions) -> Result<Self, StackError> {
        let folder = connect(url, options);
        let folder = folder.map_err(|error| StoreError::from(error).at(url, "the server"))?;
        Ok(RemoteStore {
            folder,
            n_requests: options.requests.get(),
            has_answered: AtomicBool::new(false),
            hides_absence: OnceLock::new(),
        })
    }

    /// Whether a refusal is also the answer for what is not there.
    fn may_be_absent(&self) -> bool {
        if let Some(known) = self.hides_absence.get() {
            return *known;
        }
        let nowhere = Wanted::new(NOWHERE, Part::Range { start: 0, len: 1 }, 1);
        let hides = match reading(|| self.folder.get(nowhere)) {
            Err(error) if error.is_refusal() => true,
            Ok(_) => false,
            // The next refusal asks again.
            Err(_) => return false,
        };
        *self.hides_absence.get_or_init(|| hides)
    }

    /// An object that arrived, whose bytes are booked.
    fn arrived(
        &self,
        object: Result<Option<Fetched>, RemoteError>,
        part: Part,
    ) -> Result<Option<Fetched>, StoreError> {
        match object {
            Ok(Some(fetched)) => {
                self.has_answered.store(true, Ordering::Relaxed);
                book_read_bytes(fetched.pieces.iter().map(Vec::len).sum());
                Ok(Some(fetched))
            }
            Ok(None) => Ok(None),
            Err(RemoteError::Range) => Err(StoreError::Short { part }),
            Err(error) if error.is_refusal() && self.may_be_absent() => Err(StoreError::Hidden(error.into())),
            Err(error) => Err(error.into()),
        }
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
        let object = reading(|| self.folder.get(Wanted::new(key, part, limit)));
        let Some(Fetched { pieces, size }) = self.arrived(object, part)? else { return Ok(None) };
        let bytes = pieces.into_iter().next().unwrap_or_default();
        let (_, expected) = within(part, size, limit)?;
        if bytes.len() == expected { Ok(Some(bytes)) } else { Err(StoreError::Range { part, size }) }
    }

    fn read_many(&self, wanted: Vec<Wanted>, done: &mut Pieces<'_>) {
        // What is still to come, by its place among those that are asked for.
        let mut missing = Vec::new();
        let mut asked = Vec::new();
        for (number, wanted) in wanted.into_iter().enumerate() {
            match check_key(&wanted.key) {
                Ok(()) => {
                    missing.push(Some((number, wanted.part)));
                    asked.push(wanted);
                }
                Err(error) => done(number, Err(error)),
            }
        }
        let arrivals = self.folder.get_many(asked);
        let n_files = missing.len();
        let next = || {
            let _span = trace_span!("read", files = n_files).entered();
            reading(|| arrivals.recv())
        };
        while let Ok((at, object)) = next() {
            if let Some((number, part)) = missing.get_mut(at).and_then(Option::take) {
                done(number, self.arrived(object, part).map(|found| found.map(|fetched| fetched.pieces)));
            }
        }
        for (number, _) in missing.into_iter().flatten() {
            done(number, Err(RemoteError::Stopped.into()));
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

    fn n_together(&self) -> usize {
        self.n_requests.saturating_mul(OBJECTS_PER_REQUEST)
    }

    fn check_process(&self) -> Result<(), StoreError> {
        Ok(check_process()?)
    }

    fn has_answered(&self) -> bool {
        self.has_answered.load(Ordering::Relaxed)
    }

    fn name(&self, key: &str) -> String {
        self.folder.name(key)
    }

    fn array_identity(&self, keys: &ArrayKeys) -> Identity {
        let file = FileId::of_url(&self.folder.name(&keys.folder));
        Identity::of_object(StoredArray { file, place: ArrayPlace::Whole })
    }
}
