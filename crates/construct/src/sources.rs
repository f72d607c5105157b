//! What is known about samples before one is made: the images behind them, and which samples come from which image.

use std::fmt;
use std::sync::{Arc, OnceLock};

use patchweave_geometry::RegionSpec;
use patchweave_patching::PatchIndices;

use crate::{ConstructError, ImageMetadata, PatchRole, RoleSources};

/// What a constructor knows about its images, for inputs and for targets, and which samples come from which image.
///
/// Everything in it stays as it is. A clone shares it, so that batches can tell of their samples without the constructor.
///
/// ```
/// use std::sync::Arc;
///
/// use ndarray::Array;
/// use patchweave_construct::{PatchExtractor, PatchRole, RoleSources, Sources};
/// use patchweave_geometry::Extent;
/// use patchweave_patching::{Patching, SequentialPatching};
/// use patchweave_stack::ArrayStack;
///
/// let image = |n| ArrayStack::new(Array::<u16, _>::zeros((n, n)).into_dyn(), &"YX".parse().unwrap()).unwrap();
/// let images = PatchExtractor::new(vec![Arc::new(image(8)), Arc::new(image(16))])?;
/// let patching = SequentialPatching::new(images.shapes(), Extent::new(&[8, 8])?, None)?;
/// let sources = Sources::new(RoleSources::new(&images)).with_patches(|data_idx| patching.indices_of(data_idx));
/// assert_eq!(sources.patch_indices(1)?.iter().collect::<Vec<_>>(), [1, 2, 3, 4]);
/// assert!(sources.of(PatchRole::Target).is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Sources {
    input: Arc<RoleSources>,
    target: Option<Arc<RoleSources>>,
    patches: Patches,
    /// Metadata with only the channels that are read, filled on first use; empty if all channels are read.
    read_inputs: Arc<[OnceLock<Arc<ImageMetadata>>]>,
}

/// Which samples come from which image.
#[derive(Clone)]
enum Patches {
    OfImages(Arc<[PatchIndices]>),
    Unknown { reason: &'static str },
}

/// The samples of an image that does not exist.
static NO_PATCHES: PatchIndices = PatchIndices::Range(0..0);

impl Sources {
    /// Inputs without targets, whose samples cannot be told apart by image.
    pub fn new(input: RoleSources) -> Self {
        let n_images = input.channels().map_or(0, |_| input.shapes().len());
        Sources {
            input: Arc::new(input),
            target: None,
            patches: Patches::Unknown {
                reason: "the constructor does not say which samples belong to which image",
            },
            read_inputs: (0..n_images).map(|_| OnceLock::new()).collect(),
        }
    }

    /// Adds targets.
    #[must_use]
    pub fn with_target(self, target: RoleSources) -> Self {
        Sources { target: Some(Arc::new(target)), ..self }
    }

    /// Says which samples come from which image of the inputs; `of_image` is called here, once for every image.
    #[must_use]
    pub fn with_patches(self, of_image: impl FnMut(usize) -> PatchIndices) -> Self {
        let patches = Patches::OfImages((0..self.input.shapes().len()).map(of_image).collect());
        Sources { patches, ..self }
    }

    /// Says why samples cannot be told apart by image.
    #[must_use]
    pub fn without_patches(self, reason: &'static str) -> Self {
        Sources { patches: Patches::Unknown { reason }, ..self }
    }

    /// What inputs are made of.
    pub fn input(&self) -> &RoleSources {
        &self.input
    }

    /// What targets are made of, if there are any.
    pub fn target(&self) -> Option<&RoleSources> {
        self.target.as_deref()
    }

    /// What a block is made of; `None` if there are no targets.
    pub fn of(&self, role: PatchRole) -> Option<&RoleSources> {
        match role {
            PatchRole::Input => Some(self.input()),
            PatchRole::Target => self.target(),
        }
    }

    /// The samples that come from input image `data_idx`, none for an image that does not exist.
    ///
    /// # Errors
    /// [`ConstructError::NoSingleStack`] if samples do not belong to a single image.
    pub fn patch_indices(&self, data_idx: usize) -> Result<&PatchIndices, ConstructError> {
        match &self.patches {
            Patches::OfImages(patches) => Ok(patches.get(data_idx).unwrap_or(&NO_PATCHES)),
            Patches::Unknown { reason } => Err(ConstructError::NoSingleStack { reason }),
        }
    }

    /// The metadata of the image that a sample was cut from, as batches have it: that of an input has the number of
    /// selected channels, that of a target all channels of the image.
    pub fn sample_metadata(&self, role: PatchRole, spec: &RegionSpec) -> Option<Arc<ImageMetadata>> {
        let images = self.of(role)?;
        let (PatchRole::Input, Some(channels)) = (role, images.channels()) else {
            return images.metadata(spec);
        };
        if let RegionSpec::Uncorrelated(spec) = spec {
            return Some(Arc::new(images.joint_metadata(spec)?.with_channels(channels)));
        }
        let metadata = images.metadata(spec)?;
        let read = self.read_inputs.get(spec.patch()?.data_idx)?;
        let of_read = || Arc::new(ImageMetadata::clone(&metadata).with_channels(channels));
        Some(Arc::clone(read.get_or_init(of_read)))
    }
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources")
            .field("input", &self.input)
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}
