//! A journal in an object store, which keeps nobody out: whoever finds it is told by its header whether it is the same.
//!
//! Everything in it lies below a number that the header names and that owns the images. So what is left of an earlier one
//! is of nobody, and whoever still works on that is told with the next unit.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use patchweave_remote::{RemoteFolder, RemoteOptions, inside};
use rayon::prelude::*;

use crate::difference::differences;
use crate::error::io_error;
use crate::journal_entry::{JournalEntry, NAMED};
use crate::journal_header::{HEADER, Header, IMAGES, NAME, NOTES};
use crate::memory_work::this_process;
use crate::store_folder::{connected, image_folder};
use crate::store_work::{StoreWork, whole};
use crate::temporary::{TRIES, fnv};
use crate::{Fingerprint, JournalOptions, SinkError};

/// A journal in an object store, open.
#[derive(Debug)]
pub(crate) struct StoreJournal {
    place: JournalFolder,
    id: String,
    is_shared: bool,
    pub replaces: bool,
}

/// Where a journal is.
#[derive(Debug)]
struct JournalFolder {
    url: PathBuf,
    remote: RemoteOptions,
    /// The folder of the images.
    folder: RemoteFolder,
}

impl StoreJournal {
    pub fn begun(url: &Path, remote: &RemoteOptions) -> Result<Option<Fingerprint>, SinkError> {
        let place = JournalFolder::new(url, remote)?;
        let Some(header) = place.header()? else { return Ok(None) };
        let has_work = place.has_work(&header.id).map_err(io_error("look through", url))?;
        Ok(has_work.then_some(header.about))
    }

    pub fn open(
        url: &Path,
        about: &Fingerprint,
        options: JournalOptions,
        remote: &RemoteOptions,
    ) -> Result<Self, SinkError> {
        let JournalOptions { is_shared, replaces, .. } = options;
        let failed = |action| io_error(action, url);
        for _ in 0..TRIES {
            let place = JournalFolder::new(url, remote)?;
            let Some(header) = place.header()? else {
                let bytes = Header::new(about, replaces, new_id()).bytes(url)?;
                // Whoever was faster has the say, so the header is read again.
                place.put_header(bytes).map_err(failed("begin the journal of"))?;
                continue;
            };
            let differences = differences(&header.about, about);
            if differences.is_empty() {
                let replaces = replaces || header.replaces;
                return Ok(StoreJournal { place, id: header.id, is_shared, replaces });
            }
            // Nobody who shares it knows whether another is about to write the first unit.
            if is_shared || place.has_work(&header.id).map_err(failed("look through"))? {
                return Err(SinkError::OtherJournal { path: url.into(), differences });
            }
            place.remove().map_err(failed("remove what was begun in"))?;
        }
        Err(SinkError::Busy { path: url.into() })
    }

    pub fn note(&self, name: &str, bytes: &[u8]) -> Result<(), SinkError> {
        let put = self.place.folder.put(&format!("{}/{name}", self.notes()), bytes.to_vec());
        put.map_err(io::Error::other).map_err(io_error("write into the journal of", &self.place.url))
    }

    pub fn noted(&self) -> Result<Vec<Vec<u8>>, SinkError> {
        let folder = &self.place.folder;
        let read = || -> io::Result<Vec<Vec<u8>>> {
            let names = folder.list(&self.notes()).map_err(io::Error::other)?;
            let notes = names.par_iter().map(|name| whole(folder, name));
            Ok(notes.collect::<io::Result<Vec<_>>>()?.into_iter().flatten().collect())
        };
        read().map_err(io_error("read the journal of", &self.place.url))
    }

    /// Removes a journal and all that is not finished of it; whether there was one.
    pub fn discard(url: &Path, remote: &RemoteOptions) -> Result<bool, SinkError> {
        let place = JournalFolder::new(url, remote)?;
        place.remove().map_err(io_error("remove what was begun in", url))
    }

    /// Where the image that has this name in the folder of the images is written down.
    pub fn entry(&self, name: &Path) -> JournalEntry {
        let hash = fnv(name.as_os_str().as_encoded_bytes().iter().copied());
        let JournalFolder { folder, .. } = &self.place;
        let (id, is_shared) = (self.id.clone(), self.is_shared);
        JournalEntry { folder: folder.clone(), id, key: format!("{hash:016x}"), is_shared }
    }

    pub fn close(self) -> Result<(), SinkError> {
        let header = self.place.header()?;
        if header.is_some_and(|header| header.id == self.id) {
            self.place.remove().map_err(io_error("remove the journal of", &self.place.url))?;
        }
        Ok(())
    }

    pub fn is_empty(&self) -> Result<bool, SinkError> {
        let has_work = self.place.has_work(&self.id).map_err(io_error("look through", &self.place.url))?;
        Ok(!has_work)
    }

    fn notes(&self) -> String {
        format!("{NAME}/{}/{NOTES}", self.id)
    }
}

impl JournalFolder {
    fn new(url: &Path, remote: &RemoteOptions) -> Result<Self, SinkError> {
        Ok(JournalFolder { url: url.into(), remote: remote.clone(), folder: connected(url, remote)? })
    }

    fn header(&self) -> Result<Option<Header>, SinkError> {
        let bytes = whole(&self.folder, &header_key()).map_err(io_error("read the journal of", &self.url))?;
        let path = inside(&self.url, header_key().as_ref());
        bytes.map(|bytes| Header::read(&path, &bytes)).transpose()
    }

    fn put_header(&self, bytes: Vec<u8>) -> io::Result<()> {
        self.folder.put_new(&header_key(), bytes).map(drop).map_err(io::Error::other)
    }

    /// Whether an image of that journal is finished or a unit of one was written.
    fn has_work(&self, id: &str) -> io::Result<bool> {
        let names = self.folder.list(&format!("{NAME}/{id}")).map_err(io::Error::other)?;
        if names.iter().any(|name| entry_of(name, NAMED).is_some()) {
            return Ok(true);
        }
        for name in names.iter().filter(|name| entry_of(name, IMAGES).is_some()) {
            if let Some(image) = whole(&self.folder, name)?
                && StoreWork::has_units(&self.folder, &String::from_utf8_lossy(&image), id)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Removes all journals and what is not finished of them; whether there was something. As long as something is not
    /// removed of the images, there is a header; what is left without one is of nobody.
    fn remove(&self) -> io::Result<bool> {
        let names = self.folder.list(NAME).map_err(io::Error::other)?;
        let let_go = |name: &String| {
            let Some(id) = entry_of(name, IMAGES) else { return Ok(()) };
            let Some(image) = whole(&self.folder, name)? else { return Ok(()) };
            let url = inside(&self.url, String::from_utf8_lossy(&image).as_ref().as_ref());
            let folder = image_folder(&url, &self.remote).map_err(io::Error::other)?;
            StoreWork::of(folder, id).let_go()
        };
        names.par_iter().try_for_each(let_go)?;
        let (header, others): (Vec<String>, Vec<String>) =
            names.iter().cloned().partition(|name| *name == header_key());
        self.folder.remove(&header).and_then(|()| self.folder.remove(&others)).map_err(io::Error::other)?;
        Ok(!names.is_empty())
    }
}

fn header_key() -> String {
    format!("{NAME}/{HEADER}")
}

/// The number of the journal in the name of an object of that kind in it.
fn entry_of<'n>(name: &'n str, kind: &str) -> Option<&'n str> {
    let (id, rest) = name.strip_prefix(NAME)?.strip_prefix('/')?.split_once('/')?;
    rest.strip_prefix(kind)?.starts_with('/').then_some(id)
}

/// A number that no other journal has.
fn new_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("journal-{:016x}-{}", this_process(), NEXT.fetch_add(1, Ordering::Relaxed))
}
