//! Where a finished image is.

use std::path::{Path, PathBuf};

use patchweave_pixel::TypedArray;

/// Where a finished image is.
///
/// ```
/// use patchweave_sink::Location;
///
/// assert_eq!(Location::Path("a.tif".into()).to_string(), "a.tif");
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Location {
    /// A file or folder.
    Path(PathBuf),
    /// A place in a store on another machine.
    Url(String),
    /// Arrays in the memory of this process, one for each level, in the axes of the specification.
    Memory(Vec<TypedArray>),
}

impl Location {
    /// The file or folder, if it is one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        if let Location::Path(path) = self { Some(path) } else { None }
    }
}

impl std::fmt::Display for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Location::Path(path) => path.display().fmt(f),
            Location::Url(url) => f.write_str(url),
            Location::Memory(_) => f.write_str("memory"),
        }
    }
}
