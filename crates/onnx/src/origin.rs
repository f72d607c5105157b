//! Where a network comes from.

use std::path::Path;

/// Where a network comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Origin<'a> {
    /// A file.
    File(&'a Path),
    /// Memory.
    Bytes {
        bytes: &'a [u8],
        /// Whether weights were put into it since.
        is_changed: bool,
    },
}

impl Origin<'_> {
    /// Where weights beside the network lie.
    pub(crate) fn folder(&self) -> &Path {
        match self {
            Origin::File(path) => path.parent().unwrap_or(Path::new("")),
            Origin::Bytes { .. } => Path::new(""),
        }
    }
}
