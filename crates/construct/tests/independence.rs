//! Places, decisions and weights of one sample are independent of each other, whatever seeds strategies have.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "a test that fails panics"
)]

use std::sync::Arc;

use ndarray::ArrayD;
use patchweave_construct::{
    AlphaRange, IndependentTargetsMsPatchConstr, Job, LateralContext, MixDraws, MixOptions,
    MultiChannelTargetMsPatchConstr, PatchConstr, PatchExtractor, Sample, Scratch,
};
use patchweave_geometry::{Context, ContextPadding, Extent, RegionSpec};
use patchweave_patching::{PatchRng, Patching, RandomPatching, StratifiedPatching};
use patchweave_stack::ArrayStack;

/// The seed of the data set, which strategies have by default as well.
const SEED: u64 = 42;
const N: u64 = 2000;

fn images(n_channels: usize) -> PatchExtractor {
    let image = ArrayD::<u8>::zeros(vec![n_channels, 1000, 1000]);
    PatchExtractor::new(vec![Arc::new(ArrayStack::new(image, &"CYX".parse().unwrap()).unwrap())]).unwrap()
}

fn context() -> LateralContext {
    LateralContext::new(Context::new(1, ContextPadding::Reflect).unwrap())
}

/// Forwards to a generator and keeps what was drawn.
struct Recorded {
    rng: PatchRng,
    numbers: Vec<f64>,
}

impl MixDraws for Recorded {
    fn unit(&mut self) -> f64 {
        let unit = self.rng.unit();
        self.numbers.push(unit);
        unit
    }

    fn indices(&mut self, counts: &[usize]) -> Vec<usize> {
        self.rng.indices(counts)
    }

    fn weights(&mut self, ranges: &[AlphaRange]) -> Vec<f64> {
        let weights = self.rng.weights(ranges);
        self.numbers.extend(&weights);
        weights
    }

    fn rng(&mut self) -> &mut PatchRng {
        &mut self.rng
    }
}

/// The starts of all channels of a sample as numbers.
fn starts(spec: &RegionSpec) -> Vec<f64> {
    let RegionSpec::Uncorrelated(spec) = spec else { panic!("{spec:?}") };
    spec.channels
        .iter()
        .flat_map(|patch| patch.coords.iter().map(|at| at as f64).collect::<Vec<_>>())
        .collect()
}

/// No two columns of a table are correlated. For independent columns of 2000 rows a correlation has a standard
/// deviation of 0.0224; beyond 0.13 it comes once in about 10⁸ times.
fn check_independent(rows: &[Vec<f64>], what: &str) {
    let n = rows.len() as f64;
    let columns: Vec<Vec<f64>> = (0..rows[0].len())
        .map(|at| {
            let mean = rows.iter().map(|row| row[at]).sum::<f64>() / n;
            rows.iter().map(|row| row[at] - mean).collect()
        })
        .collect();
    for (i, a) in columns.iter().enumerate() {
        for (j, b) in columns.iter().enumerate().skip(i + 1) {
            let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            let correlation = product(a, b) / (product(a, a) * product(b, b)).sqrt();
            assert!(correlation.abs() < 0.13, "{what}: columns {i} and {j} are correlated, {correlation}");
        }
    }
}

fn patch() -> Extent {
    Extent::new(&[8, 8]).unwrap()
}

fn check_multi_channel(patching: impl Patching, what: &str) {
    let range = AlphaRange::new(0.0, 1.0).unwrap();
    let options =
        MixOptions { alpha_ranges: Some(vec![range; 2]), uncorrelated_prob: 1.0, ..MixOptions::default() };
    let constr = MultiChannelTargetMsPatchConstr::new(patching, images(2), context(), options).unwrap();
    let mut sample = Sample::zeros(&constr.layout(0).unwrap()).unwrap();
    let mut scratch = Scratch::default();
    let rows: Vec<Vec<f64>> = (0..N)
        .map(|epoch| {
            let mut draws = Recorded { rng: PatchRng::for_patch(SEED, epoch, 3), numbers: Vec::new() };
            let spec = constr.construct_with(3, &mut draws, &mut scratch, sample.view_mut()).unwrap();
            [starts(&spec), draws.numbers].concat()
        })
        .collect();
    check_independent(&rows, what);
}

#[test]
fn channels_of_one_image_are_cut_independently() {
    let shapes = images(2).shapes().to_vec();
    check_multi_channel(RandomPatching::new(&shapes, patch()).unwrap(), "random");
    check_multi_channel(RandomPatching::new(&shapes, patch()).unwrap().with_seed(SEED), "random, seeded");
    // A stratified patch stays near its cell, so a whole image is one cell here.
    let large = Extent::new(&[501, 501]).unwrap();
    let stratified = || StratifiedPatching::new(&shapes, large).unwrap();
    check_multi_channel(stratified(), "stratified");
    check_multi_channel(stratified().with_seed(SEED), "stratified, seeded");
}

#[test]
fn channels_of_different_images_are_cut_independently() {
    let source = || {
        let images = images(1);
        (RandomPatching::new(images.shapes(), patch()).unwrap().with_seed(SEED), images)
    };
    let constr =
        IndependentTargetsMsPatchConstr::new(vec![source(), source(), source()], context(), None).unwrap();
    let mut sample = Sample::zeros(&constr.layout(0).unwrap()).unwrap();
    let mut scratch = Scratch::default();
    let rows: Vec<Vec<f64>> = (0..N)
        .map(|epoch| {
            let mut rng = PatchRng::for_patch(SEED, epoch, 5);
            let job = Job::new(5, &mut rng, &mut scratch);
            starts(&constr.construct_into(job, sample.view_mut()).unwrap())
        })
        .collect();
    check_independent(&rows, "independent");
}
