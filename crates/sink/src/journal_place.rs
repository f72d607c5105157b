//! Where an image of a journal is made.

use std::path::PathBuf;

#[cfg(feature = "remote")]
use crate::journal_entry::JournalEntry;

/// Where an image of a journal is made.
pub(crate) enum JournalPlace {
    /// In a folder of the journal.
    Folder(PathBuf),
    /// In an object store, where it stays.
    #[cfg(feature = "remote")]
    Store(JournalEntry),
}
