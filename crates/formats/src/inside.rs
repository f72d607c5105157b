//! Places inside of files that hold several images, such as `volume.h5/group/raw`.

use std::path::{Path, PathBuf};

/// The file of a path, and the place inside of it with `/` between its parts; empty for the file as a whole.
///
/// The file is the nearest one above that exists and is no folder, or the path itself if there is none.
pub(crate) fn split_file(path: &Path) -> (PathBuf, String) {
    let file = path.ancestors().find(|path| path.exists() && !path.is_dir()).unwrap_or(path);
    let inside = path.strip_prefix(file).unwrap_or(Path::new(""));
    let parts: Vec<_> = inside.iter().map(|part| part.to_string_lossy()).collect();
    (file.to_owned(), parts.join("/"))
}

/// How messages call an image inside of a file.
pub(crate) fn name_inside(file: &Path, inside: &str) -> String {
    let inside = inside.trim_matches('/');
    if inside.is_empty() { file.display().to_string() } else { file.join(inside).display().to_string() }
}
