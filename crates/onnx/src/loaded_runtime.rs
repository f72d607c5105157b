//! A library that was loaded.

use std::fmt;
use std::path::PathBuf;

/// A library of ONNX Runtime that this process has loaded.
///
/// ```
/// use patchweave_onnx::LoadedRuntime;
///
/// let loaded = LoadedRuntime { library: "lib.so".into(), build: "git-branch=rel-1.32.0".into() };
/// assert_eq!(loaded.to_string(), "ONNX Runtime, lib.so (git-branch=rel-1.32.0)");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadedRuntime {
    /// The library.
    pub library: PathBuf,
    /// Its version, as it tells it.
    pub build: String,
}

impl fmt::Display for LoadedRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ONNX Runtime, {} ({})", self.library.display(), self.build)
    }
}
