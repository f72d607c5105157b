//! Inputs with lateral context that were measured: beside a target, or alone for prediction.

use patchweave_geometry::RegionSpec;
use patchweave_patching::{PatchRng, Patching};

use crate::basic::check_targets;
use crate::lateral::Place;
use crate::sizes::{check_output, check_windows, plain_patch};
use crate::{
    BlockLayout, ConstructError, Job, LateralContext, PatchConstr, PatchExtractor, RoleSources, SampleLayout,
    SampleViewMut, Sources,
};

/// Cuts a measured input of one channel with lateral context, and all channels of its target.
///
/// Input `LZYX`, target `CZYX` at the same place. Random draws are those of the strategy.
///
/// ```
/// use std::sync::Arc;
///
/// use ndarray::Array;
/// use patchweave_construct::{LateralContext, PairedInputTargetMsPatchConstr, PatchConstrExt, PatchExtractor};
/// use patchweave_geometry::{Context, ContextPadding, Extent};
/// use patchweave_patching::{PatchRng, RandomPatching};
/// use patchweave_stack::ArrayStack;
///
/// let images = |n_channels| {
///     let image = Array::from_elem((n_channels, 32, 32), 5_u16).into_dyn();
///     PatchExtractor::new(vec![Arc::new(ArrayStack::new(image, &"CYX".parse().unwrap()).unwrap())])
/// };
/// let (input, target) = (images(1)?, images(2)?);
/// let patching = RandomPatching::new(input.shapes(), Extent::new(&[16, 16])?)?;
/// let context = LateralContext::new(Context::new(2, ContextPadding::Reflect)?);
/// let constr = PairedInputTargetMsPatchConstr::new(patching, input, target, context, None)?;
/// let (sample, _) = constr.construct_patch(3, &mut PatchRng::for_patch(0, 0, 3))?;
/// assert_eq!((sample.input.shape()[0], sample.target.unwrap().shape()[0]), (2, 2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct PairedInputTargetMsPatchConstr<P> {
    input: PredMsPatchConstr<P>,
    target: PatchExtractor,
    sources: Sources,
}

impl<P: Patching> PairedInputTargetMsPatchConstr<P> {
    /// Joins a strategy with the images it was made for; `channels` may select the one channel of the input to
    /// look at.
    ///
    /// # Errors
    /// [`ConstructError::SingleChannel`] if several channels of the input remain, [`ConstructError::Channels`], [`ConstructError::TargetCount`] or
    /// [`ConstructError::TargetShape`] if targets do not lie on their inputs, [`ConstructError::Geometry`] if
    /// a window is too large.
    pub fn new(
        patching: P,
        input: PatchExtractor,
        target: PatchExtractor,
        context: LateralContext,
        channels: Option<Vec<usize>>,
    ) -> Result<Self, ConstructError> {
        check_targets(&input, &target)?;
        let input = PredMsPatchConstr::new(patching, input, context, channels)?;
        let sources = input.sources().clone().with_target(RoleSources::new(&target));
        Ok(PairedInputTargetMsPatchConstr { input, target, sources })
    }
}

impl<P: Patching> PatchConstr for PairedInputTargetMsPatchConstr<P> {
    fn n_patches(&self) -> usize {
        self.input.n_patches()
    }

    fn sources(&self) -> &Sources {
        &self.sources
    }

    fn layout(&self, index: usize) -> Result<SampleLayout, ConstructError> {
        let layout = self.input.layout(index)?;
        let target = BlockLayout { n_channels: self.target.n_channels(), extent: layout.input.extent };
        Ok(SampleLayout { target: Some(target), ..layout })
    }

    fn locate(&self, index: usize, rng: &mut PatchRng) -> Result<Option<RegionSpec>, ConstructError> {
        self.input.locate(index, rng)
    }

    fn construct_into(&self, job: Job<'_>, out: SampleViewMut<'_>) -> Result<RegionSpec, ConstructError> {
        let index = job.index;
        check_output(&out, &self.layout(index)?)?;
        let input = SampleViewMut { input: out.input, target: None };
        let spec = self.input.construct_into(job, input)?;
        if let Some(target) = out.target {
            self.target.extract_into(index, plain_patch(index, &spec)?, None, target)?;
        }
        Ok(spec)
    }
}

/// Cuts a measured input of one channel with lateral context, for prediction.
///
/// Input `LZYX`, no target. Meant for tiles, works with any strategy, whose draws are the only ones.
///
/// ```
/// use std::sync::Arc;
///
/// use ndarray::Array;
/// use patchweave_construct::{LateralContext, PatchConstrExt, PatchExtractor, PredMsPatchConstr};
/// use patchweave_geometry::{Context, ContextPadding, Extent};
/// use patchweave_patching::{PatchRng, TiledPatching};
/// use patchweave_stack::ArrayStack;
///
/// let image = Array::from_elem((40, 40), 5_u16).into_dyn();
/// let images = PatchExtractor::new(vec![Arc::new(ArrayStack::new(image, &"YX".parse()?)?)])?;
/// let tiles = TiledPatching::new(images.shapes(), Extent::new(&[16, 16])?, None)?;
/// let context = LateralContext::new(Context::new(3, ContextPadding::Reflect)?);
/// let constr = PredMsPatchConstr::new(tiles, images, context, None)?;
/// let (sample, spec) = constr.construct_patch(0, &mut PatchRng::for_patch(0, 0, 0))?;
/// assert!(spec.tile().is_some());
/// assert_eq!(sample.input.shape(), [3, 1, 16, 16]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct PredMsPatchConstr<P> {
    patching: P,
    images: PatchExtractor,
    context: LateralContext,
    channels: Option<Vec<usize>>,
    sources: Sources,
}

impl<P: Patching> PredMsPatchConstr<P> {
    /// Joins a strategy with the images it was made for; `channels` may select the one channel to look at.
    ///
    /// # Errors
    /// [`ConstructError::SingleChannel`] if several channels remain, [`ConstructError::Channels`] if the
    /// selected one does not exist, [`ConstructError::Geometry`] if a window is too large.
    pub fn new(
        patching: P,
        images: PatchExtractor,
        context: LateralContext,
        channels: Option<Vec<usize>>,
    ) -> Result<Self, ConstructError> {
        images.check_channels(channels.as_deref())?;
        match &channels {
            Some(channels) if channels.len() == 1 => {}
            Some(channels) => {
                let n_channels = channels.len();
                let role = "an input with lateral context";
                return Err(ConstructError::SingleChannel { role, n_channels });
            }
            None => images.check_single_channel("an input with lateral context")?,
        }
        check_windows([(&patching, &images)], &context, false)?;
        let of_images = RoleSources::new(&images).reading(channels.clone());
        let sources = Sources::new(of_images.in_context(*context.context()))
            .with_patches(|data_idx| patching.indices_of(data_idx));
        Ok(PredMsPatchConstr { patching, images, context, channels, sources })
    }
}

impl<P: Patching> PatchConstr for PredMsPatchConstr<P> {
    fn n_patches(&self) -> usize {
        self.patching.n_patches()
    }

    fn sources(&self) -> &Sources {
        &self.sources
    }

    fn layout(&self, index: usize) -> Result<SampleLayout, ConstructError> {
        let n_channels = self.context.context().n_scales();
        let extent = self.patching.patch_size(index)?;
        Ok(SampleLayout { input: BlockLayout { n_channels, extent }, target: None })
    }

    fn locate(&self, index: usize, rng: &mut PatchRng) -> Result<Option<RegionSpec>, ConstructError> {
        Ok(Some(self.patching.spec(index, rng)?))
    }

    fn construct_into(&self, job: Job<'_>, out: SampleViewMut<'_>) -> Result<RegionSpec, ConstructError> {
        let Job { index, rng, scratch } = job;
        check_output(&out, &self.layout(index)?)?;
        let spec = self.patching.spec(index, rng)?;
        let place = Place {
            extractor: &self.images,
            spec: plain_patch(index, &spec)?,
            channels: self.channels.as_deref(),
            weights: &[1.0],
        };
        self.context.write(index, &[place], scratch, out.input, None)?;
        Ok(spec)
    }
}
