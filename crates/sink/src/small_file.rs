//! Small files beside images, in a folder or an object store.

use std::path::Path;

use patchweave_remote::{RemoteOptions, is_url};

#[cfg(feature = "remote")]
use crate::error::io_error;
#[cfg(not(feature = "remote"))]
use crate::refusals::no_urls;
use crate::{Durability, SinkError, remove_file_if_any, write_file_atomically};

/// Writes a small file as a whole, at a path or a URL.
pub(crate) fn write(
    path: &Path,
    bytes: &[u8],
    durability: Durability,
    remote: &RemoteOptions,
) -> Result<(), SinkError> {
    if !is_url(path) {
        return write_file_atomically(path, bytes, durability);
    }
    #[cfg(feature = "remote")]
    return in_store(path, remote, "write", |folder, name| folder.put(&name, bytes.to_vec()));
    #[cfg(not(feature = "remote"))]
    no_urls(path)
}

/// Removes a file at a path or a URL, if there is one.
pub(crate) fn remove(path: &Path, remote: &RemoteOptions) -> Result<(), SinkError> {
    if !is_url(path) {
        return remove_file_if_any(path);
    }
    #[cfg(feature = "remote")]
    return in_store(path, remote, "remove", |folder, name| folder.remove(&[name]));
    #[cfg(not(feature = "remote"))]
    no_urls(path)
}

/// Does something with the object of a URL, in its folder.
#[cfg(feature = "remote")]
fn in_store(
    url: &Path,
    remote: &RemoteOptions,
    action: &'static str,
    act: impl FnOnce(&patchweave_remote::RemoteFolder, String) -> Result<(), patchweave_remote::RemoteError>,
) -> Result<(), SinkError> {
    let text = url.to_string_lossy();
    let (folder, name) = text.rsplit_once('/').unwrap_or((&text, ""));
    let folder = crate::store_folder::connected(folder.as_ref(), remote)?;
    act(&folder, name.to_owned()).map_err(std::io::Error::other).map_err(io_error(action, url))
}
