//! What a patch constructor has to do, and what every one of them can do because of that.

use std::sync::Arc;

use ndarray::{ArrayView4, Axis, Slice};
use patchweave_geometry::{ImageShape, RegionSpec};
use patchweave_patching::{PatchIndices, PatchRng};

use crate::{ConstructError, ImageMetadata, Job, Sample, SampleLayout, SampleViewMut, Scratch, Sources};

/// Makes sample number `index`: decides where to cut, cuts, and writes into memory of the caller.
///
/// Constructors are shared by all worker threads. Every random decision comes from the random numbers of the caller, and
/// memory to work in from its [`Job`]. What is known without making a sample is in [`Sources`].
///
/// ```
/// use patchweave_construct::{ConstructError, Job, PatchConstr, SampleLayout, SampleViewMut, Sources};
/// use patchweave_geometry::RegionSpec;
/// use patchweave_patching::PatchRng;
///
/// /// Makes the samples of another constructor brighter.
/// struct Brighter<P>(P);
///
/// impl<P: PatchConstr> PatchConstr for Brighter<P> {
///     fn n_patches(&self) -> usize {
///         self.0.n_patches()
///     }
///
///     fn sources(&self) -> &Sources {
///         self.0.sources()
///     }
///
///     fn layout(&self, index: usize) -> Result<SampleLayout, ConstructError> {
///         self.0.layout(index)
///     }
///
///     fn locate(&self, index: usize, rng: &mut PatchRng) -> Result<Option<RegionSpec>, ConstructError> {
///         self.0.locate(index, rng)
///     }
///
///     fn construct_into(&self, job: Job<'_>, mut out: SampleViewMut<'_>) -> Result<RegionSpec, ConstructError> {
///         let spec = self.0.construct_into(job, out.reborrow())?;
///         out.input.map_inplace(|pixel| *pixel += 100.0);
///         Ok(spec)
///     }
/// }
///
/// # use std::sync::Arc;
/// # use ndarray::Array;
/// # use patchweave_construct::{BasicPatchConstr, PatchConstrExt, PatchExtractor};
/// # use patchweave_geometry::Extent;
/// # use patchweave_patching::SequentialPatching;
/// # use patchweave_stack::ArrayStack;
/// # let image = Array::from_elem((8, 8), 3_u8).into_dyn();
/// # let images = PatchExtractor::new(vec![Arc::new(ArrayStack::new(image, &"YX".parse()?)?)])?;
/// # let patching = SequentialPatching::new(images.shapes(), Extent::new(&[4, 4])?, None)?;
/// # let basic = BasicPatchConstr::new(patching, images, None, None)?;
/// let brighter = Brighter(basic);
/// let (sample, _) = brighter.construct_patch(2, &mut PatchRng::for_patch(0, 0, 2))?;
/// assert_eq!(sample.input[[0, 0, 0, 0]], 103.0);
/// assert_eq!(brighter.input_shapes()[0].to_vec(), [1, 1, 8, 8]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait PatchConstr: Send + Sync {
    /// How many samples one epoch has.
    fn n_patches(&self) -> usize;

    /// What is known about the images behind the samples, always the same.
    ///
    /// It must not fail: make it with the constructor and lend it. Loaders ask once, where a panic is not turned into an
    /// error.
    fn sources(&self) -> &Sources;

    /// The shapes of sample `index`.
    ///
    /// # Errors
    /// [`ConstructError::Patching`] if there is no such sample; [`ConstructError::Other`] for what constructors outside this
    /// crate refuse.
    fn layout(&self, index: usize) -> Result<SampleLayout, ConstructError>;

    /// Where sample `index` is cut, found without reading pixels: what [`construct_into`](Self::construct_into) returns for
    /// the same `rng`. `None` if only making the sample tells.
    ///
    /// Orders that keep neighbours together and messages about failures rest on it.
    ///
    /// # Errors
    /// [`ConstructError`] if there is no such sample.
    fn locate(&self, _index: usize, _rng: &mut PatchRng) -> Result<Option<RegionSpec>, ConstructError> {
        Ok(None)
    }

    /// Writes the sample of a job in raw intensities and returns where it was cut.
    ///
    /// Every value of `out` has to be written: it may hold whatever was there before.
    ///
    /// # Errors
    /// [`ConstructError`] if there is no such sample, `out` has other shapes than [`layout`](Self::layout)
    /// says, or an image cannot be read; [`ConstructError::Other`] for what constructors outside this crate refuse. `out` may
    /// then be partly written.
    fn construct_into(&self, job: Job<'_>, out: SampleViewMut<'_>) -> Result<RegionSpec, ConstructError>;
}

macro_rules! forward_constr {
    ($($pointer:ty),*) => {$(
        impl<P: PatchConstr + ?Sized> PatchConstr for $pointer {
            fn n_patches(&self) -> usize {
                (**self).n_patches()
            }

            fn sources(&self) -> &Sources {
                (**self).sources()
            }

            fn layout(&self, index: usize) -> Result<SampleLayout, ConstructError> {
                (**self).layout(index)
            }

            fn locate(&self, index: usize, rng: &mut PatchRng) -> Result<Option<RegionSpec>, ConstructError> {
                (**self).locate(index, rng)
            }

            fn construct_into(&self, job: Job<'_>, out: SampleViewMut<'_>) -> Result<RegionSpec, ConstructError> {
                (**self).construct_into(job, out)
            }
        }
    )*};
}

forward_constr!(&P, Box<P>, Arc<P>);

/// What every [`PatchConstr`] can do.
pub trait PatchConstrExt: PatchConstr {
    /// The canonical shapes of the images that inputs are cut from.
    fn input_shapes(&self) -> &[ImageShape] {
        self.sources().input().shapes()
    }

    /// The canonical shapes of the images that targets are cut from; `None` if there are no targets.
    fn target_shapes(&self) -> Option<&[ImageShape]> {
        Some(self.sources().target()?.shapes())
    }

    /// The image that the input of a spec was cut from, with all its channels.
    fn input_image_metadata(&self, spec: &RegionSpec) -> Option<Arc<ImageMetadata>> {
        self.sources().input().metadata(spec)
    }

    /// The image that the target of a spec was cut from; `None` if there are no targets.
    fn target_image_metadata(&self, spec: &RegionSpec) -> Option<Arc<ImageMetadata>> {
        self.sources().target()?.metadata(spec)
    }

    /// The samples that come from input stack `data_idx`.
    ///
    /// # Errors
    /// [`ConstructError::NoSingleStack`] if samples of this constructor do not belong to a single stack.
    fn patch_indices(&self, data_idx: usize) -> Result<&PatchIndices, ConstructError> {
        self.sources().patch_indices(data_idx)
    }

    /// The part of an input `CZYX` that statistics are computed from: for constructors with lateral context the native
    /// scale, for all others the whole input.
    fn principal_input<'a>(&self, mut input: ArrayView4<'a, f32>) -> ArrayView4<'a, f32> {
        if self.sources().input().context().is_some() {
            input.slice_axis_inplace(Axis(0), Slice::from(..1));
        }
        input
    }

    /// Makes sample `index` with memory of its own.
    ///
    /// # Errors
    /// As [`PatchConstr::construct_into`].
    fn construct_patch(
        &self,
        index: usize,
        rng: &mut PatchRng,
    ) -> Result<(Sample, RegionSpec), ConstructError> {
        let mut sample = Sample::zeros(&self.layout(index)?)?;
        let mut scratch = Scratch::default();
        let spec = self.construct_into(Job::new(index, rng, &mut scratch), sample.view_mut())?;
        Ok((sample, spec))
    }
}

impl<P: PatchConstr + ?Sized> PatchConstrExt for P {}
