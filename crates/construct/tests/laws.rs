//! Random decisions follow their laws.
//!
//! Draws are keyed by a fixed seed, so that a test which passes once always passes. With another seed each of
//! them would fail by chance with a probability of at most 1e-6 for every comparison.
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use std::sync::Arc;

use ndarray::{Array3, Array4, ArrayD, array};
use patchweave_construct::{
    AlphaRange, AugmentationStep, BasicPatchConstr, Dataset, IndependentTargetsMsPatchConstr, LateralContext,
    MixOptions, MultiChannelTargetMsPatchConstr, PatchConstr, PatchConstrExt, PatchExtractor, Sample,
    Scratch,
};
use patchweave_geometry::{Context, Coords, Extent, PatchSpec, RegionSpec};
use patchweave_patching::{FixedPatching, FixedRandomPatching, PatchRng};
use patchweave_stack::{ArrayStack, ImageStack};
use patchweave_transform::{Augmentation, PlaneSymmetry, XyFlip, XyRandomRotate90};

const N_DRAWS: u32 = 20_000;

/// Asserts that counts of equally keyed draws fit probabilities, by chi-square.
///
/// The limit is the one of Wilson and Hilferty for 5 standard deviations, which chance exceeds with a
/// probability below 1e-6; every cell has to be expected 100 times, where the approximation holds.
fn assert_law(counts: &[u32], probabilities: &[f64], what: &str) {
    assert_eq!(counts.len(), probabilities.len());
    let n: f64 = counts.iter().copied().map(f64::from).sum();
    let mut chi_square = 0.0;
    for (&count, probability) in counts.iter().zip(probabilities) {
        let expected = n * probability;
        assert!(expected >= 100.0, "{what}: too few draws");
        chi_square += (f64::from(count) - expected).powi(2) / expected;
    }
    let freedom = f64::from(u32::try_from(counts.len() - 1).unwrap());
    let part = 2.0 / (9.0 * freedom);
    let limit = freedom * (1.0 - part + 5.0 * part.sqrt()).powi(3);
    assert!(chi_square < limit, "{what}: chi-square {chi_square}, limit {limit}, counts {counts:?}");
}

fn uniform(n: u32) -> Vec<f64> {
    vec![1.0 / f64::from(n); n as usize]
}

/// Counts pairs of `(first, second)`, `n_second` of the latter.
fn count(pairs: impl Iterator<Item = (usize, usize)>, n_first: usize, n_second: usize) -> Vec<u32> {
    let mut counts = vec![0; n_first * n_second];
    pairs.for_each(|(first, second)| counts[first * n_second + second] += 1);
    counts
}

fn images(image: ArrayD<f32>, axes: &str) -> PatchExtractor {
    let stack = ArrayStack::new(image, &axes.parse().unwrap()).unwrap();
    PatchExtractor::new(vec![Arc::new(stack) as Arc<dyn ImageStack>]).unwrap()
}

/// Pixels of a column, one after the other: patch `i` starts at row `i`.
fn rows(n: i64) -> FixedPatching {
    let spec = |row| PatchSpec {
        data_idx: 0,
        sample_idx: 0,
        coords: Coords::new(&[row, 0]).unwrap(),
        patch_size: Extent::new(&[1, 1]).unwrap(),
    };
    FixedPatching::new((0..n).map(|row| spec(row).into()).collect())
}

fn plain() -> LateralContext {
    LateralContext::new(Context::none())
}

/// The indices that the channels of sample `index` were cut at, epoch after epoch.
fn drawn_indices(constr: &dyn PatchConstr, index: usize) -> Vec<Vec<usize>> {
    (0..N_DRAWS)
        .map(|epoch| {
            let mut rng = PatchRng::for_patch(31, u64::from(epoch), index);
            let (_, spec) = constr.construct_patch(index, &mut rng).unwrap();
            let RegionSpec::Uncorrelated(spec) = spec else { unreachable!("{spec:?}") };
            spec.channels.iter().map(|spec| usize::try_from(spec.coords.as_slice()[0]).unwrap()).collect()
        })
        .collect()
}

/// Weights are seen in the input where all other channels are 0.
#[test]
fn weights_are_uniform_in_their_ranges_and_independent() {
    let ranges = [(0.0, 1.0), (0.2, 0.8), (-1.0, 3.0)].map(|(low, high)| AlphaRange::new(low, high).unwrap());
    let weights = |channel: usize| -> Vec<f64> {
        let mut image = Array3::zeros([3, 1, 1]);
        image[[channel, 0, 0]] = 1.0;
        let options = MixOptions { alpha_ranges: Some(ranges.to_vec()), ..MixOptions::default() };
        let images = images(image.into_dyn(), "CYX");
        let constr = MultiChannelTargetMsPatchConstr::new(rows(1), images, plain(), options).unwrap();
        (0..N_DRAWS)
            .map(|epoch| {
                let mut rng = PatchRng::for_patch(32, u64::from(epoch), 0);
                let (sample, _) = constr.construct_patch(0, &mut rng).unwrap();
                let low = ranges[channel].low();
                let high = ranges[channel].high();
                let place = (f64::from(sample.input[[0, 0, 0, 0]]) - low) / (high - low);
                // Weights are rounded to f32.
                assert!((-1e-6..=1.0 + 1e-6).contains(&place), "channel {channel}: {place}");
                place
            })
            .collect()
    };
    let places = [0, 1, 2].map(weights);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a bin below n")]
    let bin = |place: f64, n: u32| ((place * f64::from(n)).max(0.0) as usize).min(n as usize - 1);
    for (channel, places) in places.iter().enumerate() {
        let counts = count(places.iter().map(|&place| (0, bin(place, 40))), 1, 40);
        assert_law(&counts, &uniform(40), &format!("channel {channel}"));
    }
    for (first, second) in [(0, 1), (0, 2), (1, 2)] {
        let pairs = places[first].iter().zip(&places[second]);
        let counts = count(pairs.map(|(&a, &b)| (bin(a, 8), bin(b, 8))), 8, 8);
        assert_law(&counts, &uniform(64), &format!("channels {first} and {second}"));
    }
}

#[test]
fn equal_limits_are_one_weight() {
    let options = MixOptions {
        alpha_ranges: Some(vec![AlphaRange::new(0.75, 0.75).unwrap()]),
        ..MixOptions::default()
    };
    let images = images(array![[[2.0]]].into_dyn(), "CYX");
    let constr = MultiChannelTargetMsPatchConstr::new(rows(1), images, plain(), options).unwrap();
    for epoch in 0..100 {
        let (sample, _) = constr.construct_patch(0, &mut PatchRng::for_patch(33, epoch, 0)).unwrap();
        assert!((sample.input[[0, 0, 0, 0]] - 1.5).abs() < f32::EPSILON);
    }
}

/// Hoeffding: a share of `n` draws is `t` off its probability with a chance of at most `2 exp(-2 n t²)`; at the
/// `t` that is used that is 1e-6. A probability of 0 never happens and one of 1 always.
#[test]
fn channels_are_uncorrelated_as_often_as_they_should() {
    let share = |uncorrelated_prob: f64| {
        let images = images(Array3::zeros([2, 4, 1]).into_dyn(), "CYX");
        let options = MixOptions { uncorrelated_prob, ..MixOptions::default() };
        let constr = MultiChannelTargetMsPatchConstr::new(rows(4), images, plain(), options).unwrap();
        let is_uncorrelated = |epoch: &u32| {
            let mut rng = PatchRng::for_patch(34, u64::from(*epoch), 1);
            let (_, spec) = constr.construct_patch(1, &mut rng).unwrap();
            matches!(spec, RegionSpec::Uncorrelated(_))
        };
        let n = u32::try_from((0..N_DRAWS).filter(is_uncorrelated).count()).unwrap();
        f64::from(n) / f64::from(N_DRAWS)
    };
    assert_eq!((share(0.0), share(1.0)), (0.0, 1.0));
    let limit = (2e6_f64.ln() / (2.0 * f64::from(N_DRAWS))).sqrt();
    for probability in [0.1, 0.5, 0.85] {
        let share = share(probability);
        assert!((share - probability).abs() < limit, "{share} of draws, expected {probability}");
    }
}

/// The index of the sample itself may come up again, and two channels may get the same one.
#[test]
fn other_channels_recorded_together_are_cut_anywhere() {
    let images = images(Array3::zeros([3, 7, 1]).into_dyn(), "CYX");
    let options = MixOptions { uncorrelated_prob: 1.0, ..MixOptions::default() };
    let constr = MultiChannelTargetMsPatchConstr::new(rows(7), images, plain(), options).unwrap();
    let drawn = drawn_indices(&constr, 2);
    assert!(drawn.iter().all(|indices| indices[0] == 2));
    let counts = count(drawn.iter().map(|indices| (indices[1], indices[2])), 7, 7);
    assert_law(&counts, &uniform(49), "indices of channels 1 and 2");
}

#[test]
fn channels_recorded_one_by_one_are_cut_anywhere_in_their_own_images() {
    let sources = [5, 8, 3, 8]
        .map(|n: usize| {
            let patching = rows(i64::try_from(n).unwrap());
            (patching, images(ArrayD::zeros(vec![n, 1]), "YX"))
        })
        .into();
    let constr = IndependentTargetsMsPatchConstr::new(sources, plain(), None).unwrap();
    assert_eq!((constr.principal_channel(), constr.n_patches()), (1, 8));
    let drawn = drawn_indices(&constr, 6);
    assert!(drawn.iter().all(|indices| indices[1] == 6));
    let counts = count(drawn.iter().map(|indices| (indices[0], indices[2])), 5, 3);
    assert_law(&counts, &uniform(15), "indices of channels 0 and 2");
    let counts = count(drawn.iter().map(|indices| (indices[0], indices[3])), 5, 8);
    assert_law(&counts, &uniform(40), "indices of channels 0 and 3");
}

/// The reference gives both steps the same stream, so that 7 of 12 combinations never occur (Q5); here they are
/// independent even if both have the same seed of their own.
#[test]
fn flips_and_turns_are_independent() {
    let patch = array![[1.0_f32, 2.0], [3.0, 4.0]];
    let dataset = |flip: f64, turn: f64| {
        let images = images(patch.clone().into_dyn(), "YX");
        let size = Extent::new(&[2, 2]).unwrap();
        let patching = FixedRandomPatching::new(images.shapes(), size, 0).unwrap();
        let constr = BasicPatchConstr::new(patching, images.clone(), Some(images), None).unwrap();
        let step = |augmentation| AugmentationStep { augmentation, seed: Some(7) };
        let steps = vec![
            step(Augmentation::XyFlip(XyFlip::new(true, true, flip).unwrap())),
            step(Augmentation::XyRandomRotate90(XyRandomRotate90::new(turn).unwrap())),
        ];
        Dataset::new(Arc::new(constr), 3).with_augmentations(steps).unwrap()
    };
    let [flipped, turned, both] =
        [(0.5, 0.0), (0.0, 0.5), (0.5, 0.5)].map(|(flip, turn)| dataset(flip, turn));
    let source = Array4::from_shape_fn([1, 1, 2, 2], |(_, _, y, x)| patch[[y, x]]);
    let seen = |symmetry: PlaneSymmetry| {
        let mut out = Array4::zeros([1, 1, 2, 2]);
        symmetry.write(source.view(), out.view_mut()).unwrap();
        out
    };
    let flips = [PlaneSymmetry::IDENTITY, PlaneSymmetry::FLIP_Y, PlaneSymmetry::FLIP_X];
    let turns = [0, 1, 2, 3].map(PlaneSymmetry::quarter_turns);
    let mut scratch = Scratch::default();
    let mut sample = |dataset: &Dataset, epoch: u64| {
        let mut sample = Sample::zeros(&dataset.layout(0).unwrap()).unwrap();
        dataset.write(0, epoch, &mut scratch, sample.view_mut()).unwrap();
        assert_eq!(sample.target.as_ref(), Some(&sample.input));
        sample.input
    };
    let pairs: Vec<(usize, usize)> = (0..u64::from(N_DRAWS))
        .map(|epoch| {
            let flipped = sample(&flipped, epoch);
            let turned = sample(&turned, epoch);
            let both = sample(&both, epoch);
            let flip = flips.iter().position(|&flip| seen(flip) == flipped).unwrap();
            let turn = turns.iter().position(|&turn| seen(turn) == turned).unwrap();
            assert_eq!(both, seen(turns[turn].after(flips[flip])), "flip, then turn");
            (flip, turn)
        })
        .collect();
    let flip = [0.5, 0.25, 0.25];
    let turn = [0.5, 1.0 / 6.0, 1.0 / 6.0, 1.0 / 6.0];
    let probabilities: Vec<f64> = flip.iter().flat_map(|f| turn.iter().map(move |t| f * t)).collect();
    let counts = count(pairs.into_iter(), 3, 4);
    assert!(counts.iter().all(|&count| count > 0));
    assert_law(&counts, &probabilities, "flips and turns");
}
