//! Shapes and metadata of a list of images.

use std::fmt;
use std::sync::Arc;

use patchweave_geometry::ImageShape;

use crate::ImageMetadata;

/// Shapes and metadata of the images of one list, as many of one as of the other.
pub(crate) struct ImageList {
    pub shapes: Vec<ImageShape>,
    pub metadata: Vec<Arc<ImageMetadata>>,
}

impl fmt::Debug for ImageList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImageList").field("n_images", &self.shapes.len()).finish_non_exhaustive()
    }
}
