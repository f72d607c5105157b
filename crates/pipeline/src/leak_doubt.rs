//! Why a leak can neither be found nor ruled out.

use patchweave_stack::Doubt;

/// Why it cannot be told whether training and validation share pixels.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LeakDoubt {
    /// An image is used by both, and nobody knows from which of its pixels the levels of its pyramid were made.
    #[error(
        "training and validation use {image}, and larger scales come from a pyramid; use context_source: image"
    )]
    Levels {
        /// The image.
        image: String,
    },
    /// Two images that may be the same or not.
    #[error(transparent)]
    Images(#[from] Doubt),
}
