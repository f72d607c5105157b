//! Synthetic inputs from channels that were recorded together.

use patchweave_geometry::{PatchSpec, RegionSpec, UncorrelatedSpec};
use patchweave_patching::{PatchRng, Patching};

use crate::lateral::Place;
use crate::mix::Weights;
use crate::sizes::{check_output, check_windows, plain_patch};
use crate::{
    AlphaRange, BlockLayout, ConstructError, Job, LateralContext, MixDraws, PatchConstr, PatchExtractor,
    RoleSources, SampleLayout, SampleViewMut, Scratch, Sources,
};

/// What is mixed, and how.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MixOptions {
    /// Which channels take part, in this order; all of them by default.
    pub channels: Option<Vec<usize>>,
    /// The weights of every channel of the **images**, also of those that do not take part but stand before
    /// one that does; by default each channel weighs one over the number of channels that take part.
    pub alpha_ranges: Option<Vec<AlphaRange>>,
    /// The probability that every channel is cut at a place of its own, 0 to 1.
    pub uncorrelated_prob: f64,
}

/// Mixes the channels of an image into an input with lateral context; the channels themselves are the target.
///
/// Input `LZYX` is the weighted sum of the channels at every scale, target `CZYX` the channels at the native
/// scale, not weighted. Random draws, in this order: a unit number `v`; if `v` is below the probability of
/// uncorrelated channels, one index for each channel but the first; the draws of the strategy for each spec;
/// the weights, if they have ranges.
///
/// ```
/// use std::sync::Arc;
///
/// use ndarray::Array;
/// use patchweave_construct::{
///     LateralContext, MixOptions, MultiChannelTargetMsPatchConstr, PatchConstrExt, PatchExtractor,
/// };
/// use patchweave_geometry::{Context, ContextPadding, Extent};
/// use patchweave_patching::{PatchRng, RandomPatching};
/// use patchweave_stack::ArrayStack;
///
/// let image = Array::from_shape_fn((2, 64, 64), |(c, _, _)| [10_u8, 30][c]).into_dyn();
/// let images = PatchExtractor::new(vec![Arc::new(ArrayStack::new(image, &"CYX".parse()?)?)])?;
/// let patching = RandomPatching::new(images.shapes(), Extent::new(&[16, 16])?)?;
/// let context = LateralContext::new(Context::new(3, ContextPadding::Reflect)?);
/// let constr = MultiChannelTargetMsPatchConstr::new(patching, images, context, MixOptions::default())?;
/// let (sample, _) = constr.construct_patch(0, &mut PatchRng::for_patch(7, 0, 0))?;
/// assert_eq!(sample.input.shape(), [3, 1, 16, 16]);
/// assert!(sample.input.iter().all(|mixed| (mixed - 20.0).abs() < 1e-4));
/// assert_eq!(sample.target.unwrap()[[1, 0, 0, 0]], 30.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct MultiChannelTargetMsPatchConstr<P> {
    patching: P,
    images: PatchExtractor,
    context: LateralContext,
    channels: Option<Vec<usize>>,
    /// The channels that take part, listed.
    mixed: Vec<usize>,
    weights: Weights,
    uncorrelated_prob: f64,
    sources: Sources,
}

impl<P: Patching> MultiChannelTargetMsPatchConstr<P> {
    /// Joins a strategy with the images it was made for.
    ///
    /// # Errors
    /// [`ConstructError::Channels`] if a channel does not exist, [`ConstructError::AlphaCount`] if a
    /// channel has no range or a range no channel, [`ConstructError::Probability`],
    /// [`ConstructError::UnequalPatches`] if channels could be cut at places of different size,
    /// [`ConstructError::Geometry`] if a window is too large.
    pub fn new(
        patching: P,
        images: PatchExtractor,
        context: LateralContext,
        options: MixOptions,
    ) -> Result<Self, ConstructError> {
        let MixOptions { channels, alpha_ranges, uncorrelated_prob } = options;
        let n_channels = images.n_channels();
        images.check_channels(channels.as_deref())?;
        let mixed = channels.clone().unwrap_or_else(|| (0..n_channels).collect());
        let alpha_ranges = match (alpha_ranges, &channels) {
            (Some(ranges), Some(channels)) => {
                let n_ranges = ranges.len();
                if n_ranges > n_channels {
                    return Err(ConstructError::AlphaCount { n_ranges, n_channels });
                }
                let n_channels = channels.iter().max().map_or(0, |last| last + 1);
                let of_channel = |&channel: &usize| ranges.get(channel).copied();
                let chosen: Option<Vec<_>> = channels.iter().map(of_channel).collect();
                Some(chosen.ok_or(ConstructError::AlphaCount { n_ranges, n_channels })?)
            }
            (ranges, _) => ranges,
        };
        let weights = Weights::new(mixed.len(), alpha_ranges)?;
        if !(0.0..=1.0).contains(&uncorrelated_prob) {
            return Err(ConstructError::Probability { got: uncorrelated_prob });
        }
        check_windows([(&patching, &images)], &context, uncorrelated_prob > 0.0)?;
        let of_images = RoleSources::new(&images).reading(channels.clone());
        let sources = Sources::new(of_images.clone().in_context(*context.context())).with_target(of_images);
        let sources = if uncorrelated_prob > 0.0 {
            sources.without_patches("channels may come from different places")
        } else {
            sources.with_patches(|data_idx| patching.indices_of(data_idx))
        };
        Ok(MultiChannelTargetMsPatchConstr {
            patching,
            images,
            context,
            channels,
            mixed,
            weights,
            uncorrelated_prob,
            sources,
        })
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
        let spec = self.place(index, draws)?;
        let weights = self.weights.draw(draws);
        let extractor = &self.images;
        let context = &self.context;
        let places: Vec<Place<'_>> = match &spec {
            RegionSpec::Uncorrelated(spec) => {
                let sources = self.mixed.chunks(1).zip(weights.chunks(1));
                let place =
                    |(spec, (channel, weights))| Place { extractor, spec, channels: Some(channel), weights };
                spec.channels.iter().zip(sources).map(place).collect()
            }
            RegionSpec::Patch(_) | RegionSpec::Tile(_) => {
                let spec = plain_patch(index, &spec)?;
                let channels = self.channels.as_deref();
                vec![Place { extractor, spec, channels, weights: &weights }]
            }
        };
        context.write(index, &places, scratch, out.input, out.target)?;
        Ok(spec)
    }

    /// Where the channels of a sample are cut, the first draws of every sample.
    fn place(&self, index: usize, draws: &mut dyn MixDraws) -> Result<RegionSpec, ConstructError> {
        let is_uncorrelated = draws.unit() < self.uncorrelated_prob;
        let mut indices = vec![index];
        if is_uncorrelated {
            indices.extend(draws.indices(&vec![self.patching.n_patches(); self.mixed.len() - 1]));
        }
        let mut specs: Vec<PatchSpec> = Vec::with_capacity(indices.len());
        for index in indices {
            specs.push(*plain_patch(index, &self.patching.spec(index, draws.rng())?)?);
        }
        Ok(match specs.as_slice() {
            [spec] if !is_uncorrelated => (*spec).into(),
            _ => RegionSpec::Uncorrelated(UncorrelatedSpec { channels: specs, principal_channel: 0 }),
        })
    }
}

impl<P: Patching> PatchConstr for MultiChannelTargetMsPatchConstr<P> {
    fn n_patches(&self) -> usize {
        self.patching.n_patches()
    }

    fn sources(&self) -> &Sources {
        &self.sources
    }

    fn layout(&self, index: usize) -> Result<SampleLayout, ConstructError> {
        let extent = self.patching.patch_size(index)?;
        Ok(SampleLayout {
            input: BlockLayout { n_channels: self.context.context().n_scales(), extent },
            target: Some(BlockLayout { n_channels: self.mixed.len(), extent }),
        })
    }

    fn locate(&self, index: usize, rng: &mut PatchRng) -> Result<Option<RegionSpec>, ConstructError> {
        self.place(index, rng).map(Some)
    }

    fn construct_into(&self, job: Job<'_>, out: SampleViewMut<'_>) -> Result<RegionSpec, ConstructError> {
        self.construct_with(job.index, job.rng, job.scratch, out)
    }
}
