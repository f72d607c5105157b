//! An open file and how its images are wanted; what else is known of it is looked up elsewhere.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use hdf5_reader::Hdf5File;
use patchweave_stack::{ArrayPlace, FileId, StackError, StoredArray};

use super::error::hdf5_error;
use super::links::Linked;
use super::listing::Listing;
use super::located::Node;
use crate::inside::name_inside;
use crate::{OpenRequest, PooledFile};

/// An open file and how its images are wanted.
pub(super) struct Opener<'a> {
    pub request: &'a OpenRequest<'a>,
    pub path: PathBuf,
    pub file: Hdf5File,
    /// The file itself, for pixels that are read in place.
    pub in_place: Option<Arc<PooledFile>>,
    pub links: Arc<Linked>,
    /// The links of groups that were looked into, by the storage of their file and their address.
    pub listings: RefCell<HashMap<(usize, u64), Rc<Listing>>>,
    /// Which file it is, whatever its name.
    pub id: FileId,
}

impl<'a> Opener<'a> {
    pub fn new(request: &'a OpenRequest<'a>, path: PathBuf) -> Result<Self, StackError> {
        let links = Arc::new(Linked::new(&path, request.options));
        let (file, in_place) = links.open(&path).map_err(|source| match source {
            hdf5_reader::error::Error::Io(source) => {
                StackError::Io { stack: path.display().to_string(), action: "open the file", source }
            }
            source => hdf5_error(&path.display().to_string(), "the file")(source),
        })?;
        let id = FileId::of(&path).map_err(|source| StackError::Io {
            stack: path.display().to_string(),
            action: "find the file",
            source,
        })?;
        Ok(Opener { request, path, file, in_place, links, listings: RefCell::default(), id })
    }

    /// The header of an object, whatever links lead to it; nothing if its file is gone.
    pub fn object(&self, node: &Node) -> Option<StoredArray> {
        let file = match node.is_linked {
            true => FileId::of(&self.links.path_of(&node.file)?).ok()?,
            false => self.id.clone(),
        };
        Some(StoredArray { file, place: ArrayPlace::Dataset(node.address) })
    }

    /// How messages call an object of the file.
    pub fn name(&self, inside: &str) -> String {
        name_inside(&self.path, inside)
    }
}
