//! What counts as a URL.

use std::path::{Path, PathBuf};

/// Whether a path is a URL rather than a path of the file system: a scheme of two or more letters, digits, `+`, `-` or
/// `.`, the first of them a letter, in front of `://`.
///
/// ```
/// use std::path::Path;
///
/// use patchweave_remote::is_url;
///
/// assert!(is_url(Path::new("s3://bucket/x.zarr")) && is_url(Path::new("FILE:///x.zarr")));
/// assert!(!is_url(Path::new("a/b://c")) && !is_url(Path::new("C://x")) && !is_url(Path::new("://x")));
/// ```
#[must_use]
pub fn is_url(path: &Path) -> bool {
    path.to_str().and_then(scheme_of).is_some()
}

/// A place in a folder, which may be a URL; parts of `name` are behind `/` then on every system.
///
/// ```
/// use std::path::Path;
///
/// use patchweave_remote::inside;
///
/// assert_eq!(inside(Path::new("s3://bucket/a.zarr/"), Path::new("labels/b")), Path::new("s3://bucket/a.zarr/labels/b"));
/// assert_eq!(inside(Path::new("a.zarr"), Path::new("labels")), Path::new("a.zarr").join("labels"));
/// ```
#[must_use]
pub fn inside(folder: &Path, name: &Path) -> PathBuf {
    let Some(url) = folder.to_str().filter(|_| is_url(folder)) else { return folder.join(name) };
    let parts: Vec<_> = name.iter().map(|part| part.to_string_lossy()).collect();
    format!("{}/{}", url.trim_end_matches('/'), parts.join("/")).into()
}

/// A URL in the spelling in which two of one place are the same: the scheme in lower case, `s3` for `s3a`, and no `/` at the
/// end.
///
/// ```
/// assert_eq!(patchweave_remote::plain_url("S3A://bucket/A/"), "s3://bucket/A");
/// ```
#[must_use]
pub fn plain_url(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let scheme = match scheme.to_ascii_lowercase() {
        scheme if scheme == "s3a" => "s3".to_owned(),
        scheme => scheme,
    };
    format!("{scheme}://{}", rest.trim_end_matches('/'))
}

/// The scheme of a URL; `None` for what is no URL.
pub fn scheme_of(text: &str) -> Option<&str> {
    let (scheme, _) = text.split_once("://")?;
    let is_of_scheme = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    let is_scheme = scheme.len() > 1
        && scheme.as_bytes().first().is_some_and(u8::is_ascii_alphabetic)
        && scheme.bytes().all(is_of_scheme);
    is_scheme.then_some(scheme)
}
