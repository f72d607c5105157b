//! Synthetic inputs from channels that were recorded one by one, in different images.

use patchweave_geometry::{PatchSpec, RegionSpec, UncorrelatedSpec};
use patchweave_patching::{PatchRng, Patching};

use crate::lateral::Place;
use crate::mix::Weights;
use crate::sizes::{check_output, check_windows, plain_patch};
use crate::{
    AlphaRange, BlockLayout, ConstructError, Job, LateralContext, MixDraws, PatchConstr, PatchExtractor,
    RoleSources, SampleLayout, SampleViewMut, Scratch, Sources,
};

/// Mixes channels that come from different images into an input with lateral context.
///
/// Every channel has its own images and strategy. The **principal channel**, the first one with the most
/// patches, says how many samples there are; each other channel is cut at an index of its own that is drawn.
/// Input `LZYX` is the weighted sum of the channels at every scale, target `CZYX` the channels at the native
/// scale. Random draws, in this order: an index for each channel, the principal one included, whose index is
/// then replaced; the draws of each channel's strategy; the weights, if they have ranges.
///
/// ```
/// use std::sync::Arc;
///
/// use ndarray::Array;
/// use patchweave_construct::{
///     IndependentTargetsMsPatchConstr, LateralContext, PatchConstr, PatchConstrExt, PatchExtractor,
/// };
/// use patchweave_geometry::{Context, ContextPadding, Extent};
/// use patchweave_patching::{PatchRng, RandomPatching};
/// use patchweave_stack::ArrayStack;
///
/// let source = |size, value: u8| {
///     let image = Array::from_elem((size, size), value).into_dyn();
///     let images = PatchExtractor::new(vec![Arc::new(ArrayStack::new(image, &"YX".parse()?)?)])?;
///     let patching = RandomPatching::new(images.shapes(), Extent::new(&[16, 16])?)?;
///     Ok::<_, Box<dyn std::error::Error>>((patching, images))
/// };
/// let context = LateralContext::new(Context::new(2, ContextPadding::Reflect)?);
/// let sources = vec![source(32, 10)?, source(48, 30)?];
/// let constr = IndependentTargetsMsPatchConstr::new(sources, context, None)?;
/// assert_eq!((constr.principal_channel(), constr.n_patches()), (1, 9));
/// let (sample, _) = constr.construct_patch(0, &mut PatchRng::for_patch(7, 0, 0))?;
/// assert!((sample.input[[1, 0, 0, 0]] - 20.0).abs() < 1e-4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct IndependentTargetsMsPatchConstr<P> {
    channels: Vec<(P, PatchExtractor)>,
    context: LateralContext,
    weights: Weights,
    counts: Vec<usize>,
    principal_channel: usize,
    sources: Sources,
}

impl<P: Patching> IndependentTargetsMsPatchConstr<P> {
    /// Takes a strategy and the images it was made for, for each channel.
    ///
    /// # Errors
    /// [`ConstructError::NoImages`] without channels, [`ConstructError::SingleChannel`] if images have more
    /// than one, [`ConstructError::UnlikeImages`] if some are planes and some volumes,
    /// [`ConstructError::AlphaCount`] unless there is one range for each channel,
    /// [`ConstructError::UnequalPatches`], [`ConstructError::NoPatches`] if a channel has
    /// none, [`ConstructError::Geometry`] if a window is too large.
    pub fn new(
        channels: Vec<(P, PatchExtractor)>,
        context: LateralContext,
        alpha_ranges: Option<Vec<AlphaRange>>,
    ) -> Result<Self, ConstructError> {
        let first = channels.first().and_then(|(_, images)| images.shapes().first().copied());
        let first = first.ok_or(ConstructError::NoImages)?;
        for (_, images) in &channels {
            images.check_single_channel("a channel of independent targets")?;
            if let Some(&shape) = images.shapes().first()
                && shape.extent.n_axes() != first.extent.n_axes()
            {
                let source_name = images.info(0).map_or_else(String::new, |info| info.source.clone());
                return Err(ConstructError::UnlikeImages { source_name, shape, first });
            }
        }
        let weights = Weights::new(channels.len(), alpha_ranges)?;
        check_windows(channels.iter().map(|(patching, images)| (patching, images)), &context, true)?;
        let counts: Vec<usize> = channels.iter().map(|(patching, _)| patching.n_patches()).collect();
        let principal_channel = principal_channel(&counts);
        if counts.contains(&0) {
            return Err(ConstructError::NoPatches);
        }
        let images = channels.iter().map(|(_, images)| images);
        let of_channels = RoleSources::of_channels(images, principal_channel)?;
        let sources = Sources::new(of_channels.clone().in_context(*context.context()))
            .with_target(of_channels)
            .without_patches("every channel has its own images");
        Ok(IndependentTargetsMsPatchConstr { channels, context, weights, counts, principal_channel, sources })
    }

    /// The channel that says how many samples there are.
    pub fn principal_channel(&self) -> usize {
        self.principal_channel
    }

    fn principal(&self) -> &(P, PatchExtractor) {
        &self.channels[self.principal_channel]
    }

    /// Writes sample `index` with decisions from anywhere; see [`PatchConstr::construct_into`].
    ///
    /// # Errors
    /// As [`PatchConstr::construct_into`].
    pub fn construct_with(
        &self,
        index: usize,
        draws: &mut dyn MixDraws,
        scratch: &mut Scratch,
        out: SampleViewMut<'_>,
    ) -> Result<RegionSpec, ConstructError> {
        let layout = self.layout(index)?;
        check_output(&out, &layout)?;
        let specs = self.place(index, draws)?;
        let weights = self.weights.draw(draws);
        let places: Vec<Place<'_>> = self
            .channels
            .iter()
            .zip(&specs)
            .zip(weights.chunks(1))
            .map(|(((_, extractor), spec), weights)| Place { extractor, spec, channels: None, weights })
            .collect();
        self.context.write(index, &places, scratch, out.input, out.target)?;
        Ok(self.joined(specs))
    }

    /// Where the channels of a sample are cut, the first draws of every sample.
    fn place(&self, index: usize, draws: &mut dyn MixDraws) -> Result<Vec<PatchSpec>, ConstructError> {
        let mut indices = draws.indices(&self.counts);
        if let Some(principal) = indices.get_mut(self.principal_channel) {
            *principal = index;
        }
        let spec = |((patching, _), index): (&(P, PatchExtractor), usize)| {
            plain_patch(index, &patching.spec(index, draws.rng())?).copied()
        };
        self.channels.iter().zip(indices).map(spec).collect()
    }

    fn joined(&self, channels: Vec<PatchSpec>) -> RegionSpec {
        let principal_channel = self.principal_channel;
        RegionSpec::Uncorrelated(UncorrelatedSpec { channels, principal_channel })
    }
}

/// The first channel with the most patches; 0 if there are no channels.
///
/// ```
/// assert_eq!(patchweave_construct::principal_channel(&[3, 5, 5]), 1);
/// ```
pub fn principal_channel(n_patches: &[usize]) -> usize {
    let most = n_patches.iter().max();
    n_patches.iter().position(|n| Some(n) == most).unwrap_or(0)
}

impl<P: Patching> PatchConstr for IndependentTargetsMsPatchConstr<P> {
    fn n_patches(&self) -> usize {
        self.principal().0.n_patches()
    }

    fn sources(&self) -> &Sources {
        &self.sources
    }

    fn layout(&self, index: usize) -> Result<SampleLayout, ConstructError> {
        let extent = self.principal().0.patch_size(index)?;
        Ok(SampleLayout {
            input: BlockLayout { n_channels: self.context.context().n_scales(), extent },
            target: Some(BlockLayout { n_channels: self.channels.len(), extent }),
        })
    }

    fn locate(&self, index: usize, rng: &mut PatchRng) -> Result<Option<RegionSpec>, ConstructError> {
        self.place(index, rng).map(|specs| Some(self.joined(specs)))
    }

    fn construct_into(&self, job: Job<'_>, out: SampleViewMut<'_>) -> Result<RegionSpec, ConstructError> {
        self.construct_with(job.index, job.rng, job.scratch, out)
    }
}
