//! What counts as a URL.

use std::path::Path;

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

/// The scheme of a URL; `None` for what is no URL.
pub fn scheme_of(text: &str) -> Option<&str> {
    let (scheme, _) = text.split_once("://")?;
    let is_of_scheme = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    let is_scheme = scheme.len() > 1
        && scheme.as_bytes().first().is_some_and(u8::is_ascii_alphabetic)
        && scheme.bytes().all(is_of_scheme);
    is_scheme.then_some(scheme)
}
