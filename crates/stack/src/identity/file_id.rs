//! Which real file something is in, whatever names and links lead to it.

use std::fmt;
use std::fs::{self, Metadata};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

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

    /// The file of a path whose metadata, links followed, is known already.
    ///
    /// # Errors
    /// What the operating system says where its file systems have no numbers for files and the path is gone.
    pub fn of_metadata(path: &Path, metadata: &Metadata) -> io::Result<Self> {
        if let Some((device, number)) = node_of(metadata) {
            return Ok(FileId(Kind::Node { device, number }));
        }
        Ok(FileId(Kind::Path(path.canonicalize()?.into())))
    }

    /// What a URL names; spellings that mean the same are one.
    #[must_use]
    pub fn of_url(url: &str) -> Self {
        FileId(Kind::Url(canonical_url(url).into()))
    }

    /// A name of something that cannot be looked at.
    #[must_use]
    pub fn of_text(path: &Path) -> Self {
        FileId(Kind::Path(path.into()))
    }

    /// An array in memory, another one with every call.
    pub(crate) fn in_memory() -> Self {
        FileId(Kind::Memory(N_ARRAYS.fetch_add(1, Ordering::Relaxed)))
    }

    /// Whether a file has several names, links to names aside; `false` where the operating system does not tell.
    #[must_use]
    pub fn has_hard_links(file: &Metadata) -> bool {
        n_names_of(file) > 1
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

#[cfg(unix)]
fn n_names_of(file: &Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt;

    file.nlink()
}

#[cfg(not(unix))]
fn n_names_of(_file: &Metadata) -> u64 {
    1
}

/// A URL in one spelling: scheme and host in lower case, without the usual port, `.`, `..` and empty parts, and over HTTP
/// without escapes; what is asked of a bucket is taken as it is.
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
        let part = if scheme.starts_with("http") { unescaped(part) } else { part.to_owned() };
        match part {
            part if part.is_empty() || part == "." => {}
            part if part == ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("{scheme}://{host}/{}", parts.join("/"))
}

/// A part of a path without escapes, but for those that something else would be without: of what separates parts of a
/// URL, of `%`, and of all letters beyond ASCII where they are not UTF-8.
fn unescaped(part: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = part.as_bytes();
    while let Some((&first, behind)) = rest.split_first() {
        let digit =
            |at: usize| char::from(*behind.get(at)?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let escaped = if first == b'%' { digit(0).zip(digit(1)) } else { None };
        let byte = escaped.map_or(first, |(high, low)| high << 4 | low);
        let stays = byte == b'%' || (escaped.is_some() && matches!(byte, b'/' | b'?' | b'#'));
        if stays {
            bytes.extend(format!("%{byte:02X}").bytes())
        } else {
            bytes.push(byte)
        }
        rest = if escaped.is_some() { &behind[2..] } else { behind };
    }
    String::from_utf8(bytes).unwrap_or_else(|error| {
        let letter =
            |&byte: &u8| if byte.is_ascii() { char::from(byte).to_string() } else { format!("%{byte:02X}") };
        error.as_bytes().iter().map(letter).collect()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spellings_of_a_url_are_one() {
        for (url, canonical) in [
            ("S3A://Bucket/x.zarr/", "s3://bucket/x.zarr"),
            ("https://Host:443/a//./b/../x%20y.zarr", "https://host/a/x y.zarr"),
            ("http://host:8080/x", "http://host:8080/x"),
            ("gs://bucket", "gs://bucket/"),
            ("https://host/a%2fb%2520%c3%A9.zarr", "https://host/a%2Fb%2520é.zarr"),
            ("http://host/caf%e9 é", "http://host/caf%E9 %C3%A9"),
            ("http://host/100%", "http://host/100%25"),
            ("s3://bucket/a%20b.zarr", "s3://bucket/a%20b.zarr"),
        ] {
            assert_eq!(canonical_url(url), canonical);
        }
        for (a, b) in [
            ("https://host/x", "http://host/x"),
            ("s3://bucket/a%20b", "s3://bucket/a b"),
            ("gs://bucket/a%2Fb", "gs://bucket/a/b"),
            ("https://host/a%2Fb", "https://host/a/b"),
            ("https://host/a%3Fb", "https://host/a?b"),
            ("https://host/caf%E9", "https://host/caf%E8"),
            ("https://host/a%252Fb", "https://host/a%2Fb"),
        ] {
            assert_ne!(FileId::of_url(a), FileId::of_url(b));
        }
    }

    proptest! {
        /// However many letters are escaped, a name is the same one, and another name is another.
        #[test]
        fn escaped_names_are_the_name(name in "[%/?#a-cé ]{1,6}", other in "[%/?#a-cé ]{1,6}", escaped in any::<u64>()) {
            // Escaped where it has to be, and here and there elsewhere.
            let spelled = |name: &str, escaped: u64| -> String {
                let letter = |(at, letter): (usize, char)| {
                    let is_due = "%/?#".contains(letter) || escaped >> at & 1 == 1;
                    let bytes = letter.to_string().into_bytes();
                    if is_due { bytes.iter().map(|byte| format!("%{byte:02x}")).collect() } else { letter.to_string() }
                };
                name.chars().enumerate().map(letter).collect()
            };
            prop_assert_eq!(unescaped(&spelled(&name, escaped)), unescaped(&spelled(&name, 0)));
            prop_assert_eq!(unescaped(&spelled(&name, 0)) == unescaped(&spelled(&other, 0)), name == other);
        }
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
        assert!(!FileId::has_hard_links(&fs::metadata(at("a")).unwrap()));
        fs::hard_link(at("a"), at("hard")).unwrap();
        std::os::unix::fs::symlink("hard", at("soft")).unwrap();
        fs::create_dir(at("below")).unwrap();
        std::os::unix::fs::symlink(folder.path(), at("below/up")).unwrap();
        let id = |name: &str| FileId::of(&at(name)).unwrap();
        for name in ["hard", "soft", "below/../a", "below/up/soft"] {
            assert_eq!(id(name), id("a"), "{name}");
            assert!(FileId::has_hard_links(&fs::metadata(at(name)).unwrap()));
        }
        assert_eq!(id("below/up"), FileId::of(folder.path()).unwrap());
        assert_ne!(id("copy"), id("a"));
    }
}
