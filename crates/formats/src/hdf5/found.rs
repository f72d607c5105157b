//! An image that was found in a file and is not open yet.

use patchweave_stack::StackError;

use super::grid::{Level, single};
use super::located::Located;
use super::opener::Opener;

/// An image that was found: its levels are opened as they are asked for.
pub(super) struct Found<'a> {
    pub name: String,
    pub n_levels: usize,
    pub open: Box<dyn Fn(usize) -> Result<Level, StackError> + 'a>,
}

impl<'a> Found<'a> {
    /// One dataset as an image.
    pub fn single(opener: &'a Opener<'_>, dataset: Located, inside: String) -> Self {
        let open = move |_level| single(opener, &dataset, &inside);
        Found { name: String::new(), n_levels: 1, open: Box::new(open) }
    }
}
