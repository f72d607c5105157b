//! Which block of a sample is meant.

/// The two blocks of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatchRole {
    /// What a model sees.
    Input,
    /// What it should give.
    Target,
}
