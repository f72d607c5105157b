//! Statistics of a data set, against sums over all of its pixels.
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use ndarray::{ArrayD, Axis, s};
use patchweave_construct::{
    BasicPatchConstr, ChannelStatistics, ConstructError, FitOptions, FittedStatistics, LateralContext,
    MixOptions, MultiChannelTargetMsPatchConstr, PatchConstr, PatchConstrExt, PatchExtractor, QuantileMethod,
    Statistic, fit, fit_images,
};
use patchweave_geometry::{Context, ContextPadding, Extent};
use patchweave_patching::{PatchRng, RandomPatching};
use patchweave_stack::{ArrayStack, ImageStack, InsideWindow, PatchViewMut, StackError, StackInfo};
use patchweave_transform::ChannelQuantiles;
use rand::RngExt;

const SEED: u64 = 5;

fn options(statistic: Statistic, per_channel: bool) -> FitOptions {
    let with_input = true;
    let with_target = true;
    let tolerance = None;
    let max_bytes = usize::MAX;
    FitOptions { statistic, per_channel, with_input, with_target, seed: SEED, tolerance, max_bytes }
}

fn quantile(n_levels: usize, method: QuantileMethod) -> Statistic {
    let levels = |levels: [f64; 3]| levels[..n_levels].to_vec();
    Statistic::Quantile { lower: levels([0.01, 0.0, 0.2]), upper: levels([0.99, 1.0, 0.7]), method }
}

/// A random image with another mean and scatter in every channel, and slopes along X.
fn noise(axes: &str, shape: &[usize], rng: &mut PatchRng) -> ArrayD<f32> {
    let along = |letter| axes.find(letter);
    let mut image = ArrayD::zeros(shape);
    image.indexed_iter_mut().for_each(|(at, value)| {
        let place =
            |letter| along(letter).map_or(0.0, |axis| f32::from(u16::try_from(at[axis] % 512).unwrap()));
        *value = (place('C') + 1.0) * rng.random_range(0.0..100.0) + 50.0 * place('C') + place('X');
    });
    image
}

fn images(axes: &str, arrays: &[ArrayD<f32>]) -> PatchExtractor {
    let stack = |(nth, array): (usize, &ArrayD<f32>)| {
        let stack = ArrayStack::named(format!("image {nth}"), array.clone(), &axes.parse().unwrap()).unwrap();
        Arc::new(stack) as Arc<dyn ImageStack>
    };
    PatchExtractor::new(arrays.iter().enumerate().map(stack).collect()).unwrap()
}

/// 612 patches of 4 × 4 pixels: more than are merged at a time, the last round and task not full.
fn patches() -> BasicPatchConstr<RandomPatching> {
    let mut rng = PatchRng::for_patch(41, 0, 0);
    let mut arrays = |axes: &str, n_channels: usize| {
        let sizes = [[66, 70], [70, 68]];
        let array = |[y, x]: [usize; 2]| noise(axes, &[n_channels, y, x], &mut rng);
        images(axes, &sizes.map(array))
    };
    let input = arrays("CYX", 3);
    let target = arrays("CYX", 2);
    let patching = RandomPatching::new(input.shapes(), Extent::new(&[4, 4]).unwrap()).unwrap();
    BasicPatchConstr::new(patching, input, Some(target), Some(vec![2, 0, 1])).unwrap()
}

/// The same channels with surroundings, of which statistics know nothing.
fn patches_in_context() -> MultiChannelTargetMsPatchConstr<RandomPatching> {
    let mut rng = PatchRng::for_patch(42, 0, 0);
    let input = images("CYX", &[noise("CYX", &[3, 70, 70], &mut rng)]);
    let patching = RandomPatching::new(input.shapes(), Extent::new(&[4, 4]).unwrap()).unwrap();
    let context = LateralContext::new(Context::new(3, ContextPadding::Reflect).unwrap());
    let options = MixOptions { uncorrelated_prob: 0.5, ..MixOptions::default() };
    MultiChannelTargetMsPatchConstr::new(patching, input, context, options).unwrap()
}

fn fitted(constr: &dyn PatchConstr, options: &FitOptions) -> FittedStatistics {
    fit(constr, options, &|| true).unwrap()
}

/// All values of inputs and targets, channel by channel or all in one, in the order of the patches.
fn all_values(constr: &dyn PatchConstr, per_channel: bool) -> [Vec<Vec<f64>>; 2] {
    let mut values = [Vec::new(), Vec::new()];
    for index in 0..constr.n_patches() {
        let mut rng = PatchRng::for_patch(SEED, 0, index);
        let (sample, _) = constr.construct_patch(index, &mut rng).unwrap();
        let input = constr.principal_input(sample.input.view()).to_owned();
        for (values, block) in values.iter_mut().zip([input, sample.target.unwrap()]) {
            for (channel, block) in block.axis_iter(Axis(0)).enumerate() {
                let channel = if per_channel { channel } else { 0 };
                values.resize_with(values.len().max(channel + 1), Vec::new);
                values[channel].extend(block.iter().map(|&value| f64::from(value)));
            }
        }
    }
    values
}

#[expect(clippy::cast_precision_loss, reason = "counts are small")]
fn mean_std(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (mean, (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n).sqrt())
}

fn assert_near(got: &[f64], expected: &[f64]) {
    assert_eq!(got.len(), expected.len());
    let near = got.iter().zip(expected).all(|(got, wanted)| (got - wanted).abs() <= 1e-11 * wanted.abs());
    assert!(near, "got {got:?}, expected {expected:?}");
}

#[test]
fn statistics_are_those_of_all_pixels() {
    let plain = patches();
    let in_context = patches_in_context();
    for constr in [&plain as &dyn PatchConstr, &in_context] {
        assert!(constr.n_patches() % 8 > 0 && constr.n_patches() > 256);
        for per_channel in [true, false] {
            let values = all_values(constr, per_channel);
            let moments = fitted(constr, &options(Statistic::MeanStd, per_channel));
            let extremes = fitted(constr, &options(Statistic::MinMax, per_channel));
            assert_eq!((moments.n_patches, extremes.n_patches), (constr.n_patches(), constr.n_patches()));
            let got = [
                (moments.input.unwrap(), extremes.input.unwrap()),
                (moments.target.unwrap(), extremes.target.unwrap()),
            ];
            for ((moments, extremes), values) in got.iter().zip(&values) {
                let (means, stds): (Vec<f64>, Vec<f64>) =
                    values.iter().map(|values| mean_std(values)).unzip();
                assert_near(&moments.first, &means);
                assert_near(&moments.second, &stds);
                let fold = |start: f64, pick: fn(f64, f64) -> f64| -> Vec<f64> {
                    values.iter().map(|values| values.iter().copied().fold(start, pick)).collect()
                };
                assert_eq!(extremes.first, fold(f64::INFINITY, f64::min));
                assert_eq!(extremes.second, fold(f64::NEG_INFINITY, f64::max));
            }
        }
    }
}

#[test]
fn streaming_quantiles_are_those_of_patches_one_by_one() {
    let constr = patches();
    for (per_channel, n_levels) in [(true, 3), (true, 1), (false, 1)] {
        let statistic = quantile(n_levels, QuantileMethod::Streaming);
        let Statistic::Quantile { lower, upper, .. } = &statistic else { unreachable!() };
        let mut options = options(statistic.clone(), per_channel);
        options.with_target = false;
        let got = fitted(&constr, &options);
        assert_eq!(got.target, None);
        let mut one_by_one = ChannelQuantiles::new(3, per_channel);
        for index in 0..constr.n_patches() {
            let mut rng = PatchRng::for_patch(SEED, 0, index);
            one_by_one.update(constr.construct_patch(index, &mut rng).unwrap().0.input.view()).unwrap();
        }
        let input = got.input.unwrap();
        assert_eq!(input.first, one_by_one.quantiles(lower).unwrap());
        assert_eq!(input.second, one_by_one.quantiles(upper).unwrap());
        // Two bins of the histogram, which is at most 1.5 times as wide as the values, 0 to 500.
        let tolerance = 2.0 * 750.0 / 65_536.0;
        let [inputs, _] = all_values(&constr, per_channel);
        for (channel, mut values) in inputs.into_iter().enumerate() {
            values.sort_by(f64::total_cmp);
            for (got, levels) in [(&input.first, lower), (&input.second, upper)] {
                let level = levels[channel.min(levels.len() - 1)];
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    clippy::cast_precision_loss,
                    reason = "places in a short list"
                )]
                let place = ((level * values.len() as f64).ceil() as usize).clamp(1, values.len());
                let differs = (got[channel] - values[place - 1]).abs();
                assert!(differs <= tolerance, "channel {channel}, level {level}: off by {differs}");
            }
        }
    }
}

/// Of patches and of whole images, of inputs and of targets.
#[test]
fn exact_quantiles_are_those_of_a_sort() {
    let plain = patches();
    let in_context = patches_in_context();
    for (constr, with_target) in [(&plain as &dyn PatchConstr, true), (&in_context, false)] {
        for per_channel in [true, false] {
            let mut options = options(quantile(1, QuantileMethod::Exact), per_channel);
            options.with_target = with_target;
            let found = fitted(constr, &options);
            assert_eq!((found.n_patches, found.target.is_some()), (constr.n_patches(), with_target));
            let [inputs, targets] = all_values(constr, per_channel);
            assert_sorted(&found.input.unwrap(), inputs);
            if let Some(target) = &found.target {
                assert_sorted(target, targets);
            }
        }
    }
    for axes in ["CYX", "YX"] {
        let shape = if axes == "YX" { vec![601, 603] } else { vec![2, 301, 403] };
        let whole = noise(axes, &shape, &mut PatchRng::for_patch(47, 0, 0));
        let options = options(quantile(1, QuantileMethod::Exact), true);
        let found =
            fit_images(images(axes, std::slice::from_ref(&whole)), None, None, &options, &|| true).unwrap();
        let channels: Vec<Vec<f64>> = match axes {
            "YX" => vec![whole.iter().map(|&value| f64::from(value)).collect()],
            _ => whole.outer_iter().map(|c| c.iter().map(|&value| f64::from(value)).collect()).collect(),
        };
        assert_sorted(&found.input.unwrap(), channels);
    }
}

/// Quantiles 0.01 and 0.99 of every channel, interpolated linearly between the sorted values.
#[track_caller]
fn assert_sorted(found: &ChannelStatistics, channels: Vec<Vec<f64>>) {
    assert_eq!(found.first.len(), channels.len());
    for (channel, mut values) in channels.into_iter().enumerate() {
        values.sort_by(f64::total_cmp);
        for (got, level) in [(found.first[channel], 0.01), (found.second[channel], 0.99)] {
            #[expect(clippy::cast_precision_loss, reason = "short lists")]
            let at = level * (values.len() - 1) as f64;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a list")]
            let lower = at as usize;
            let low = values[lower];
            let high = values[lower + 1];
            let expected = low + (high - low) * at.fract();
            assert!(
                (got - expected).abs() <= 1e-9 * (1.0 + expected.abs()),
                "got {got}, expected {expected}"
            );
        }
    }
}

#[test]
fn the_number_of_threads_does_not_matter() {
    let plain = patches();
    let in_context = patches_in_context();
    let early = FitOptions { tolerance: Some(0.06), ..options(Statistic::MeanStd, true) };
    let whole = images("CYX", &[noise("CYX", &[2, 1100, 700], &mut PatchRng::for_patch(43, 0, 0))]);
    let with_threads = |n_threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        pool.install(|| {
            let mut found = vec![fitted(&plain, &early)];
            let quantiles =
                [QuantileMethod::Exact, QuantileMethod::Streaming].map(|method| quantile(1, method));
            for statistic in [Statistic::MeanStd, Statistic::MinMax].into_iter().chain(quantiles) {
                let options = options(statistic, true);
                found.push(fitted(&plain, &options));
                found.push(fitted(&in_context, &options));
                found.push(fit_images(whole.clone(), None, None, &options, &|| true).unwrap());
            }
            found
        })
    };
    let one = with_threads(1);
    for n_threads in [2, 3, 8] {
        assert_eq!(with_threads(n_threads), one, "{n_threads} threads");
    }
}

/// Means of patches scatter independently here, so a mean is off by more than 6 standard errors with a
/// probability of about 2e-9.
#[test]
fn early_stops_are_early_and_close() {
    let mut rng = PatchRng::for_patch(44, 0, 0);
    let input = images("CYX", &[noise("CYX", &[2, 400, 400], &mut rng)]);
    let patching = RandomPatching::new(input.shapes(), Extent::new(&[4, 4]).unwrap()).unwrap();
    let constr = BasicPatchConstr::new(patching, input, None, None).unwrap();
    assert_eq!(constr.n_patches(), 10_000);
    for per_channel in [true, false] {
        let exact = options(Statistic::MeanStd, per_channel);
        let all = fitted(&constr, &exact).input.unwrap();
        let mut before = 0;
        // Looser tolerances end no later; deviations are as close as means.
        for tolerance in [0.1, 0.02, 1e-9] {
            let found = fitted(&constr, &FitOptions { tolerance: Some(tolerance), ..exact.clone() });
            let input = found.input.unwrap();
            let means = input.first.iter().zip(&all.first);
            let stds = input.second.iter().zip(&all.second);
            for ((got, expected), std) in means.chain(stds).zip(all.second.iter().cycle()) {
                let off = (got - expected).abs() / std;
                assert!(off <= 6.0 * tolerance.max(1e-10), "tolerance {tolerance}: off by {off} deviations");
            }
            assert!(found.n_patches >= before);
            before = found.n_patches;
            assert_eq!(found.n_patches < 10_000, tolerance > 0.01, "tolerance {tolerance}");
        }
    }
}

/// Half of the image is flat, a few places of it are bright: means are soon known, deviations are not.
#[test]
fn early_stops_wait_for_the_deviation() {
    let mut rng = PatchRng::for_patch(48, 0, 0);
    let mut image = noise("YX", &[400, 400], &mut rng);
    image.indexed_iter_mut().for_each(|(at, value)| {
        let [y, x] = [at[0], at[1]];
        *value = if y % 100 < 4 && x % 100 < 4 { 20_000.0 } else { *value };
    });
    let input = images("YX", &[image]);
    let patching = RandomPatching::new(input.shapes(), Extent::new(&[4, 4]).unwrap()).unwrap();
    let constr = BasicPatchConstr::new(patching, input, None, None).unwrap();
    let exact = options(Statistic::MeanStd, true);
    let all = fitted(&constr, &exact);
    let found = fitted(&constr, &FitOptions { tolerance: Some(0.05), ..exact });
    let off = (found.input.unwrap().second[0] / all.input.unwrap().second[0] - 1.0).abs();
    assert!(off < 0.3, "off by {off} after {} patches", found.n_patches);
    // The mean alone would have been known to 0.05 deviations after 400 patches.
    assert!(found.n_patches > 1000, "{}", found.n_patches);
}

/// What all patches so far agree in says nothing about the others.
#[test]
fn early_stops_do_not_trust_a_flat_start() {
    let mut image = ArrayD::zeros(vec![400, 400]);
    image[[399, 399]] = 1.0;
    let input = images("YX", &[image]);
    let patching = RandomPatching::new(input.shapes(), Extent::new(&[4, 4]).unwrap()).unwrap();
    let constr = BasicPatchConstr::new(patching, input, None, None).unwrap();
    let options = FitOptions { tolerance: Some(0.5), ..options(Statistic::MeanStd, true) };
    let found = fitted(&constr, &options);
    assert!(found.n_patches == constr.n_patches() || found.input.unwrap().second[0] > 0.0);
}

#[test]
fn early_stops_need_means_and_a_tolerance() {
    let constr = patches();
    let refused = |statistic: Statistic, tolerance: f64| {
        let options = FitOptions { tolerance: Some(tolerance), ..options(statistic, true) };
        fit(&constr, &options, &|| true).unwrap_err().to_string()
    };
    let message = |tolerance: f64| {
        format!("got tolerance {tolerance}, expected a number above 0 and statistics of means")
    };
    for tolerance in [0.0, -0.1, f64::NAN, f64::INFINITY] {
        assert_eq!(refused(Statistic::MeanStd, tolerance), message(tolerance));
    }
    assert_eq!(refused(Statistic::MinMax, 0.1), message(0.1));
    assert_eq!(refused(quantile(1, QuantileMethod::Exact), 0.1), message(0.1));
}

/// An image that counts how often each of its pixels is read.
struct Counting {
    image: ArrayStack<f32>,
    info: StackInfo,
    /// In the order `SCZYX`.
    reads: Mutex<ndarray::Array5<usize>>,
}

impl ImageStack for Counting {
    fn info(&self) -> &StackInfo {
        &self.info
    }

    fn read_inside(&self, window: &InsideWindow<'_>, out: PatchViewMut<'_>) -> Result<(), StackError> {
        let [z, y, x] = [0, 1, 2].map(|axis| window.region.range(axis));
        let mut reads = self.reads.lock().unwrap();
        let mut read = reads.slice_mut(s![window.sample_idx, .., z, y, x]);
        assert!(window.channels.is_none());
        read += 1;
        drop(reads);
        self.image.read_inside(window, out)
    }
}

fn counting(axes: &str, array: &ArrayD<f32>, chunks: Option<Vec<usize>>) -> Arc<Counting> {
    let image = ArrayStack::new(array.clone(), &axes.parse().unwrap()).unwrap();
    let mut info = image.info().clone();
    info.chunks = chunks;
    let shape = info.shape();
    let [z, y, x] = shape.extent.to_zyx();
    Arc::new(Counting {
        image,
        info,
        reads: Mutex::new(ndarray::Array5::zeros([shape.n_samples, shape.n_channels, z, y, x])),
    })
}

#[test]
fn whole_images_are_counted_pixel_by_pixel() {
    type Stack = (Vec<usize>, Option<Vec<usize>>);
    let cases: Vec<(&str, Vec<Stack>)> = vec![
        ("YX", vec![(vec![1, 1], None), (vec![3, 1], None), (vec![37, 41], Some(vec![5, 7]))]),
        // More pixels than a block has, with and without chunks.
        (
            "YX",
            vec![(vec![601, 603], None), (vec![601, 603], Some(vec![100, 200])), (vec![2, 300_001], None)],
        ),
        ("SCYX", vec![(vec![3, 2, 11, 13], None), (vec![2, 2, 40, 9], Some(vec![1, 1, 16, 4]))]),
        ("CZYX", vec![(vec![2, 5, 13, 17], None), (vec![2, 7, 50, 33], Some(vec![1, 3, 32, 200]))]),
        (
            "ZCYX",
            vec![
                (vec![9, 2, 130, 140], Some(vec![4, 1, 129, 64])),
                (vec![1, 2, 1, 1], Some(vec![1, 1, 1, 1])),
            ],
        ),
    ];
    for (nth, (axes, stacks)) in cases.into_iter().enumerate() {
        let mut rng = PatchRng::for_patch(45, 0, nth);
        let arrays: Vec<ArrayD<f32>> = stacks.iter().map(|(shape, _)| noise(axes, shape, &mut rng)).collect();
        let fit_them = |statistic: Statistic, per_channel: bool| {
            let counted: Vec<Arc<Counting>> = arrays
                .iter()
                .zip(&stacks)
                .map(|(array, (_, chunks))| counting(axes, array, chunks.clone()))
                .collect();
            let stacks = counted.iter().map(|stack| Arc::clone(stack) as Arc<dyn ImageStack>).collect();
            let images = PatchExtractor::new(stacks).unwrap();
            let options = options(statistic, per_channel);
            let found = fit_images(images, None, None, &options, &|| true).unwrap();
            for stack in &counted {
                assert!(
                    stack.reads.lock().unwrap().iter().all(|&reads| reads == 1),
                    "{axes} {stacks:?}",
                    stacks = stack.info
                );
            }
            found
        };
        let channel_axis = axes.find('C');
        let n_channels = channel_axis.map_or(1, |axis| arrays[0].shape()[axis]);
        let values: Vec<Vec<f64>> = (0..n_channels)
            .map(|channel| {
                let of = |array: &ArrayD<f32>| -> Vec<f64> {
                    let part = channel_axis.map(|axis| array.index_axis(Axis(axis), channel));
                    part.unwrap_or(array.view()).iter().map(|&value| f64::from(value)).collect()
                };
                arrays.iter().flat_map(of).collect()
            })
            .collect();
        let pooled = vec![values.concat()];
        for (per_channel, values) in [(true, &values), (false, &pooled)] {
            let found = fit_them(Statistic::MeanStd, per_channel);
            let (means, stds): (Vec<f64>, Vec<f64>) = values.iter().map(|values| mean_std(values)).unzip();
            let input = found.input.unwrap();
            assert_near(&input.first, &means);
            assert_near(&input.second, &stds);
            let found = fit_them(Statistic::MinMax, per_channel);
            let lows: Vec<f64> =
                values.iter().map(|values| values.iter().copied().fold(f64::INFINITY, f64::min)).collect();
            assert_eq!(found.input.unwrap().first, lows);
        }
    }
}

#[test]
fn targets_of_whole_images_are_counted_if_they_are_wanted() {
    let mut rng = PatchRng::for_patch(46, 0, 0);
    let input = noise("CYX", &[3, 20, 30], &mut rng);
    let target = noise("CYX", &[2, 20, 30], &mut rng);
    let [input, target] = [input, target].map(|array| images("CYX", &[array]));
    let mut options = options(Statistic::MinMax, true);
    let with = fit_images(input.clone(), Some(target.clone()), Some(vec![2]), &options, &|| true).unwrap();
    assert_eq!((with.input.unwrap().first.len(), with.target.unwrap().first.len()), (1, 2));
    options.with_target = false;
    assert_eq!(fit_images(input, Some(target), None, &options, &|| true).unwrap().target, None);
}

#[test]
fn pixels_that_are_no_numbers_are_reported_with_their_image() {
    let [exact, streaming] =
        [QuantileMethod::Exact, QuantileMethod::Streaming].map(|method| quantile(1, method));
    let statistics = [Statistic::MeanStd, Statistic::MinMax, exact, streaming];
    for (statistic, wrong) in statistics.into_iter().flat_map(|s| [(s.clone(), f32::NAN), (s, f32::INFINITY)])
    {
        let mut arrays = vec![ArrayD::from_elem(vec![9, 9], 1.0_f32); 3];
        let good = images("YX", &arrays);
        arrays[1][[4, 8]] = wrong;
        let bad = images("YX", &arrays);
        let try_them = |input: &PatchExtractor, target: &PatchExtractor, options: &FitOptions| {
            fit_images(input.clone(), Some(target.clone()), None, options, &|| true)
        };
        let options = options(statistic.clone(), true);
        let fit_them = |input: &PatchExtractor, target: &PatchExtractor| {
            try_them(input, target, &options).unwrap_err().to_string()
        };
        let message = |role: &str| {
            format!(
                "image 1: the {role} of patch 1 holds pixels that are infinite or no number, statistics need \
                 finite ones; repair the image, or give statistics in the configuration"
            )
        };
        assert_eq!(fit_them(&bad, &good), message("input"));
        assert_eq!(fit_them(&good, &bad), message("target"));
        // What is not wanted may hold anything and changes nothing.
        let both = try_them(&good, &good, &options).unwrap();
        let of_target = FitOptions { with_input: false, ..options.clone() };
        let found = try_them(&bad, &good, &of_target).unwrap();
        assert_eq!(found, FittedStatistics { input: None, ..both.clone() });
        let of_input = FitOptions { with_target: false, ..options.clone() };
        let found = try_them(&good, &bad, &of_input).unwrap();
        assert_eq!(found, FittedStatistics { target: None, ..both });
        let patching = RandomPatching::new(good.shapes(), Extent::new(&[3, 3]).unwrap()).unwrap();
        let constr = BasicPatchConstr::new(patching, bad.clone(), Some(good.clone()), None).unwrap();
        let early = (statistic == Statistic::MeanStd).then_some(0.5);
        for tolerance in [None, early] {
            let found = fitted(&constr, &FitOptions { tolerance, ..of_target.clone() });
            assert!(found.input.is_none() && found.target.is_some());
        }
    }
}

#[test]
fn fitting_ends_when_it_should() {
    let constr = patches();
    let n_asked = AtomicUsize::new(0);
    let options = options(Statistic::MeanStd, true);
    for limit in [0, 1, 100] {
        n_asked.store(0, Ordering::Relaxed);
        let keep_going = || n_asked.fetch_add(1, Ordering::Relaxed) < limit;
        let error = fit(&constr, &options, &keep_going).unwrap_err();
        assert!(matches!(error, ConstructError::Interrupted), "{error}");
        let whole = images("YX", &[ArrayD::zeros(vec![9, 9])]);
        let ended = fit_images(whole, None, None, &options, &|| false).unwrap_err();
        assert_eq!(ended.to_string(), "interrupted");
    }
}

#[test]
fn there_must_be_patches() {
    let one = images("YX", &[ArrayD::zeros(vec![9, 9])]);
    let patching = patchweave_patching::FixedPatching::new(Vec::new());
    let constr = BasicPatchConstr::new(patching, one, None, None).unwrap();
    let error = fit(&constr, &options(Statistic::MeanStd, true), &|| true).unwrap_err();
    assert_eq!(error.to_string(), "statistics cannot be computed: there are no patches");
}
