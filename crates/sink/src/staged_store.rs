//! An image in an object store from its start to its last object.

use std::path::Path;
use std::sync::Arc;

use patchweave_remote::{RemoteFolder, RemoteOptions};

use crate::SinkError;
use crate::error::io_error;
use crate::journal_entry::JournalEntry;
use crate::store_claim::StoreClaim;
use crate::store_folder::image_folder;
use crate::store_work::{Found, StoreWork};

/// An image in an object store. If it was started here, its objects are removed when it is dropped.
#[derive(Debug)]
pub(crate) struct StagedStore {
    work: Arc<StoreWork>,
    is_kept: bool,
    /// Where it is written down, if it is one of a journal.
    entry: Option<JournalEntry>,
}

impl StagedStore {
    /// Starts an image at a URL, in place of an earlier one.
    pub fn create(url: &Path, options: &RemoteOptions) -> Result<Self, SinkError> {
        let folder = image_folder(url, options)?;
        if let Found::Others = look(url, &folder)? {
            return Err(SinkError::NotAStore { path: url.into() });
        }
        let work = StoreWork::start(folder).map_err(io_error("create", url))?;
        Ok(Self::of(work, false))
    }

    /// What was begun at a URL and not finished, which stays when this lets go of it; `None` if nothing was.
    pub fn find(url: &Path, options: &RemoteOptions) -> Result<Option<Self>, SinkError> {
        let found = StoreWork::find(image_folder(url, options)?).map_err(io_error("look at", url))?;
        Ok(found.map(|work| Self::of(work, true)))
    }

    /// Joins what another process has started, which stays when this one lets go of it.
    pub fn join(url: &Path, owner: &str, options: &RemoteOptions) -> Result<Self, SinkError> {
        let found = StoreWork::find(image_folder(url, options)?).map_err(io_error("look at", url))?;
        match found.filter(|work| work.owner() == owner) {
            Some(work) => Ok(Self::of(work, true)),
            None => Err(SinkError::TakenOver { path: url.into() }),
        }
    }

    fn of(work: StoreWork, is_kept: bool) -> Self {
        StagedStore { work: Arc::new(work), is_kept, entry: None }
    }

    /// What is made at a URL for a journal, begun or not, which stays when this lets go of it.
    pub fn in_journal(url: &Path, entry: JournalEntry, options: &RemoteOptions) -> Result<Self, SinkError> {
        let work = StoreWork::of(image_folder(url, options)?, &entry.id);
        Ok(StagedStore { work: Arc::new(work), is_kept: true, entry: Some(entry) })
    }

    /// Whether an image of a journal has its name.
    pub fn is_named(&self, url: &Path) -> Result<bool, SinkError> {
        let Some(entry) = &self.entry else { return Ok(false) };
        let failed = |error| io_error("look at", url)(error);
        if !entry.is_named().map_err(failed)? {
            return Ok(false);
        }
        match self.work.found_owner().map_err(failed)? {
            None => Ok(true),
            Some(owner) if owner == entry.id => Ok(false),
            Some(_) => Err(SinkError::TakenOver { path: url.into() }),
        }
    }

    /// Makes sure that an image of a journal is that of the journal, as [`StoreClaim`] says.
    pub fn claim(
        &self,
        url: &Path,
        (name, replaces): (&Path, bool),
        is_begun: &dyn Fn() -> Result<bool, SinkError>,
    ) -> Result<(), SinkError> {
        let Some(entry) = &self.entry else { return Ok(()) };
        StoreClaim { url, work: &self.work, entry, replaces }.take(name, is_begun)
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
        if let Some(entry) = &self.entry {
            entry.name().map_err(io_error("write into the journal of", url))?;
        }
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
    let folder = image_folder(url, options)?;
    Ok(matches!(look(url, &folder)?, Found::Image | Found::Others))
}

fn look(url: &Path, folder: &RemoteFolder) -> Result<Found, SinkError> {
    StoreWork::look(folder).map_err(io_error("look at", url))
}
