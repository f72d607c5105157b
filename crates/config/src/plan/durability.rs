//! `durability`: what of the results is on the disk once they have their names.

/// What of the results is on the disk, rather than in the memory of the system, once they have their names.
///
/// ```
/// use patchweave_config::Durability;
///
/// assert_eq!(Durability::default(), Durability::Full);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// Nothing is waited for.
    None,
    /// The bytes of every file.
    Files,
    /// The bytes of every file and the names in every folder.
    #[default]
    Full,
}
