//! Which real file something is in, whatever names and links lead to it.

use std::fmt;
use std::fs::{self, Metadata};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use percent_encoding::percent_decode_str;

/// The next array in memory gets this number.
static N_ARRAYS: AtomicU64 = AtomicU64::new(0);

/// One real file or folder, whatever names, links and hard links lead to it; an object behind a URL or an array in
/// memory counts as one.
///
/// ```
/// use std::path::Path;
///
/// use patchweave_stack::FileId;
///
/// let here = FileId::of(Path::new("."))?;
/// assert_eq!(FileId::of(Path::new("./../."))? == here, Path::new("..").canonicalize()? == Path::new(".").canonicalize()?);
/// assert_eq!(FileId::of(Path::new("no/such/file")).unwrap_err().kind(), std::io::ErrorKind::NotFound);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(Kind);

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Kind {
    /// What the file system calls a file.
    Node {
        device: u64,
        number: u64,
    },
    /// A path without links, where the file system has no numbers.
    Path(Arc<Path>),
    Url(Arc<str>),
    Memory(u64),
}

impl FileId {
    /// The file or folder that a path leads to, links followed.
    ///
    /// # Errors
    /// What the operating system says, [`io::ErrorKind::NotFound`] if nothing is there.
    pub fn of(path: &Path) -> io::Result<Self> {
        Self::of_metadata(path, &fs::metadata(path)?)
    }

    /// The file of a path whose metadata is known already.
    pub(crate) fn of_metadata(path: &Path, metadata: &Metadata) -> io::Result<Self> {
        if let Some((device, number)) = node_of(metadata) {
            return Ok(FileId(Kind::Node { device, number }));
        }
        Ok(FileId(Kind::Path(path.canonicalize()?.into())))
    }

    /// What a URL names; spellings that mean the same are one.
    pub(crate) fn of_url(url: &str) -> Self {
        FileId(Kind::Url(canonical_url(url).into()))
    }

    /// A name of something that cannot be looked at.
    pub(crate) fn of_text(path: &Path) -> Self {
        FileId(Kind::Path(path.into()))
    }

    /// An array in memory, another one with every call.
    pub(crate) fn in_memory() -> Self {
        FileId(Kind::Memory(N_ARRAYS.fetch_add(1, Ordering::Relaxed)))
    }
}

impl fmt::Debug for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Node { device, number } => write!(f, "file {number} of device {device}"),
            Kind::Path(path) => write!(f, "{}", path.display()),
            Kind::Url(url) => write!(f, "{url}"),
            Kind::Memory(number) => write!(f, "array {number} in memory"),
        }
    }
}

/// The number of a file in its file system; some file systems have none and say 0.
#[cfg(unix)]
fn node_of(metadata: &Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;

    (metadata.ino() != 0).then(|| (metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn node_of(_metadata: &Metadata) -> Option<(u64, u64)> {
    None
}

/// Whether a file has several names, links to names aside.
#[cfg(unix)]
pub(crate) fn has_hard_links(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;

    fs::metadata(path).is_ok_and(|metadata| metadata.nlink() > 1)
}

#[cfg(not(unix))]
pub(crate) fn has_hard_links(_path: &Path) -> bool {
    false
}

/// A URL in one spelling: scheme and host in lower case, without the usual port, escapes, `.`, `..` and empty parts.
fn canonical_url(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "s3a" => "s3".to_owned(),
        other => other.to_owned(),
    };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = host.to_ascii_lowercase();
    let usual_port = match scheme.as_str() {
        "http" => ":80",
        "https" => ":443",
        _ => "",
    };
    let host = host.strip_suffix(usual_port).unwrap_or(&host);
    let mut parts: Vec<String> = Vec::new();
    for part in path.split('/') {
        match percent_decode_str(part).decode_utf8_lossy().into_owned() {
            part if part.is_empty() || part == "." => {}
            part if part == ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("{scheme}://{host}/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_a_url_are_one() {
        for (url, canonical) in [
            ("S3A://Bucket/x.zarr/", "s3://bucket/x.zarr"),
            ("https://Host:443/a//./b/../x%20y.zarr", "https://host/a/x y.zarr"),
            ("http://host:8080/x", "http://host:8080/x"),
            ("gs://bucket", "gs://bucket/"),
        ] {
            assert_eq!(canonical_url(url), canonical);
        }
        assert_ne!(FileId::of_url("https://host/x"), FileId::of_url("http://host/x"));
    }

    #[test]
    fn every_array_in_memory_is_another() {
        assert_ne!(FileId::in_memory(), FileId::in_memory());
    }

    #[cfg(unix)]
    #[test]
    fn links_lead_to_one_file_and_copies_do_not() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("a"), "pixels").unwrap();
        fs::copy(at("a"), at("copy")).unwrap();
        assert!(!has_hard_links(&at("a")));
        fs::hard_link(at("a"), at("hard")).unwrap();
        std::os::unix::fs::symlink("hard", at("soft")).unwrap();
        fs::create_dir(at("below")).unwrap();
        std::os::unix::fs::symlink(folder.path(), at("below/up")).unwrap();
        let id = |name: &str| FileId::of(&at(name)).unwrap();
        for name in ["hard", "soft", "below/../a", "below/up/soft"] {
            assert_eq!(id(name), id("a"), "{name}");
            assert!(has_hard_links(&at(name)));
        }
        assert_eq!(id("below/up"), FileId::of(folder.path()).unwrap());
        assert_ne!(id("copy"), id("a"));
    }
}
