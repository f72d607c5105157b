//! Folders of objects that are written into, by their URLs.

use std::path::Path;

use patchweave_remote::{RemoteFolder, RemoteOptions, connect};

use crate::SinkError;
use crate::error::remote_error;

/// The objects below a URL, where some can be written.
pub(crate) fn connected(url: &Path, options: &RemoteOptions) -> Result<RemoteFolder, SinkError> {
    let text = url.to_string_lossy();
    let folder = connect(text.trim_end_matches('/'), options);
    folder.and_then(|folder| folder.check_writable().map(|()| folder)).map_err(remote_error(url))
}

/// The objects of an image, which must not be a whole bucket because it may be replaced.
pub(crate) fn image_folder(url: &Path, options: &RemoteOptions) -> Result<RemoteFolder, SinkError> {
    let text = url.to_string_lossy();
    if text.trim_end_matches('/').split_once("://").is_none_or(|(_, rest)| !rest.contains('/')) {
        return Err(SinkError::NoFileName { path: url.into() });
    }
    connected(url, options)
}
