//! How a journal is opened.

use crate::Durability;

/// How a [`Journal`](crate::Journal) is opened.
///
/// ```
/// use patchweave_sink::JournalOptions;
///
/// assert!(!JournalOptions::default().is_shared);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JournalOptions {
    /// Whether other processes may have it open at the same time, each of which writes units of its own.
    pub is_shared: bool,
    /// Whether images take the place of what stands under their names.
    pub replaces: bool,
    /// What is on the disk once the journal says so.
    pub durability: Durability,
}
