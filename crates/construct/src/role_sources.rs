//! The images that the inputs of a constructor are made of, or its targets.

use std::sync::Arc;

use patchweave_geometry::{Context, ImageShape, RegionSpec, UncorrelatedSpec};

use crate::image_list::ImageList;
use crate::{ChannelSource, ConstructError, ImageMetadata, PatchExtractor};

/// The images that inputs are made of, or targets: shapes, metadata, channels, context.
///
/// ```
/// use std::sync::Arc;
///
/// use ndarray::Array;
/// use patchweave_construct::{PatchExtractor, RoleSources};
/// use patchweave_stack::ArrayStack;
///
/// let image = Array::<u16, _>::zeros((3, 40, 50)).into_dyn();
/// let images = PatchExtractor::new(vec![Arc::new(ArrayStack::new(image, &"CYX".parse()?)?)])?;
/// let sources = RoleSources::new(&images).reading(Some(vec![2, 0]));
/// assert_eq!(sources.shapes()[0].to_vec(), [1, 3, 40, 50]);
/// assert_eq!(sources.channels(), Some([2, 0].as_slice()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct RoleSources {
    images: Images,
    channels: Option<Vec<usize>>,
    context: Option<Context>,
}

#[derive(Debug, Clone)]
enum Images {
    /// All channels are cut from the same images.
    Shared(Arc<ImageList>),
    /// Every channel has images of its own.
    OfChannels { channels: Vec<Arc<ImageList>>, principal: Arc<ImageList> },
}

impl RoleSources {
    /// Images that all channels are cut from; all channels of them, without context.
    pub fn new(images: &PatchExtractor) -> Self {
        RoleSources { images: Images::Shared(Arc::clone(images.list())), channels: None, context: None }
    }

    /// Images of any kind, also such as are made up when a sample is; all channels of them, without context.
    ///
    /// ```
    /// use patchweave_construct::{ImageMetadata, RoleSources};
    /// use patchweave_geometry::ArrayLayout;
    /// use patchweave_pixel::PixelType;
    /// use patchweave_stack::StackInfo;
    ///
    /// let layout = ArrayLayout::new("YX".parse()?, &[64, 64])?;
    /// let image = StackInfo::new("simulated", PixelType::F32, layout);
    /// let sources = RoleSources::of_images(vec![image.shape()], vec![ImageMetadata::of(&image)])?;
    /// assert_eq!(sources.shapes()[0].to_vec(), [1, 1, 64, 64]);
    /// let error = RoleSources::of_images(vec![image.shape()], vec![]).unwrap_err();
    /// assert_eq!(error.to_string(), "got metadata of 0 images, expected one for each of the 1 shapes");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ConstructError::NoImages`], [`ConstructError::MetadataCount`] if there is not one description for every shape.
    pub fn of_images(
        shapes: Vec<ImageShape>,
        metadata: Vec<Arc<ImageMetadata>>,
    ) -> Result<Self, ConstructError> {
        let n_shapes = shapes.len();
        let n_metadata = metadata.len();
        if n_shapes != n_metadata {
            return Err(ConstructError::MetadataCount { n_shapes, n_metadata });
        }
        if n_shapes == 0 {
            return Err(ConstructError::NoImages);
        }
        let images = Images::Shared(Arc::new(ImageList { shapes, metadata }));
        Ok(RoleSources { images, channels: None, context: None })
    }

    /// For every channel its own images; shapes are those of the principal channel.
    ///
    /// # Errors
    /// [`ConstructError::NoImages`] if there is no principal channel.
    pub fn of_channels<'a>(
        images: impl IntoIterator<Item = &'a PatchExtractor>,
        principal_channel: usize,
    ) -> Result<Self, ConstructError> {
        let channels: Vec<_> = images.into_iter().map(|images| Arc::clone(images.list())).collect();
        let principal = channels.get(principal_channel).map(Arc::clone).ok_or(ConstructError::NoImages)?;
        Ok(RoleSources { images: Images::OfChannels { channels, principal }, channels: None, context: None })
    }

    /// The same images, of which these channels are read; `None` means all.
    #[must_use]
    pub fn reading(self, channels: Option<Vec<usize>>) -> Self {
        RoleSources { channels, ..self }
    }

    /// The same images, of which more is read than the patch itself.
    #[must_use]
    pub fn in_context(self, context: Context) -> Self {
        RoleSources { context: Some(context), ..self }
    }

    /// The canonical shapes of the images, by the `data_idx` of specs.
    pub fn shapes(&self) -> &[ImageShape] {
        match &self.images {
            Images::Shared(images) => &images.shapes,
            Images::OfChannels { principal, .. } => &principal.shapes,
        }
    }

    /// The channels that are read, in this order; `None` means all.
    ///
    /// Batches have metadata of inputs with these channels alone, of targets with all channels of the images.
    pub fn channels(&self) -> Option<&[usize]> {
        self.channels.as_deref()
    }

    /// The lateral context of patches, which reads more than the patch itself.
    pub fn context(&self) -> Option<&Context> {
        self.context.as_ref()
    }

    /// The image a spec was cut from; of channels from different places a joint description, which is made anew.
    ///
    /// `None` for an image that does not exist, and for a single place where every channel has images of its own.
    pub fn metadata(&self, spec: &RegionSpec) -> Option<Arc<ImageMetadata>> {
        match (spec, &self.images) {
            (RegionSpec::Uncorrelated(spec), _) => self.joint_metadata(spec).map(Arc::new),
            (RegionSpec::Patch(_) | RegionSpec::Tile(_), Images::Shared(images)) => {
                images.metadata.get(spec.patch()?.data_idx).map(Arc::clone)
            }
            (RegionSpec::Patch(_) | RegionSpec::Tile(_), Images::OfChannels { .. }) => None,
        }
    }

    /// The image of the principal channel, with where every channel comes from.
    pub(crate) fn joint_metadata(&self, spec: &UncorrelatedSpec) -> Option<ImageMetadata> {
        let of_channel = |channel: usize| {
            let images = match &self.images {
                Images::Shared(images) => images,
                Images::OfChannels { channels, .. } => channels.get(channel)?,
            };
            images.metadata.get(spec.channels.get(channel)?.data_idx)
        };
        let source = |channel: usize| of_channel(channel).map(|image| ChannelSource::of(image));
        Some(ImageMetadata {
            channels: (0..spec.channels.len()).map(source).collect::<Option<_>>()?,
            ..(**of_channel(spec.principal_channel)?).clone()
        })
    }
}
