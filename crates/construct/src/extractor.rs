//! Cutting patches out of a list of stacks.

use std::sync::Arc;

use ndarray::Array4;
use patchweave_geometry::{ImageShape, PatchSpec};
use patchweave_stack::{ImageStack, ImageStackExt, PatchViewMut, StackInfo};

use crate::image_list::ImageList;
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
    list: Arc<ImageList>,
    /// For every stack its coarser levels, where larger scales are read from them.
    coarser: Vec<Vec<Arc<dyn ImageStack>>>,
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
        let list = Arc::new(ImageList { shapes, metadata });
        Ok(PatchExtractor { stacks, list, coarser: Vec::new() })
    }

    /// Takes pyramids: for every image its levels, full resolution first, each half as large as the one before.
    ///
    /// Scale `k` of lateral context is then cut from level `k` as it is, which is faster and not the same as
    /// shrinking the full resolution: values are those of whoever made the pyramid.
    ///
    /// # Errors
    /// As [`new`](Self::new), and [`ConstructError::UnlikeImages`] if levels of an image differ in axes, samples
    /// or channels.
    pub fn of_pyramids(pyramids: Vec<Vec<Arc<dyn ImageStack>>>) -> Result<Self, ConstructError> {
        let mut stacks = Vec::new();
        let mut coarser = Vec::new();
        for levels in pyramids {
            let mut levels = levels.into_iter();
            let full = levels.next().ok_or(ConstructError::NoImages)?;
            let levels: Vec<_> = levels.collect();
            let first = full.info().shape();
            let form = |shape: &ImageShape| (shape.n_samples, shape.n_channels, shape.extent.n_axes());
            let unlike = levels.iter().find(|level| form(&level.info().shape()) != form(&first));
            if let Some(level) = unlike {
                let source_name = level.info().source.clone();
                let shape = level.info().shape();
                return Err(ConstructError::UnlikeImages { source_name, shape, first });
            }
            stacks.push(full);
            coarser.push(levels);
        }
        Ok(PatchExtractor { coarser, ..Self::new(stacks)? })
    }

    /// Whether larger scales are read from coarser levels.
    pub(crate) fn has_levels(&self) -> bool {
        self.coarser.iter().any(|levels| !levels.is_empty())
    }

    /// The level of a stack that patch `index` is cut from at a scale.
    pub(crate) fn level(
        &self,
        index: usize,
        data_idx: usize,
        scale: usize,
    ) -> Result<&dyn ImageStack, ConstructError> {
        let Some(above) = scale.checked_sub(1) else { return self.stack(index, data_idx) };
        let levels = self.coarser.get(data_idx);
        let level = levels.and_then(|levels| levels.get(above));
        let got = levels.map_or(1, |levels| levels.len() + 1);
        level.map(AsRef::as_ref).ok_or_else(|| ConstructError::TooFewLevels {
            source_name: self.info(data_idx).map_or_else(String::new, |info| info.source.clone()),
            got,
            expected: scale + 1,
        })
    }

    /// The canonical shapes of the stacks.
    pub fn shapes(&self) -> &[ImageShape] {
        &self.list.shapes
    }

    /// The number of channels, which all stacks share.
    pub fn n_channels(&self) -> usize {
        self.shapes().first().map_or(0, |shape| shape.n_channels)
    }

    /// What is known about a stack, if it exists.
    pub fn info(&self, data_idx: usize) -> Option<&StackInfo> {
        self.stacks.get(data_idx).map(|stack| stack.info())
    }

    /// The metadata of a stack, if it exists.
    pub fn metadata(&self, data_idx: usize) -> Option<&Arc<ImageMetadata>> {
        self.list.metadata.get(data_idx)
    }

    /// Shapes and metadata of the stacks.
    pub(crate) fn list(&self) -> &Arc<ImageList> {
        &self.list
    }

    /// Checks that a selection of channels exists in all stacks.
    pub(crate) fn check_channels(&self, channels: Option<&[usize]>) -> Result<(), ConstructError> {
        match channels {
            Some(channels) if self.shapes().iter().any(|shape| shape.check_channels(channels).is_err()) => {
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

    /// Cuts the region of a spec with memory of its own, `CZYX`.
    pub(crate) fn extract(
        &self,
        spec: &PatchSpec,
        channels: Option<&[usize]>,
    ) -> Result<Array4<f32>, ConstructError> {
        let stack = self.stack(0, spec.data_idx)?;
        Ok(stack.read_patch(spec.sample_idx, channels, &spec.region())?)
    }

    /// The stack that patch `index` points at.
    pub(crate) fn stack(&self, index: usize, data_idx: usize) -> Result<&dyn ImageStack, ConstructError> {
        let n_images = self.stacks.len();
        let stack = self.stacks.get(data_idx);
        stack.map(AsRef::as_ref).ok_or(ConstructError::NoSuchImage { index, data_idx, n_images })
    }
}
