//! An image in an object store from its start to its last object.

use std::path::Path;
use std::sync::Arc;

use patchweave_remote::{RemoteFolder, RemoteOptions, connect};

use crate::SinkError;
use crate::error::{io_error, remote_error};
use crate::store_work::{Found, StoreWork};

/// An image in an object store. If it was started here, its objects are removed when it is dropped.
#[derive(Debug)]
pub(crate) struct StagedStore {
    work: Arc<StoreWork>,
    is_kept: bool,
}

impl StagedStore {
    /// Starts an image at a URL, in place of an earlier one.
    pub fn create(url: &Path, options: &RemoteOptions) -> Result<Self, SinkError> {
        let folder = folder_of(url, options)?;
        if let Found::Others = look(url, &folder)? {
            return Err(SinkError::NotAStore { path: url.into() });
        }
        let work = StoreWork::start(folder).map_err(io_error("create", url))?;
        Ok(Self::of(work, false))
    }

    /// What was begun at a URL and not finished, which stays when this lets go of it; `None` if nothing was.
    pub fn find(url: &Path, options: &RemoteOptions) -> Result<Option<Self>, SinkError> {
        let found = StoreWork::find(folder_of(url, options)?).map_err(io_error("look at", url))?;
        Ok(found.map(|work| Self::of(work, true)))
    }

    /// Joins what another process has started, which stays when this one lets go of it.
    pub fn join(url: &Path, owner: &str, options: &RemoteOptions) -> Result<Self, SinkError> {
        let found = StoreWork::find(folder_of(url, options)?).map_err(io_error("look at", url))?;
        match found.filter(|work| work.owner() == owner) {
            Some(work) => Ok(Self::of(work, true)),
            None => Err(SinkError::TakenOver { path: url.into() }),
        }
    }

    fn of(work: StoreWork, is_kept: bool) -> Self {
        StagedStore { work: Arc::new(work), is_kept }
    }

    pub fn work(&self) -> &Arc<StoreWork> {
        &self.work
    }

    /// Lets go of it without removing it.
    pub fn leave(mut self) {
        self.is_kept = true;
    }

    /// Removes it and says if that fails.
    pub fn discard(mut self, url: &Path) -> Result<(), SinkError> {
        self.is_kept = true;
        self.work.discard().map_err(io_error("remove what was begun of", url))
    }

    /// Makes an image of what is complete. If that fails, it stays to be gone on with.
    pub fn publish(mut self, url: &Path) -> Result<(), SinkError> {
        self.is_kept = true;
        self.work.publish().map_err(io_error("write the metadata of", url))
    }
}

impl Drop for StagedStore {
    fn drop(&mut self) {
        if !self.is_kept {
            self.work.discard().unwrap_or_default();
        }
    }
}

/// Whether something stands at a URL that a new image would replace.
pub(crate) fn stands(url: &Path, options: &RemoteOptions) -> Result<bool, SinkError> {
    let folder = folder_of(url, options)?;
    Ok(matches!(look(url, &folder)?, Found::Image | Found::Others))
}

fn look(url: &Path, folder: &RemoteFolder) -> Result<Found, SinkError> {
    StoreWork::look(folder).map_err(io_error("look at", url))
}

fn folder_of(url: &Path, options: &RemoteOptions) -> Result<RemoteFolder, SinkError> {
    let text = url.to_string_lossy();
    let text = text.trim_end_matches('/');
    // What is replaced must not be a whole bucket.
    if text.split_once("://").is_none_or(|(_, rest)| !rest.contains('/')) {
        return Err(SinkError::NoFileName { path: url.into() });
    }
    let folder = connect(text, options).and_then(|folder| folder.check_writable().map(|()| folder));
    folder.map_err(remote_error(url))
}
