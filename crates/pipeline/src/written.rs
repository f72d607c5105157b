//! A result read back from the file it was written to.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use patchweave_formats::{OpenOptions, open};
use patchweave_geometry::{ArrayLayout, Axis, Region};
use patchweave_model::OutputInfo;
use patchweave_stack::{ImageStack, ImageStackExt, PatchViewMut};

use crate::{Output, PipelineError};

/// Where a result of an image was written to, in a format that is read again.
pub(crate) struct ResultPlace<'a> {
    pub path: PathBuf,
    pub output: &'a Output,
    pub layout: ArrayLayout,
    /// The output of the model that it is.
    pub info: &'a OutputInfo,
}

/// A written image, addressed like the image it was predicted from.
///
/// An OME-Zarr keeps samples as separate images and its axes in the standard's order; this hides both.
pub(crate) struct Written {
    stacks: Vec<Arc<dyn ImageStack>>,
    layout: ArrayLayout,
    is_collection: bool,
}

impl Written {
    /// Opens what was written as an output for an image of that layout; `None` if the format is not read.
    pub fn open(path: &Path, output: &Output, layout: &ArrayLayout) -> Result<Option<Self>, PipelineError> {
        let Some(back) = &output.back else { return Ok(None) };
        let (place, format, axes) = back.place(path, layout)?;
        let is_collection = back.splits_samples() && layout.axes().contains(Axis::S);
        let mut options = OpenOptions::default();
        options.remote = output.remote.clone();
        let stacks = open(&place, format, Some(&axes), &options)?;
        Ok(Some(Written { stacks, layout: layout.clone(), is_collection }))
    }

    /// Reads a region of a sample, all channels.
    pub fn read_into(
        &self,
        sample_idx: usize,
        region: &Region,
        out: PatchViewMut<'_>,
    ) -> Result<(), PipelineError> {
        let (stack, sample_idx) = match self.is_collection {
            true => self.layout.locate_sample(sample_idx)?,
            false => (0, sample_idx),
        };
        let n_samples = self.stacks.len();
        let missing = patchweave_geometry::GeometryError::SampleOutOfRange { sample_idx: stack, n_samples };
        let stack = self.stacks.get(stack).ok_or(missing)?;
        Ok(stack.read_into(sample_idx, None, region, out)?)
    }
}
