//! Whether a store is still where it was: a chunk that is not there is only filled while the array's own metadata is.

use super::store::{Store, StoreError};

/// The file that an array was opened by.
#[derive(Debug)]
pub(super) struct Witness {
    key: String,
}

/// Why a chunk that is not there cannot be filled.
#[derive(Debug, thiserror::Error)]
pub(super) enum Vanished {
    #[error(
        "got neither the chunk nor {metadata}, which was there when the image was opened, expected a store that stays \
         where it is"
    )]
    Gone { metadata: String },
    #[error("got no file, expected the one that was read before")]
    Before,
    #[error("got no chunk, and whether {metadata} is still there cannot be told")]
    Unknown {
        metadata: String,
        #[source]
        source: StoreError,
    },
}

impl Witness {
    pub fn new(key: String) -> Self {
        Witness { key }
    }

    /// Makes sure that chunks are not there for good, rather than with all of their store.
    ///
    /// It is the metadata that is looked for, after the chunks.
    ///
    /// # Errors
    /// [`Vanished`] if the metadata is gone too, or cannot be looked for.
    pub fn check(&self, store: &dyn Store) -> Result<(), Vanished> {
        let metadata = store.name(&self.key);
        match store.exists(&self.key) {
            Ok(true) => Ok(()),
            Ok(false) => Err(Vanished::Gone { metadata }),
            Err(source) => Err(Vanished::Unknown { metadata, source }),
        }
    }
}
