//! What cannot work is refused when a constructor is built, and what is asked wrongly when it is asked.
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use std::sync::Arc;

use ndarray::{Array4, ArrayD};
use patchweave_construct::{
    AlphaRange, AugmentationStep, BasicPatchConstr, ConstructError, Dataset, IndependentTargetsMsPatchConstr,
    Job, LateralContext, MixOptions, MultiChannelTargetMsPatchConstr, PairedInputTargetMsPatchConstr,
    PatchConstr, PatchConstrExt, PatchExtractor, PredMsPatchConstr, SampleViewMut, Scratch,
};
use patchweave_geometry::{Context, ContextPadding, Coords, Extent, PatchSpec, RegionSpec, UncorrelatedSpec};
use patchweave_patching::{FixedPatching, PatchRng, SequentialPatching, WholePatching};
use patchweave_stack::{ArrayStack, ImageStack};
use patchweave_transform::{Augmentation, XyFlip, XyRandomRotate90};

fn stack(name: &str, axes: &str, shape: &[usize]) -> Arc<dyn ImageStack> {
    let image = ArrayD::<f32>::zeros(shape);
    Arc::new(ArrayStack::named(name, image, &axes.parse().unwrap()).unwrap())
}

fn images(axes: &str, shapes: &[&[usize]]) -> PatchExtractor {
    let stacks = shapes.iter().enumerate().map(|(nth, shape)| stack(&format!("{axes} {nth}"), axes, shape));
    PatchExtractor::new(stacks.collect()).unwrap()
}

fn patches(images: &PatchExtractor, size: &[usize]) -> SequentialPatching {
    SequentialPatching::new(images.shapes(), Extent::new(size).unwrap(), None).unwrap()
}

fn context(n_scales: usize) -> LateralContext {
    LateralContext::new(Context::new(n_scales, ContextPadding::Reflect).unwrap())
}

fn message<T>(result: Result<T, ConstructError>) -> String {
    result.err().unwrap().to_string()
}

fn ranges(n: usize) -> Option<Vec<AlphaRange>> {
    Some(vec![AlphaRange::new(0.0, 1.0).unwrap(); n])
}

fn mixed(options: MixOptions) -> Result<MultiChannelTargetMsPatchConstr<SequentialPatching>, ConstructError> {
    let images = images("CYX", &[&[3, 16, 16]]);
    MultiChannelTargetMsPatchConstr::new(patches(&images, &[8, 8]), images, context(2), options)
}

#[test]
fn images_that_do_not_go_together() {
    assert_eq!(message(PatchExtractor::new(Vec::new())), "there are no images");
    let unlike = "all need the same number of spatial axes and of channels";
    let channels = vec![stack("a", "CYX", &[2, 8, 8]), stack("b", "CYX", &[3, 8, 8])];
    assert_eq!(
        message(PatchExtractor::new(channels)),
        format!("b has shape [1, 3, 8, 8], the first image has [1, 2, 8, 8]: {unlike}")
    );
    let axes = vec![stack("a", "YX", &[8, 8]), stack("b", "ZYX", &[4, 8, 8])];
    assert_eq!(
        message(PatchExtractor::new(axes)),
        format!("b has shape [1, 1, 4, 8, 8], the first image has [1, 1, 8, 8]: {unlike}")
    );
    assert_eq!(message(PatchExtractor::of_pyramids(Vec::new())), "there are no images");
    assert_eq!(message(PatchExtractor::of_pyramids(vec![Vec::new()])), "there are no images");
    let samples = vec![vec![stack("a", "SYX", &[2, 8, 8]), stack("b", "SYX", &[1, 4, 4])]];
    assert_eq!(
        message(PatchExtractor::of_pyramids(samples)),
        format!("b has shape [1, 1, 4, 4], the first image has [2, 1, 8, 8]: {unlike}")
    );
}

#[test]
fn targets_that_do_not_lie_on_their_inputs() {
    let input = || images("CYX", &[&[1, 16, 16], &[1, 16, 24]]);
    let targets = [
        (images("YX", &[&[16, 16]]), "got 1 targets for 2 inputs, expected one target for every input"),
        (
            images("YX", &[&[16, 16], &[24, 16]]),
            "target YX 1 has shape [1, 1, 24, 16], its input CYX 1 has [1, 1, 16, 24]: samples and sizes must agree",
        ),
        (
            images("SYX", &[&[2, 16, 16], &[1, 16, 24]]),
            "target SYX 0 has shape [2, 1, 16, 16], its input CYX 0 has [1, 1, 16, 16]: samples and sizes must agree",
        ),
    ];
    for (target, expected) in targets {
        let patching = patches(&input(), &[8, 8]);
        let basic = BasicPatchConstr::new(patching.clone(), input(), Some(target.clone()), None);
        assert_eq!(message(basic), expected);
        let paired = PairedInputTargetMsPatchConstr::new(patching, input(), target, context(2), None);
        assert_eq!(message(paired), expected);
    }
}

#[test]
fn channels_that_do_not_exist() {
    for channels in [vec![3], vec![0, 7], Vec::new()] {
        let expected = format!("channel selection {channels:?} does not fit images with 3 channels");
        let options = MixOptions { channels: Some(channels.clone()), ..MixOptions::default() };
        assert_eq!(message(mixed(options)), expected);
        let input = images("CYX", &[&[3, 16, 16]]);
        let patching = patches(&input, &[8, 8]);
        let chosen = || Some(channels.clone());
        let basic = BasicPatchConstr::new(patching.clone(), input.clone(), None, chosen());
        assert_eq!(message(basic), expected);
        let alone = PredMsPatchConstr::new(patching.clone(), input.clone(), context(2), chosen());
        assert_eq!(message(alone), expected);
        let paired =
            PairedInputTargetMsPatchConstr::new(patching, input.clone(), input, context(2), chosen());
        assert_eq!(message(paired), expected);
    }
}

#[test]
fn several_channels_where_one_is_needed() {
    let input = images("CYX", &[&[3, 16, 16]]);
    let patching = patches(&input, &[8, 8]);
    for (channels, n) in [(None, 3), (Some(vec![0, 0]), 2)] {
        let expected = format!("an input with lateral context must have one channel, got {n}");
        let alone = PredMsPatchConstr::new(patching.clone(), input.clone(), context(2), channels.clone());
        assert_eq!(message(alone), expected);
        let paired = PairedInputTargetMsPatchConstr::new(
            patching.clone(),
            input.clone(),
            input.clone(),
            context(2),
            channels,
        );
        assert_eq!(message(paired), expected);
    }
    let one = images("YX", &[&[16, 16]]);
    let sources = vec![(patches(&one, &[8, 8]), one), (patching, input)];
    assert_eq!(
        message(IndependentTargetsMsPatchConstr::new(sources, context(2), None)),
        "a channel of independent targets must have one channel, got 3"
    );
}

#[test]
fn weights_that_cannot_be_drawn() {
    for (low, high) in [(1.0, 0.5), (f64::NAN, 1.0), (0.0, f64::INFINITY)] {
        assert_eq!(
            message(AlphaRange::new(low, high)),
            format!("got weights from {low} to {high}, expected two finite numbers in ascending order")
        );
    }
    let count = |n_ranges: usize, n_channels: usize| {
        format!("got {n_ranges} ranges of weights for {n_channels} channels, expected one for each")
    };
    // One range is not taken for all channels (Q14).
    for n_ranges in [0, 1, 2, 4] {
        let options = MixOptions { alpha_ranges: ranges(n_ranges), ..MixOptions::default() };
        assert_eq!(message(mixed(options)), count(n_ranges, 3));
    }
    let of = |channels: &[usize], n_ranges: usize| {
        let channels = Some(channels.to_vec());
        mixed(MixOptions { channels, alpha_ranges: ranges(n_ranges), ..MixOptions::default() })
    };
    assert_eq!(message(of(&[2, 0], 2)), count(2, 3));
    assert_eq!(message(of(&[0], 4)), count(4, 3));
    assert!(of(&[2, 0], 3).is_ok() && of(&[1, 0], 2).is_ok());
    for probability in [-0.1, 1.1, f64::NAN] {
        let options = MixOptions { uncorrelated_prob: probability, ..MixOptions::default() };
        assert_eq!(message(mixed(options)), format!("got a probability of {probability}, expected 0 to 1"));
    }
    let one = images("YX", &[&[16, 16]]);
    let sources = || vec![(patches(&one, &[8, 8]), one.clone()), (patches(&one, &[8, 8]), one.clone())];
    for n_ranges in [0, 1, 3] {
        let constr = IndependentTargetsMsPatchConstr::new(sources(), context(2), ranges(n_ranges));
        assert_eq!(message(constr), count(n_ranges, 2));
    }
}

#[test]
fn places_that_are_not_alike() {
    let expected = "got patches of size [8, 4] and [8, 8], channels from different places need one size";
    let one = images("YX", &[&[16, 16]]);
    let sources = vec![(patches(&one, &[8, 8]), one.clone()), (patches(&one, &[8, 4]), one.clone())];
    assert_eq!(message(IndependentTargetsMsPatchConstr::new(sources, context(2), None)), expected);
    let whole = images("CYX", &[&[2, 8, 8], &[2, 8, 4]]);
    let mixed = |uncorrelated_prob: f64| {
        let patching = WholePatching::new(whole.shapes()).unwrap();
        let options = MixOptions { uncorrelated_prob, ..MixOptions::default() };
        MultiChannelTargetMsPatchConstr::new(patching, whole.clone(), context(2), options)
    };
    assert!(mixed(0.0).is_ok());
    assert_eq!(message(mixed(0.01)), expected);

    let volume = images("ZYX", &[&[4, 16, 16]]);
    let sources = vec![(patches(&one, &[8, 8]), one), (patches(&volume, &[4, 8, 8]), volume)];
    assert_eq!(
        message(IndependentTargetsMsPatchConstr::new(sources, context(2), None)),
        "ZYX 0 has shape [1, 1, 4, 16, 16], the first image has [1, 1, 16, 16]: all need the same number of \
         spatial axes and of channels"
    );
}

#[test]
fn channels_without_patches() {
    let one = images("YX", &[&[16, 16]]);
    let spec = PatchSpec {
        data_idx: 0,
        sample_idx: 0,
        coords: Coords::new(&[0, 0]).unwrap(),
        patch_size: Extent::new(&[8, 8]).unwrap(),
    };
    let listed = |specs: Vec<RegionSpec>| (FixedPatching::new(specs), one.clone());
    let expected = "statistics cannot be computed: there are no patches";
    for sources in [vec![listed(vec![spec.into()]), listed(Vec::new())], vec![listed(Vec::new())]] {
        let constr = IndependentTargetsMsPatchConstr::new(sources, context(2), None);
        assert!(matches!(constr.err().unwrap(), ConstructError::NoPatches), "{expected}");
    }
    let none: Vec<(FixedPatching, PatchExtractor)> = Vec::new();
    assert_eq!(message(IndependentTargetsMsPatchConstr::new(none, context(2), None)), "there are no images");
}

#[test]
fn windows_that_cannot_be_addressed() {
    let size = 1 << 20;
    let coords = Coords::new(&[0, 0, 0]).unwrap();
    let patch_size = Extent::new(&[size, size, size]).unwrap();
    let spec = PatchSpec { data_idx: 0, sample_idx: 0, coords, patch_size };
    let patching = || FixedPatching::new(vec![spec.into()]);
    let image = images("ZYX", &[&[4, 4, 4]]);
    let edge = size << 4;
    let expected = format!("shape {:?} has no pixels or too many to address", [edge; 3]);
    assert_eq!(message(PredMsPatchConstr::new(patching(), image.clone(), context(5), None)), expected);
    let options = MixOptions::default();
    let mixed = MultiChannelTargetMsPatchConstr::new(patching(), image.clone(), context(5), options);
    assert_eq!(message(mixed), expected);
    let sources = vec![(patching(), image)];
    assert_eq!(message(IndependentTargetsMsPatchConstr::new(sources, context(5), None)), expected);
}

#[test]
fn levels_that_are_missing_or_of_other_size() {
    let pyramid = |sizes: &[[usize; 3]]| {
        let level = |(nth, size): (usize, &[usize; 3])| stack(&format!("level {nth}"), "ZYX", size);
        PatchExtractor::of_pyramids(vec![sizes.iter().enumerate().map(level).collect()]).unwrap()
    };
    let build = |sizes: &[[usize; 3]], context: LateralContext| {
        let images = pyramid(sizes);
        PredMsPatchConstr::new(patches(&images, &[4, 8, 8]), images, context, None)
    };
    let halved = [[8, 33, 32], [4, 17, 16], [2, 8, 8]];
    assert!(build(&halved, context(3)).is_ok());
    assert!(build(&halved, context(2)).is_ok());
    assert_eq!(
        message(build(&halved, context(4))),
        "level 0 has 3 levels, expected at least 4, one for each scale"
    );
    let flat = [[8, 33, 32], [8, 16, 16]];
    let depth_kept = LateralContext::new(Context::new(2, ContextPadding::Reflect).unwrap().keeping_depth());
    assert!(build(&flat, depth_kept).is_ok());
    assert_eq!(
        message(build(&flat, context(2))),
        "level 1 has size 8 × 16 × 16, expected 4 × 17 × 16 for scale 1 of 8 × 33 × 32: each level must halve \
         the axes that grow; with context_depth keep, Z does not"
    );
    // One channel that has levels makes all of them need some.
    let volume = images("ZYX", &[&[8, 33, 32]]);
    let leveled = pyramid(&halved);
    let sources =
        vec![(patches(&volume, &[4, 8, 8]), volume.clone()), (patches(&leveled, &[4, 8, 8]), leveled)];
    assert_eq!(
        message(IndependentTargetsMsPatchConstr::new(sources, context(2), None)),
        "ZYX 0 has 1 levels, expected at least 2, one for each scale"
    );
}

/// All constructors, on images of 16 × 16 pixels in four patches of 8 × 8; the number of input channels.
fn constructors() -> Vec<(Box<dyn PatchConstr>, usize, Option<usize>)> {
    let input = images("CYX", &[&[3, 16, 16]]);
    let one = images("YX", &[&[16, 16]]);
    let patching = || patches(&input, &[8, 8]);
    let basic = BasicPatchConstr::new(patching(), input.clone(), Some(one.clone()), None).unwrap();
    let sources = vec![(patching(), one.clone()), (patching(), one.clone())];
    let paired =
        PairedInputTargetMsPatchConstr::new(patching(), one.clone(), input.clone(), context(2), None);
    vec![
        (Box::new(basic), 3, Some(1)),
        (Box::new(mixed(MixOptions::default()).unwrap()), 2, Some(3)),
        (Box::new(IndependentTargetsMsPatchConstr::new(sources, context(2), None).unwrap()), 2, Some(2)),
        (Box::new(paired.unwrap()), 2, Some(3)),
        (Box::new(PredMsPatchConstr::new(patching(), one, context(2), None).unwrap()), 2, None),
    ]
}

#[test]
fn memory_of_another_shape() {
    for (constr, n_input, n_target) in constructors() {
        let write = |input: [usize; 4], target: Option<[usize; 4]>| {
            let mut input = Array4::zeros(input);
            let mut target = target.map(Array4::zeros);
            let out = SampleViewMut {
                input: input.view_mut(),
                target: target.as_mut().map(|target| target.view_mut()),
            };
            let mut rng = PatchRng::for_patch(0, 0, 0);
            let mut scratch = Scratch::default();
            constr.construct_into(Job::new(0, &mut rng, &mut scratch), out)
        };
        let fits = [n_input, 1, 8, 8];
        for wrong in [[n_input + 1, 1, 8, 8], [n_input, 2, 8, 8], [n_input, 1, 7, 8], [n_input, 1, 8, 0]] {
            let expected = format!("got memory of shape {wrong:?} for the input, expected {fits:?}");
            assert_eq!(message(write(wrong, None)), expected);
        }
        let expected = n_target.map_or([0; 4], |n_target| [n_target, 1, 8, 8]);
        let wrong = [n_target.unwrap_or(1) + 1, 1, 8, 8];
        let text = format!("got memory of shape {wrong:?} for the target, expected {expected:?}");
        assert_eq!(message(write(fits, Some(wrong))), text);
        // Who needs no target need not lend memory for it.
        assert!(write(fits, None).is_ok());
    }
}

#[test]
fn samples_that_do_not_exist() {
    for (constr, n_input, _) in constructors() {
        assert_eq!(constr.n_patches(), 4);
        for index in [4, usize::MAX] {
            let expected = format!("patch {index} does not exist, there are 4");
            assert_eq!(message(constr.layout(index)), expected);
            let mut rng = PatchRng::for_patch(0, 0, index);
            let mut scratch = Scratch::default();
            assert_eq!(message(constr.construct_patch(index, &mut rng)), expected);
            let mut input = Array4::zeros([n_input, 1, 8, 8]);
            let out = SampleViewMut { input: input.view_mut(), target: None };
            let job = Job::new(index, &mut rng, &mut scratch);
            assert_eq!(message(constr.construct_into(job, out)), expected);
        }
    }
}

#[test]
fn samples_that_belong_to_no_single_image() {
    let options = MixOptions { uncorrelated_prob: 0.5, ..MixOptions::default() };
    assert_eq!(
        message(mixed(options).unwrap().patch_indices(0)),
        "samples cannot be told apart by image: channels may come from different places"
    );
    let one = images("YX", &[&[16, 16]]);
    let sources = vec![(patches(&one, &[8, 8]), one)];
    assert_eq!(
        message(IndependentTargetsMsPatchConstr::new(sources, context(1), None).unwrap().patch_indices(0)),
        "samples cannot be told apart by image: every channel has its own images"
    );
}

#[test]
fn specs_that_point_nowhere() {
    let one = images("YX", &[&[16, 16]]);
    let spec = |data_idx: usize, sample_idx: usize| PatchSpec {
        data_idx,
        sample_idx,
        coords: Coords::new(&[0, 0]).unwrap(),
        patch_size: Extent::new(&[8, 8]).unwrap(),
    };
    let channels = vec![spec(0, 0), spec(0, 0)];
    let uncorrelated = RegionSpec::Uncorrelated(UncorrelatedSpec { channels, principal_channel: 0 });
    let patching = FixedPatching::new(vec![spec(1, 0).into(), spec(0, 1).into(), uncorrelated]);
    let basic = BasicPatchConstr::new(patching.clone(), one.clone(), None, None).unwrap();
    // Also where the window lies beside the image and no pixel would be read.
    let beside = PatchSpec { coords: Coords::new(&[90, 90]).unwrap(), ..spec(0, 1) };
    let constant = || LateralContext::new(Context::new(2, ContextPadding::Constant).unwrap());
    let alone = PredMsPatchConstr::new(patching, one.clone(), constant(), None).unwrap();
    let alone_beside =
        PredMsPatchConstr::new(FixedPatching::new(vec![beside.into()]), one, constant(), None).unwrap();
    let construct = |constr: &dyn PatchConstr, index: usize| {
        message(constr.construct_patch(index, &mut PatchRng::for_patch(0, 0, index)))
    };
    for constr in [&basic as &dyn PatchConstr, &alone] {
        assert_eq!(construct(constr, 0), "patch 0 points at image 1, there are 1");
        assert!(construct(constr, 1).contains("YX 0"), "{}", construct(constr, 1));
        assert_eq!(
            construct(constr, 2),
            "patch 2 has channels from different places, this constructor cuts one place"
        );
    }
    assert!(construct(&alone_beside, 0).contains("YX 0"));
}

#[test]
fn quarter_turns_of_patches_that_are_not_square() {
    // The first stack has square patches.
    let whole = images("YX", &[&[8, 8], &[8, 4]]);
    let constr: Arc<dyn PatchConstr> = Arc::new(
        BasicPatchConstr::new(WholePatching::new(whole.shapes()).unwrap(), whole, None, None).unwrap(),
    );
    let augmented = |augmentation: Augmentation| {
        Dataset::new(Arc::clone(&constr), 0)
            .with_augmentations(vec![AugmentationStep { augmentation, seed: None }])
    };
    let turn = |probability| Augmentation::XyRandomRotate90(XyRandomRotate90::new(probability).unwrap());
    assert_eq!(
        message(augmented(turn(0.5))),
        "patch [8, 4] cannot be turned by 90°, its last two sizes must be equal"
    );
    assert!(augmented(turn(0.0)).is_ok());
    assert!(augmented(Augmentation::XyFlip(XyFlip::new(true, true, 1.0).unwrap())).is_ok());
}
