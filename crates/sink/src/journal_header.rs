//! What a journal says of itself: what its images are made of.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::io_error;
use crate::{Fingerprint, SinkError};

/// The folder of a journal in the folder of its images.
pub(crate) const NAME: &str = ".patchweave-journal";
/// In it: what the images are made of, and the images.
pub(crate) const HEADER: &str = "journal.json";
pub(crate) const IMAGES: &str = "images";
/// In it: what was noted about them.
pub(crate) const NOTES: &str = "notes";
/// A hundred bytes for each image of a large prediction; larger files are something else.
pub(crate) const MAX_HEADER: u64 = 1 << 30;
/// Other versions of the program may write others.
const FORMAT: u64 = 1;

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Header {
    format: u64,
    pub about: Fingerprint,
    /// Whether images take the place of what stands under their names, as whoever began them said.
    pub replaces: bool,
    /// Which of all journals at that place it is, where nobody can be kept out of it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub id: String,
}

impl Header {
    pub fn new(about: &Fingerprint, replaces: bool, id: String) -> Self {
        Header { format: FORMAT, about: about.clone(), replaces, id }
    }

    /// What bytes say that were found at a path.
    pub fn read(path: &Path, bytes: &[u8]) -> Result<Self, SinkError> {
        let header: Header = serde_json::from_slice(bytes)
            .map_err(|source| SinkError::Journal { path: path.into(), source: Some(source.into()) })?;
        let is_known = header.format == FORMAT;
        if is_known { Ok(header) } else { Err(SinkError::Journal { path: path.into(), source: None }) }
    }

    /// Whether bytes are those of the journal of that number.
    pub fn is_of(bytes: &[u8], id: &str) -> bool {
        serde_json::from_slice(bytes).is_ok_and(|header: Header| header.id == id)
    }

    /// The bytes for a journal at a path.
    pub fn bytes(&self, path: &Path) -> Result<Vec<u8>, SinkError> {
        serde_json::to_vec_pretty(self).map_err(|error| io_error("write", path)(error.into()))
    }
}
