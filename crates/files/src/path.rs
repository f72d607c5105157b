//! Why nothing can be read at a path, found out before anything is opened.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::FileKind;

/// Why nothing can be read at a path.
///
/// ```
/// use std::path::Path;
///
/// let error = patchweave_files::check_path(Path::new("no/such/folder/a.tif")).unwrap_err();
/// assert_eq!(error.to_string(), "no/such/folder/a.tif does not exist, the nearest folder that does is .");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadPath {
    /// Nothing of that name.
    #[error("{} does not exist, the nearest folder that does is {}", path.display(), nearest.display())]
    Missing {
        /// What was looked for.
        path: PathBuf,
        /// The part of it that exists.
        nearest: PathBuf,
    },
    /// A link, or a path behind one, whose end is missing.
    #[error("{} does not exist, because {} is a link to {}, which does not", path.display(), link.display(), target.display())]
    DanglingLink {
        /// What was looked for.
        path: PathBuf,
        /// The link: the path itself or a folder above it.
        link: PathBuf,
        /// What the link names.
        target: PathBuf,
    },
    /// Something that cannot be read as a file.
    #[error("{} is not a file: {kind}", path.display())]
    Special {
        /// Where it is.
        path: PathBuf,
        /// What it is.
        kind: FileKind,
    },
}

/// Whether a file or a folder stands at a path, or a file on the way there, as in `volume.h5/group/raw`.
///
/// Nothing is opened. What cannot be looked at for another reason is left to whoever opens it.
///
/// # Errors
/// [`BadPath`].
pub fn check_path(path: &Path) -> Result<(), BadPath> {
    for above in path.ancestors() {
        // The last one of a relative path is empty and stands for the current folder.
        let looked_at = if above == Path::new("") { Path::new(".") } else { above };
        match fs::metadata(looked_at) {
            Ok(found) => {
                return match FileKind::of(found.file_type()) {
                    Some(FileKind::Folder) if above != path => {
                        Err(BadPath::Missing { path: path.to_owned(), nearest: looked_at.to_owned() })
                    }
                    None | Some(FileKind::Folder) => Ok(()),
                    Some(kind) => Err(BadPath::Special { path: looked_at.to_owned(), kind }),
                };
            }
            Err(error) if is_absent(&error) => {
                if let Ok(target) = fs::read_link(looked_at) {
                    let path = path.to_owned();
                    let link = looked_at.to_owned();
                    return Err(BadPath::DanglingLink { path, link, target });
                }
            }
            Err(_) => return Ok(()),
        }
    }
    Ok(())
}

/// Whether the error says that there is nothing, rather than that something cannot be had.
fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_end_at_files_and_folders() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::write(root.join("a.h5"), "").unwrap();
        for fine in ["", "a.h5", "a.h5/group/raw"] {
            assert_eq!(check_path(&root.join(fine)), Ok(()), "{fine}");
        }
        let path = root.join("b/c/d.tif");
        let nearest = root.to_owned();
        assert_eq!(check_path(&path), Err(BadPath::Missing { path: path.clone(), nearest }));
    }

    #[cfg(unix)]
    #[test]
    fn links_to_nowhere_and_pipes_are_named() {
        use rustix::fs::{CWD, FileType, Mode, mknodat};

        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("gone", &link).unwrap();
        for path in [link.clone(), link.join("x/y.tif")] {
            let error = check_path(&path).unwrap_err();
            let dangling = BadPath::DanglingLink { path, link: link.clone(), target: "gone".into() };
            assert_eq!(error, dangling);
        }
        let pipe = folder.path().join("pipe.h5");
        mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR, 0).unwrap();
        for path in [pipe.clone(), pipe.join("raw")] {
            let special = BadPath::Special { path: pipe.clone(), kind: FileKind::Pipe };
            assert_eq!(check_path(&path), Err(special));
        }
    }
}
