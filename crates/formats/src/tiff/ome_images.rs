//! What an OME-TIFF has: its images, as series of pages.

use patchweave_stack::StackError;

use super::series::Series;

/// The images of a file whose description is OME-XML: how many there are, and the one that is `wanted`, or all.
pub(super) struct OmeImages {
    pub n_images: usize,
    pub series: Vec<(usize, Result<Series, StackError>)>,
}
