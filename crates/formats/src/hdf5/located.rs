//! Objects and the files that they lie in, which links may lead to.

use hdf5_reader::error::Error;
use hdf5_reader::group::Group;
use hdf5_reader::{Dataset, Hdf5File};

/// The number of the layout of virtual datasets.
const VIRTUAL: u8 = 3;

/// The header of an object in one of the files.
#[derive(Clone)]
pub(super) struct Node {
    pub file: Hdf5File,
    pub address: u64,
    /// Whether the file is another one than that which is read.
    pub is_linked: bool,
}

/// A dataset and where it is.
#[derive(Clone)]
pub(super) struct Located {
    pub node: Node,
    /// Nothing for a virtual dataset, which the reader does not know.
    pub dataset: Option<Dataset>,
}

/// What a link of a group leads to.
pub(super) enum Member {
    Group(Group),
    Dataset(Box<Located>),
    /// Something that exists and that the reader gives up on.
    Unreadable(Error),
    /// Nothing, or what has no pixels, as a named type.
    Other,
}

/// Whether the reader gave up because a dataset is a virtual one.
pub(super) fn is_virtual(error: &Error) -> bool {
    match error {
        Error::UnsupportedLayoutClass(class) => *class == VIRTUAL,
        Error::Context { source, .. } => is_virtual(source),
        _ => false,
    }
}
