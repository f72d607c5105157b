//! Where a package lies: a folder, or a ZIP archive that is read in place.

use std::io::{BufReader, Read, Seek};
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use patchweave_files::{open_file, read_file};
use patchweave_model::Cause;
use zip::ZipArchive;
use zip::result::ZipError;

use crate::ZooError;

/// The names of a description, the first one that there is counts.
const NAMES: &[&str] = &["bioimageio.yaml", "rdf.yaml", "model.yaml"];
/// The most bytes of a description.
const MAX_DESCRIPTION: u64 = 16 << 20;

/// Bytes of an archive.
pub(crate) trait Bytes: Read + Seek + Send {}

impl<B: Read + Seek + Send> Bytes for B {}

/// Where a package lies.
pub(crate) enum Place {
    Folder(PathBuf),
    Zip { path: PathBuf, archive: Mutex<ZipArchive<Box<dyn Bytes>>> },
}

/// A description as it lies there.
pub(crate) struct Found {
    pub place: Place,
    /// What messages call it.
    pub file: PathBuf,
    pub text: String,
}

/// Finds the description of a package.
pub(crate) fn find(path: &Path) -> Result<Found, ZooError> {
    if path.is_dir() {
        let there = NAMES.iter().map(|name| path.join(name)).find(|file| file.exists());
        let file = there.ok_or_else(|| ZooError::NoDescription { path: path.to_owned(), expected: NAMES })?;
        return of_file(Place::Folder(path.to_owned()), file);
    }
    let is_yaml = path
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("yaml") || ending.eq_ignore_ascii_case("yml"));
    if is_yaml {
        let folder = path.parent().unwrap_or(Path::new(""));
        return of_file(Place::Folder(folder.to_owned()), path.to_owned());
    }
    in_archive(path)
}

fn of_file(place: Place, file: PathBuf) -> Result<Found, ZooError> {
    let bytes = read_file(&file, MAX_DESCRIPTION)
        .map_err(|source| ZooError::Unreadable { path: file.clone(), source })?;
    let text = text(&file, bytes)?;
    Ok(Found { place, file, text })
}

fn in_archive(path: &Path) -> Result<Found, ZooError> {
    let file = open_file(path).map_err(|source| ZooError::Unreadable { path: path.to_owned(), source })?;
    let refused = |source: ZipError| ZooError::NotZip { path: path.to_owned(), source: source.into() };
    let mut archive = ZipArchive::new(Box::new(BufReader::new(file)) as Box<dyn Bytes>).map_err(refused)?;
    let there = NAMES.iter().find_map(|name| Some((*name, archive.index_for_name(name)?)));
    let (name, index) =
        there.ok_or_else(|| ZooError::NoDescription { path: path.to_owned(), expected: NAMES })?;
    let mut bytes = Vec::new();
    let member = archive.by_index(index).map_err(refused)?;
    member
        .take(MAX_DESCRIPTION + 1)
        .read_to_end(&mut bytes)
        .map_err(|source| ZooError::Unreadable { path: path.to_owned(), source })?;
    let file = path.join(name);
    let text = text(&file, bytes)?;
    let place = Place::Zip { path: path.to_owned(), archive: Mutex::new(archive) };
    Ok(Found { place, file, text })
}

fn text(file: &Path, bytes: Vec<u8>) -> Result<String, ZooError> {
    let refused = |got: String, expected: String| ZooError::NotText { path: file.to_owned(), got, expected };
    if bytes.len() as u64 > MAX_DESCRIPTION {
        return Err(refused("more bytes".into(), format!("{MAX_DESCRIPTION} bytes at most")));
    }
    String::from_utf8(bytes).map_err(|error| {
        refused(format!("a wrong byte at {}", error.utf8_error().valid_up_to()), "UTF-8".into())
    })
}

/// Why a file of a package is not had, as a problem of the field that names it.
#[derive(Debug)]
pub(crate) struct NotHad {
    pub found: String,
    pub expected: String,
}

impl NotHad {
    fn new(found: impl Into<String>, expected: impl Into<String>) -> Self {
        NotHad { found: found.into(), expected: expected.into() }
    }
}

impl Place {
    /// The package itself: its folder or archive.
    pub fn path(&self) -> &Path {
        match self {
            Place::Folder(path) | Place::Zip { path, .. } => path,
        }
    }

    /// All bytes of a file of the package that has at most `limit` of them.
    pub fn read(&self, source: &str, limit: u64) -> Result<Vec<u8>, NotHad> {
        let inside = inside(source)?;
        let failed =
            |error: Cause| NotHad::new(format!("{source} cannot be read: {error}"), "a file of the package");
        let bytes = match self {
            Place::Folder(folder) => {
                read_file(&folder.join(&inside), limit).map_err(|error| failed(error.into()))?
            }
            Place::Zip { archive, .. } => {
                let mut archive = archive.lock().unwrap_or_else(PoisonError::into_inner);
                let member = archive.by_name(&inside).map_err(|error| failed(error.into()))?;
                let mut bytes = Vec::new();
                // What a member says of its own size is not believed.
                member
                    .take(limit.saturating_add(1))
                    .read_to_end(&mut bytes)
                    .map_err(|error| failed(error.into()))?;
                bytes
            }
        };
        if bytes.len() as u64 > limit {
            return Err(NotHad::new(
                format!("{source} has more bytes than expected"),
                format!("{limit} bytes at most"),
            ));
        }
        Ok(bytes)
    }
}

/// The path of a file below the package; one that leads out of it, or to another machine, is refused.
fn inside(source: &str) -> Result<String, NotHad> {
    let expected = "a relative path inside of the package";
    if source.contains("://") {
        return Err(NotHad::new(
            format!("got the URL {source}"),
            format!("{expected}; download the file and name it here"),
        ));
    }
    let mut parts = Vec::new();
    for part in Path::new(source).components() {
        match part {
            Component::Normal(part) => parts.push(part.to_string_lossy().into_owned()),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                return Err(NotHad::new(format!("got {source:?}"), expected));
            }
        }
    }
    if parts.is_empty() || source.contains(['\\', '\0']) {
        return Err(NotHad::new(format!("got {source:?}"), expected));
    }
    Ok(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside_of_the_package() {
        for (source, expected) in [("a.npy", "a.npy"), ("./a/b.npy", "a/b.npy"), ("a//b", "a/b")] {
            assert_eq!(inside(source).unwrap(), expected);
        }
        for source in ["", ".", "..", "../a", "a/../../b", "/etc/passwd", "a\\..\\b", "https://a.b/c"] {
            assert!(inside(source).is_err(), "{source}");
        }
    }
}
