//! Cutting patches out of a list of stacks.

use std::sync::Arc;

use patchweave_geometry::{ImageShape, PatchSpec};
use patchweave_stack::{ImageStack, ImageStackExt, PatchViewMut, StackInfo};

use crate::{ConstructError, ImageMetadata};

/// A list of stacks that one strategy cuts: the same number of spatial axes and of channels in all.
///
/// ```
/// use std::sync::Arc;
///
/// use ndarray::Array;
/// use patchweave_construct::PatchExtractor;
/// use patchweave_stack::ArrayStack;
///
/// let image = |n| ArrayStack::new(Array::<u16, _>::zeros((n, n)).into_dyn(), &"YX".parse().unwrap()).unwrap();
/// let extractor = PatchExtractor::new(vec![Arc::new(image(64)), Arc::new(image(80))])?;
/// assert_eq!(extractor.shapes()[1].to_vec(), [1, 1, 80, 80]);
/// # Ok::<(), patchweave_construct::ConstructError>(())
/// ```
#[derive(Clone)]
pub struct PatchExtractor {
    stacks: Vec<Arc<dyn ImageStack>>,
    shapes: Vec<ImageShape>,
    metadata: Vec<Arc<ImageMetadata>>,
}

impl PatchExtractor {
    /// Takes the stacks in the order that specs count them.
    ///
    /// # Errors
    /// [`ConstructError::NoImages`], or [`ConstructError::UnlikeImages`] if the numbers of spatial axes or
    /// channels differ.
    pub fn new(stacks: Vec<Arc<dyn ImageStack>>) -> Result<Self, ConstructError> {
        let shapes: Vec<ImageShape> = stacks.iter().map(|stack| stack.info().shape()).collect();
        let &first = shapes.first().ok_or(ConstructError::NoImages)?;
        let form = |shape: &ImageShape| (shape.n_channels, shape.extent.n_axes());
        if let Some(at) = shapes.iter().position(|shape| form(shape) != form(&first)) {
            let source_name = stacks[at].info().source.clone();
            return Err(ConstructError::UnlikeImages { source_name, shape: shapes[at], first });
        }
        let metadata = stacks.iter().map(|stack| ImageMetadata::of(stack.info())).collect();
        Ok(PatchExtractor { stacks, shapes, metadata })
    }

    /// The canonical shapes of the stacks.
    pub fn shapes(&self) -> &[ImageShape] {
        &self.shapes
    }

    /// The number of channels, which all stacks share.
    pub fn n_channels(&self) -> usize {
        self.shapes.first().map_or(0, |shape| shape.n_channels)
    }

    /// What is known about a stack, if it exists.
    pub fn info(&self, data_idx: usize) -> Option<&StackInfo> {
        self.stacks.get(data_idx).map(|stack| stack.info())
    }

    /// The metadata of a stack, if it exists.
    pub fn metadata(&self, data_idx: usize) -> Option<&Arc<ImageMetadata>> {
        self.metadata.get(data_idx)
    }

    /// Checks that a selection of channels exists in all stacks.
    pub(crate) fn check_channels(&self, channels: Option<&[usize]>) -> Result<(), ConstructError> {
        match channels {
            Some(channels) if self.shapes.iter().any(|shape| shape.check_channels(channels).is_err()) => {
                Err(ConstructError::Channels { channels: channels.to_vec(), n_channels: self.n_channels() })
            }
            _ => Ok(()),
        }
    }

    /// Checks that the stacks have one channel; `role` says what they are used as.
    pub(crate) fn check_single_channel(&self, role: &'static str) -> Result<(), ConstructError> {
        match self.n_channels() {
            1 => Ok(()),
            n_channels => Err(ConstructError::SingleChannel { role, n_channels }),
        }
    }

    /// Cuts patch `index`, whose place is `spec`, into `out`.
    ///
    /// # Errors
    /// [`ConstructError::NoSuchImage`] or [`ConstructError::Stack`].
    pub fn extract_into(
        &self,
        index: usize,
        spec: &PatchSpec,
        channels: Option<&[usize]>,
        out: PatchViewMut<'_>,
    ) -> Result<(), ConstructError> {
        let stack = self.stack(index, spec.data_idx)?;
        Ok(stack.read_into(spec.sample_idx, channels, &spec.region(), out)?)
    }

    /// The stack that patch `index` points at.
    pub(crate) fn stack(&self, index: usize, data_idx: usize) -> Result<&dyn ImageStack, ConstructError> {
        let n_images = self.stacks.len();
        let stack = self.stacks.get(data_idx);
        stack.map(AsRef::as_ref).ok_or(ConstructError::NoSuchImage { index, data_idx, n_images })
    }
}
