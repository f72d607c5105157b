//! An image of a journal in an object store, as the journal knows it.

use std::io;

use patchweave_remote::RemoteFolder;

use crate::journal_header::{HEADER, Header, IMAGES, NAME};
use crate::store_work::whole;

/// In a journal: which images have their names, or are about to get them.
pub(crate) const NAMED: &str = "named";

/// Where an image of a journal in an object store is written down.
#[derive(Debug, Clone)]
pub(crate) struct JournalEntry {
    /// The folder of the images.
    pub folder: RemoteFolder,
    /// The number of the journal, and the owner of all its images.
    pub id: String,
    /// What stands for the name of the image.
    pub key: String,
    /// Whether several processes write it, none of which may remove anything.
    pub is_shared: bool,
}

impl JournalEntry {
    /// Writes down what the image is called, before there is anything of it.
    pub fn begin(&self, name: &str) -> io::Result<()> {
        self.put(IMAGES, name)
    }

    /// Says that the image is about to get its name.
    pub fn name(&self) -> io::Result<()> {
        self.put(NAMED, "")
    }

    /// Whether it was about to.
    pub fn is_named(&self) -> io::Result<bool> {
        self.folder.has(&self.at(NAMED)).map_err(io::Error::other)
    }

    /// Whether the journal is still there, and no other in its place.
    pub fn is_current(&self) -> io::Result<bool> {
        let header = whole(&self.folder, &format!("{NAME}/{HEADER}"))?;
        Ok(header.is_some_and(|bytes| Header::is_of(&bytes, &self.id)))
    }

    fn put(&self, what: &str, text: &str) -> io::Result<()> {
        self.folder.put(&self.at(what), text.as_bytes().to_vec()).map_err(io::Error::other)
    }

    fn at(&self, what: &str) -> String {
        format!("{NAME}/{}/{what}/{}", self.id, self.key)
    }
}
