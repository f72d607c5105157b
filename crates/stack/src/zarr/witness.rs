//! Whether a store is still where it was: a chunk that is not there is only filled while the array's own metadata is.

use std::sync::atomic::{AtomicU64, Ordering};

use super::store::{Store, StoreError};

/// The file that an array was opened by.
#[derive(Debug)]
pub(super) struct Witness {
    key: String,
    /// Chunks that were not there.
    n_missing: AtomicU64,
}

/// Missing chunks of a far array after which only some are reason to ask for the metadata.
const ALWAYS: u64 = 16;

/// One in so many of them is.
const ONE_IN: u64 = 16;

/// Why a chunk that is not there cannot be filled.
#[derive(Debug, thiserror::Error)]
pub(super) enum Vanished {
    #[error(
        "got neither the chunk nor {metadata}, which was there when the image was opened, expected a store that stays \
         where it is"
    )]
    Gone { metadata: String },
    #[error("got no chunk, and whether {metadata} is still there cannot be told")]
    Unknown {
        metadata: String,
        #[source]
        source: StoreError,
    },
}

impl Witness {
    pub fn new(key: String) -> Self {
        Witness { key, n_missing: AtomicU64::new(0) }
    }

    /// Makes sure that a chunk is not there for good, rather than with all of its store.
    ///
    /// It is the metadata that is looked for, after the chunk. Near stores are asked every time, which takes as long as it
    /// takes to see that there is no chunk; far ones for the first chunks and some of the later ones, so that an array
    /// with few chunks does not cost twice the requests.
    ///
    /// # Errors
    /// [`Vanished`] if the metadata is gone too, or cannot be looked for.
    pub fn check(&self, store: &dyn Store) -> Result<(), Vanished> {
        let number = self.n_missing.fetch_add(1, Ordering::Relaxed);
        let is_due =
            !store.is_far() || store.hides_absence() || number < ALWAYS || number.is_multiple_of(ONE_IN);
        if !is_due {
            return Ok(());
        }
        let metadata = store.name(&self.key);
        match store.exists(&self.key) {
            Ok(true) => Ok(()),
            Ok(false) => Err(Vanished::Gone { metadata }),
            Err(source) => Err(Vanished::Unknown { metadata, source }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::store::Part;
    use super::*;

    /// A far store, which may hide what is not there, and how often it was asked.
    #[derive(Default)]
    struct Far {
        is_gone: bool,
        hides: bool,
        n_asked: AtomicU64,
    }

    impl Store for Far {
        fn read(&self, _key: &str, _part: Part, _limit: u64) -> Result<Option<Vec<u8>>, StoreError> {
            self.n_asked.fetch_add(1, Ordering::Relaxed);
            Ok((!self.is_gone).then(Vec::new))
        }

        fn folders(&self, _folder: &str) -> Result<Option<Vec<String>>, StoreError> {
            Ok(None)
        }

        fn is_far(&self) -> bool {
            true
        }

        fn hides_absence(&self) -> bool {
            self.hides
        }

        fn name(&self, key: &str) -> String {
            format!("far/{key}")
        }
    }

    #[test]
    fn far_stores_are_asked_for_few_of_many_missing_chunks() {
        let n_asked = |store: Far| {
            let witness = Witness::new("zarr.json".to_owned());
            (0..1600).for_each(|_| witness.check(&store).unwrap());
            store.n_asked.load(Ordering::Relaxed)
        };
        assert_eq!(n_asked(Far::default()), 16 + 99);
        assert_eq!(n_asked(Far { hides: true, ..Far::default() }), 1600);
        let error =
            Witness::new("zarr.json".to_owned()).check(&Far { is_gone: true, ..Far::default() }).unwrap_err();
        assert!(error.to_string().starts_with("got neither the chunk nor far/zarr.json, "), "{error}");
    }
}
