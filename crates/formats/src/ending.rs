//! What names of files end in.

use std::path::Path;

/// Whether the name of a file ends in an extension, in lower or upper case.
pub(crate) fn has_ending(path: &Path, extension: &str) -> bool {
    // An ending is text, whatever stands before it.
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase());
    name.is_some_and(|name| {
        name.strip_suffix(extension).is_some_and(|stem| stem.len() > 1 && stem.ends_with('.'))
    })
}
