//! The conformance suite over all patch constructors.
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

use std::sync::Arc;

use patchweave_construct::{
    AlphaRange, BasicPatchConstr, BlockLayout, ConstructError, ImageMetadata,
    IndependentTargetsMsPatchConstr, Job, LateralContext, MixOptions, MultiChannelTargetMsPatchConstr,
    PairedInputTargetMsPatchConstr, PatchConstr, PatchExtractor, PredMsPatchConstr, RoleSources,
    SampleLayout, SampleViewMut, Sources,
};
use patchweave_geometry::{ArrayLayout, Context, ContextPadding, Extent, PatchSpec, PerAxis, RegionSpec};
use patchweave_patching::{
    PatchIndices, PatchRng, Patching, PatchingError, RandomPatching, SequentialPatching, StratifiedPatching,
    TiledPatching, WholePatching,
};
use patchweave_pixel::PixelType;
use patchweave_stack::{ArrayStack, ImageStack, StackInfo};
use patchweave_testkit::{patch_constr_suite, ramp};
use rand::RngExt;

/// Images of other sizes with the same axes.
fn images(axes: &str, shapes: &[&[usize]]) -> PatchExtractor {
    let stack = |shape: &&[usize]| {
        Arc::new(ArrayStack::new(ramp::<u16>(shape), &axes.parse().unwrap()).unwrap()) as Arc<dyn ImageStack>
    };
    PatchExtractor::new(shapes.iter().map(stack).collect()).unwrap()
}

fn planes(n_channels: usize) -> PatchExtractor {
    images("SCYX", &[&[2, n_channels, 31, 40], &[1, n_channels, 24, 19], &[3, n_channels, 12, 50]])
}

fn volumes(n_channels: usize) -> PatchExtractor {
    images("CZYX", &[&[n_channels, 9, 17, 21], &[n_channels, 5, 30, 12]])
}

fn size(images: &PatchExtractor) -> Extent {
    let size = [4, 12, 8];
    Extent::new(&size[3 - images.shapes()[0].extent.n_axes()..]).unwrap()
}

/// Every strategy that cuts images into more than one patch.
fn strategies(images: &PatchExtractor) -> Vec<Arc<dyn Patching>> {
    let shapes = images.shapes();
    let size = size(images);
    let overlaps = PerAxis::splat(2, size.n_axes()).unwrap();
    vec![
        Arc::new(RandomPatching::new(shapes, size).unwrap()),
        Arc::new(SequentialPatching::new(shapes, size, Some(overlaps)).unwrap()),
        Arc::new(StratifiedPatching::new(shapes, size).unwrap()),
        Arc::new(TiledPatching::new(shapes, size, Some(overlaps)).unwrap()),
    ]
}

fn contexts() -> Vec<LateralContext> {
    let context = |n_scales, padding| Context::new(n_scales, padding).unwrap();
    vec![
        LateralContext::new(context(1, ContextPadding::WrapImage)),
        LateralContext::new(context(3, ContextPadding::Reflect)),
        LateralContext::new(context(2, ContextPadding::WrapWindow).keeping_depth()),
        LateralContext::new(context(4, ContextPadding::Constant)).with_fill(3.5),
    ]
}

fn ranges(n: usize) -> Vec<AlphaRange> {
    vec![AlphaRange::new(0.2, 0.9).unwrap(); n]
}

#[test]
fn basic_conforms() {
    for of in [planes, volumes] {
        for patching in strategies(&of(3)) {
            patch_constr_suite(&BasicPatchConstr::new(&patching, of(3), None, None).unwrap());
            let channels = Some(vec![2, 0, 2]);
            patch_constr_suite(&BasicPatchConstr::new(&patching, of(3), Some(of(2)), channels).unwrap());
        }
        let whole = WholePatching::new(of(2).shapes()).unwrap();
        patch_constr_suite(&BasicPatchConstr::new(whole, of(2), Some(of(1)), None).unwrap());
    }
}

#[test]
fn channels_recorded_together_conform() {
    for of in [planes, volumes] {
        for (patching, context) in strategies(&of(3)).into_iter().zip(contexts()) {
            for uncorrelated_prob in [0.0, 0.5, 1.0] {
                let options = MixOptions { uncorrelated_prob, ..MixOptions::default() };
                let context = LateralContext::new(*context.context());
                let constr =
                    MultiChannelTargetMsPatchConstr::new(&patching, of(3), context, options).unwrap();
                patch_constr_suite(&constr);
            }
            let options = MixOptions {
                channels: Some(vec![2, 0]),
                alpha_ranges: Some(ranges(3)),
                uncorrelated_prob: 0.3,
            };
            patch_constr_suite(
                &MultiChannelTargetMsPatchConstr::new(&patching, of(3), context, options).unwrap(),
            );
        }
    }
}

#[test]
fn channels_recorded_one_by_one_conform() {
    for (context, has_ranges) in contexts().into_iter().zip([true, false, true, false]) {
        let channels = [planes(1), images("YX", &[&[70, 81]]), images("YX", &[&[16, 16], &[13, 9]])];
        let sources = channels
            .map(|images| (RandomPatching::new(images.shapes(), size(&images)).unwrap(), images))
            .into();
        let constr =
            IndependentTargetsMsPatchConstr::new(sources, context, has_ranges.then(|| ranges(3))).unwrap();
        patch_constr_suite(&constr);
    }
}

#[test]
fn measured_inputs_conform() {
    for of in [planes, volumes] {
        for (patching, context) in strategies(&of(3)).into_iter().zip(contexts()) {
            let alone = LateralContext::new(*context.context());
            patch_constr_suite(&PredMsPatchConstr::new(&patching, of(1), alone, None).unwrap());
            let channels = Some(vec![1]);
            patch_constr_suite(
                &PairedInputTargetMsPatchConstr::new(&patching, of(3), of(2), context, channels).unwrap(),
            );
        }
    }
}

/// A constructor that leaves a part of its memory as it was.
struct Forgetful<P>(P);

impl<P: PatchConstr> PatchConstr for Forgetful<P> {
    fn n_patches(&self) -> usize {
        self.0.n_patches()
    }

    fn sources(&self) -> &Sources {
        self.0.sources()
    }

    fn layout(&self, index: usize) -> Result<SampleLayout, ConstructError> {
        self.0.layout(index)
    }

    fn construct_into(&self, job: Job<'_>, mut out: SampleViewMut<'_>) -> Result<RegionSpec, ConstructError> {
        let before = out.input.first().copied();
        let spec = self.0.construct_into(job, out.reborrow())?;
        if let Some((first, before)) = out.input.first_mut().zip(before) {
            *first = before;
        }
        Ok(spec)
    }
}

#[test]
#[should_panic(expected = "has values that were not written")]
fn the_suite_notices_a_value_that_is_not_written() {
    let patching = RandomPatching::new(planes(1).shapes(), size(&planes(1))).unwrap();
    patch_constr_suite(&Forgetful(BasicPatchConstr::new(patching, planes(1), None, None).unwrap()));
}

/// Samples of an image of [`Waves`].
const N_WAVES: usize = 5;

/// Makes up its samples, waves from a place that is drawn, and wraps neither images nor another constructor.
struct Waves {
    sources: Sources,
}

impl Waves {
    fn new() -> Self {
        let image = |sizes: [usize; 2]| {
            let layout = ArrayLayout::new("YX".parse().unwrap(), &sizes).unwrap();
            StackInfo::new("waves", PixelType::F32, layout)
        };
        let images = [[40, 30], [24, 50]].map(image);
        let shapes = images.iter().map(StackInfo::shape).collect();
        let metadata = images.iter().map(ImageMetadata::of).collect();
        let images = RoleSources::of_images(shapes, metadata).unwrap();
        let samples_of = |data_idx| PatchIndices::Range(data_idx * N_WAVES..(data_idx + 1) * N_WAVES);
        Waves { sources: Sources::new(images.clone()).with_target(images).with_patches(samples_of) }
    }
}

impl PatchConstr for Waves {
    fn n_patches(&self) -> usize {
        self.sources.input().shapes().len() * N_WAVES
    }

    fn sources(&self) -> &Sources {
        &self.sources
    }

    fn layout(&self, index: usize) -> Result<SampleLayout, ConstructError> {
        let n_patches = self.n_patches();
        if index >= n_patches {
            return Err(PatchingError::IndexOutOfRange { index, n_patches }.into());
        }
        let block = BlockLayout { n_channels: 1, extent: Extent::new(&[12, 8])? };
        Ok(SampleLayout { input: block, target: Some(block) })
    }

    fn locate(&self, index: usize, rng: &mut PatchRng) -> Result<Option<RegionSpec>, ConstructError> {
        let patch_size = self.layout(index)?.input.extent;
        let data_idx = index / N_WAVES;
        let image = self.sources.input().shapes()[data_idx].extent.per_axis();
        let [_, y, x] = image.to_zyx(1).map(|size| rng.random_range(0..size));
        let coords = image.of_zyx([0, y, x]).to_coords();
        Ok(Some(PatchSpec { data_idx, sample_idx: 0, coords, patch_size }.into()))
    }

    fn construct_into(&self, job: Job<'_>, mut out: SampleViewMut<'_>) -> Result<RegionSpec, ConstructError> {
        let spec = self.locate(job.index, job.rng)?;
        let expected = self.layout(job.index)?.input.to_czyx();
        let target = out.target.as_ref().map_or(&expected[..], |target| target.shape());
        for (role, got) in [("input", out.input.shape()), ("target", target)] {
            if got != expected {
                let got = got.to_vec();
                return Err(ConstructError::OutputShape { role, got, expected: expected.to_vec() });
            }
        }
        let spec = spec.ok_or_else(|| ConstructError::other("a place is always known"))?;
        let first = spec.patch().and_then(|patch| u16::try_from(patch.coords[1]).ok()).map_or(0.0, f32::from);
        let row = job.scratch.values(expected[3])?;
        for (value, x) in row.iter_mut().zip(0_u8..) {
            *value = (first + f32::from(x)).sin();
        }
        let row = ndarray::ArrayView1::from(&*row);
        out.input.assign(&row);
        if let Some(mut target) = out.target {
            target.assign(&row);
        }
        Ok(spec)
    }
}

#[test]
fn samples_that_are_made_up_conform() {
    patch_constr_suite(&Waves::new());
}
