//! The pixels of a dataset, whether they are its own or those of others.

use patchweave_stack::StackError;

use super::dataset::stored;
use super::located::Located;
use super::opener::Opener;
use super::pixels::Pixels;
use super::virtual_dataset::virtual_pixels;

/// The pixels of a dataset of the file or of one it links to.
///
/// # Errors
/// [`StackError`] if they cannot be read, whatever the reason: nothing is left for the first patch to find.
pub(super) fn pixels_of(opener: &Opener<'_>, located: &Located, inside: &str) -> Result<Pixels, StackError> {
    match &located.dataset {
        Some(dataset) => stored(opener, &located.node, dataset, inside),
        None => virtual_pixels(opener, &located.node, inside),
    }
}
