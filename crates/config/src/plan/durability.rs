//! What is flushed to disk before results get their final names.

/// What is flushed to disk (`fsync`) before results get their final names.
///
/// ```
/// use patchweave_config::Durability;
///
/// assert_eq!(Durability::default(), Durability::Full);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// Nothing.
    None,
    /// The content of every file.
    Files,
    /// The content of every file and the entries of every folder.
    #[default]
    Full,
}
