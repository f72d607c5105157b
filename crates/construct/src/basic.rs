//! The basic constructor: one place, input and optional target.

use patchweave_geometry::{ImageShape, RegionSpec};
use patchweave_patching::{PatchRng, Patching};

use crate::sizes::{check_output, plain_patch};
use crate::{
    BlockLayout, ConstructError, Job, PatchConstr, PatchExtractor, RoleSources, SampleLayout, SampleViewMut,
    Sources,
};

/// Cuts input and target at the same place: selected channels of the input, all channels of the target.
///
/// Random draws are those of the strategy, nothing else.
///
/// ```
/// use std::sync::Arc;
///
/// use ndarray::Array;
/// use patchweave_construct::{BasicPatchConstr, PatchConstrExt, PatchExtractor};
/// use patchweave_geometry::Extent;
/// use patchweave_patching::{PatchRng, SequentialPatching};
/// use patchweave_stack::ArrayStack;
///
/// let image = Array::from_shape_fn((8, 8), |(y, x)| (10 * y + x) as u8).into_dyn();
/// let input = PatchExtractor::new(vec![Arc::new(ArrayStack::new(image, &"YX".parse()?)?)])?;
/// let patching = SequentialPatching::new(input.shapes(), Extent::new(&[4, 4])?, None)?;
/// let constr = BasicPatchConstr::new(patching, input, None, None)?;
/// let (sample, spec) = constr.construct_patch(3, &mut PatchRng::for_patch(0, 0, 3))?;
/// assert_eq!(spec.patch().unwrap().coords.as_slice(), [4, 4]);
/// assert_eq!(sample.input[[0, 0, 0, 0]], 44.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct BasicPatchConstr<P> {
    patching: P,
    input: PatchExtractor,
    target: Option<PatchExtractor>,
    channels: Option<Vec<usize>>,
    sources: Sources,
}

impl<P: Patching> BasicPatchConstr<P> {
    /// Joins a strategy with the images it was made for.
    ///
    /// `channels` selects channels of the input, in that order; `None` means all.
    ///
    /// # Errors
    /// [`ConstructError::TargetCount`] or [`ConstructError::TargetShape`] if targets do not lie on their
    /// inputs, [`ConstructError::Channels`] if the selection does not fit.
    pub fn new(
        patching: P,
        input: PatchExtractor,
        target: Option<PatchExtractor>,
        channels: Option<Vec<usize>>,
    ) -> Result<Self, ConstructError> {
        if let Some(target) = &target {
            check_targets(&input, target)?;
        }
        input.check_channels(channels.as_deref())?;
        let sources = Sources::new(RoleSources::new(&input).reading(channels.clone()))
            .with_patches(|data_idx| patching.indices_of(data_idx));
        let sources = match &target {
            Some(target) => sources.with_target(RoleSources::new(target)),
            None => sources,
        };
        Ok(BasicPatchConstr { patching, input, target, channels, sources })
    }
}

/// Checks that every input has a target that lies on it.
pub(crate) fn check_targets(input: &PatchExtractor, target: &PatchExtractor) -> Result<(), ConstructError> {
    let n_inputs = input.shapes().len();
    let n_targets = target.shapes().len();
    if n_inputs != n_targets {
        return Err(ConstructError::TargetCount { n_inputs, n_targets });
    }
    let place = |shape: &ImageShape| (shape.n_samples, shape.extent);
    let pairs = input.shapes().iter().zip(target.shapes());
    match pairs.clone().position(|(input, target)| place(input) != place(target)) {
        None => Ok(()),
        Some(at) => {
            let name = |extractor: &PatchExtractor| extractor.info(at).map(|info| info.source.clone());
            Err(ConstructError::TargetShape {
                input_name: name(input).unwrap_or_default(),
                input: input.shapes()[at],
                target_name: name(target).unwrap_or_default(),
                target: target.shapes()[at],
            })
        }
    }
}

impl<P: Patching> PatchConstr for BasicPatchConstr<P> {
    fn n_patches(&self) -> usize {
        self.patching.n_patches()
    }

    fn sources(&self) -> &Sources {
        &self.sources
    }

    fn layout(&self, index: usize) -> Result<SampleLayout, ConstructError> {
        let extent = self.patching.patch_size(index)?;
        let n_channels = self.channels.as_ref().map_or(self.input.n_channels(), Vec::len);
        Ok(SampleLayout {
            input: BlockLayout { n_channels, extent },
            target: self
                .target
                .as_ref()
                .map(|target| BlockLayout { n_channels: target.n_channels(), extent }),
        })
    }

    fn locate(&self, index: usize, rng: &mut PatchRng) -> Result<Option<RegionSpec>, ConstructError> {
        Ok(Some(self.patching.spec(index, rng)?))
    }

    fn construct_into(&self, job: Job<'_>, out: SampleViewMut<'_>) -> Result<RegionSpec, ConstructError> {
        let index = job.index;
        let layout = self.layout(index)?;
        check_output(&out, &layout)?;
        let spec = self.patching.spec(index, job.rng)?;
        let patch = plain_patch(index, &spec)?;
        self.input.extract_into(index, patch, self.channels.as_deref(), out.input)?;
        if let (Some(target), Some(out)) = (&self.target, out.target) {
            target.extract_into(index, patch, None, out)?;
        }
        Ok(spec)
    }
}
