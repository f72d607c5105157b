//! Which store a path or URL names, and which node in it.

use std::path::{Path, PathBuf};

use patchweave_remote::scheme_of;
use patchweave_stack::StackError;
use percent_encoding::percent_decode_str;

/// A store, and the path of a node in it, which starts with `/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Location {
    pub store: StoreLocation,
    pub node: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum StoreLocation {
    Folder(PathBuf),
    Zip(PathBuf),
    /// A URL without `/` at its end.
    Url(String),
}

/// Schemes of stores that are read over the network.
const REMOTE: [&str; 6] = ["s3", "s3a", "gs", "http", "https", "memory"];

/// What zip files end in; `ozx` is that of OME-Zarr.
const ZIPS: [&str; 2] = ["zip", "ozx"];

impl Location {
    /// Splits a path, a `file://` URI or a URL.
    ///
    /// The store is a zip file, or the outermost folder whose name ends in `.zarr`, or else the path itself.
    ///
    /// # Errors
    /// [`StackError::Unsupported`] for other schemes.
    pub fn of(path: &Path) -> Result<Self, StackError> {
        let text = path.to_string_lossy();
        let Some(scheme) = scheme_of(&text) else { return Ok(Self::of_local(path)) };
        let scheme_len = scheme.len() + "://".len();
        if scheme.eq_ignore_ascii_case("file") {
            return Ok(Self::of_local(Path::new(&decoded(&text[scheme_len..]))));
        }
        if REMOTE.iter().any(|remote| scheme.eq_ignore_ascii_case(remote)) {
            return Ok(Self::of_url(&text, scheme_len));
        }
        Err(StackError::Unsupported {
            stack: text.clone().into_owned(),
            what: format!("the scheme {scheme}://"),
            hint: "name a path or a URL that starts with file, s3, gs, http or https",
        })
    }

    fn of_local(path: &Path) -> Self {
        let is_zip =
            |path: &&Path| ZIPS.iter().any(|ending| ends_in(path, ending)) && path.exists() && !path.is_dir();
        let zip = path.ancestors().find(is_zip);
        let store = zip.or_else(|| store_of(path)).unwrap_or(path);
        let inside = path.strip_prefix(store).unwrap_or(Path::new(""));
        let names = inside.components().map(|part| part.as_os_str().to_string_lossy());
        let node = format!("/{}", names.collect::<Vec<_>>().join("/"));
        let store = match zip {
            Some(zip) => StoreLocation::Zip(zip.to_owned()),
            None => StoreLocation::Folder(store.to_owned()),
        };
        Location { store, node }
    }

    fn of_url(url: &str, scheme_len: usize) -> Self {
        let url = url.trim_end_matches('/');
        let mut ends = url.match_indices('/').map(|(end, _)| end).chain([url.len()]);
        let is_store = |end: &usize| *end > scheme_len && url[..*end].to_ascii_lowercase().ends_with(".zarr");
        let end = ends.find(is_store).unwrap_or(url.len());
        let (store, inside) = url.split_at(end);
        Location {
            store: StoreLocation::Url(store.to_owned()),
            node: format!("/{}", decoded(inside.trim_matches('/'))),
        }
    }
}

/// The parts of a `file://` URI of an array or group: `file://store.zarr/parent/name`.
///
/// ```
/// use patchweave_formats::ZarrUri;
///
/// let uri: ZarrUri = "file://data/a.zarr/g/img".parse()?;
/// assert_eq!((uri.store.to_str(), uri.parent.as_str(), uri.name.as_str()), (Some("data/a.zarr"), "g", "img"));
/// # Ok::<(), patchweave_stack::StackError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZarrUri {
    /// The folder of the store, the outermost one whose name ends in `.zarr`.
    pub store: PathBuf,
    /// What lies between, without `/` at either end; may be empty.
    pub parent: String,
    /// The last part.
    pub name: String,
}

impl std::str::FromStr for ZarrUri {
    type Err = StackError;

    /// Splits a URI of the scheme `file`; the paths of other schemes are not split.
    fn from_str(uri: &str) -> Result<Self, StackError> {
        let refused =
            |what: &str, hint| StackError::Unsupported { stack: uri.to_owned(), what: what.to_owned(), hint };
        let hint = "write file://folder/store.zarr/name";
        let local = uri.strip_prefix("file://").ok_or_else(|| refused("what is no file:// URI", hint))?;
        let path = PathBuf::from(decoded(local));
        let store = store_of(&path).ok_or_else(|| refused("a URI without a folder *.zarr", hint))?;
        let Location { node, .. } = Location::of_local(&path);
        match node.trim_start_matches('/').rsplit_once('/') {
            Some((parent, name)) => {
                Ok(ZarrUri { store: store.to_owned(), parent: parent.to_owned(), name: name.to_owned() })
            }
            None if node == "/" => Err(refused("a URI without a name behind the store", hint)),
            None => {
                Ok(ZarrUri { store: store.to_owned(), parent: String::new(), name: node[1..].to_owned() })
            }
        }
    }
}

/// The outermost folder of a path whose name ends in `.zarr`.
fn store_of(path: &Path) -> Option<&Path> {
    path.ancestors().filter(|path| ends_in(path, "zarr")).last()
}

fn ends_in(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found.eq_ignore_ascii_case(extension))
}

fn decoded(uri: &str) -> String {
    percent_decode_str(uri).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(path: &str) -> (String, String) {
        let Location { store, node } = Location::of(Path::new(path)).unwrap();
        let store = match store {
            StoreLocation::Folder(path) | StoreLocation::Zip(path) => path.display().to_string(),
            StoreLocation::Url(url) => url,
        };
        (store, node)
    }

    #[test]
    fn stores_end_where_their_name_does() {
        for (path, store, node) in [
            ("a/b.zarr", "a/b.zarr", "/"),
            ("a/b.zarr/c/d.zarr/0", "a/b.zarr", "/c/d.zarr/0"),
            ("a/b/0", "a/b/0", "/"),
            ("file:///a%20b/c.zarr/0", "/a b/c.zarr", "/0"),
            ("file://data/c.zarr/g/0", "data/c.zarr", "/g/0"),
            ("s3://bucket/x.zarr/0/", "s3://bucket/x.zarr", "/0"),
            ("https://host:80/deep/x.OME.ZARR/a%20b/0", "https://host:80/deep/x.OME.ZARR", "/a b/0"),
            ("http://host.zarr/x", "http://host.zarr", "/x"),
            ("gs://bucket/x", "gs://bucket/x", "/"),
            ("FILE:///a%20b/c.zarr", "/a b/c.zarr", "/"),
            ("a/b://c.zarr/0", "a/b://c.zarr", "/0"),
        ] {
            assert_eq!(split(path), (store.to_owned(), node.to_owned()), "{path}");
        }
        let error = Location::of(Path::new("ftp://host/x.zarr")).unwrap_err().to_string();
        assert_eq!(
            error,
            "ftp://host/x.zarr: the scheme ftp:// is not supported, name a path or a URL that starts with file, s3, gs, \
             http or https"
        );
    }
}
