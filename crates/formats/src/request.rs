//! Which image is wanted, and how.

use std::path::Path;
use std::sync::Arc;

use patchweave_geometry::Axes;
use patchweave_stack::ImageStack;

use crate::file_axes::{AxesSource, WantedAxes};
use crate::options::OpenOptions;

/// Which image is wanted, and how.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct OpenRequest<'a> {
    /// A file or folder, a place inside of one (`cells.ome.zarr/0`, `cells.h5/raw`), or a URL.
    pub path: &'a Path,
    /// The axes of the image; `None` takes those that the file itself names.
    ///
    /// Those of size 1 may be missing in the file, and dimensions of size 1 may be left out here.
    pub axes: Option<&'a Axes>,
    /// Whether `axes` have to agree with those of the file.
    pub axes_source: AxesSource,
    /// How many levels of its pyramid, full resolution first; `None` means all there are.
    pub n_levels: Option<usize>,
    /// Limits and what is shared.
    pub options: &'a OpenOptions,
}

impl<'a> OpenRequest<'a> {
    /// The full resolution of what is at `path`, in the axes that the file names.
    #[must_use]
    pub fn new(path: &'a Path, options: &'a OpenOptions) -> Self {
        let axes_source = AxesSource::Checked;
        OpenRequest { path, axes: None, axes_source, n_levels: Some(1), options }
    }

    /// The axes that are asked for.
    pub(crate) fn wanted_axes(&self) -> WantedAxes<'a> {
        WantedAxes { axes: self.axes, source: self.axes_source }
    }
}

/// One image at full resolution and at those further levels of its pyramid that were asked for; never empty.
pub type Pyramid = Vec<Arc<dyn ImageStack>>;
