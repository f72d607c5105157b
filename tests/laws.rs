//! Laws that hold across the crates: cutting and stitching give the image back, statistics are what they say.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use std::sync::Arc;

use ndarray::{Array5, ArrayD, Axis, IxDyn};
use patchweave::construct::{
    BasicPatchConstr, Dataset, FitOptions, FittedStatistics, PatchExtractor, Statistic, fit,
};
use patchweave::geometry::{ArrayLayout, Extent, ImageShape, PerAxis, RegionSpec};
use patchweave::loader::LoaderOptions;
use patchweave::model::{Gaussian, Identity, Model};
use patchweave::patching::{PatchRng, Patching, RandomPatching, TiledPatching, WholePatching};
use patchweave::pixel::{Pixel, PixelMap, PixelType};
use patchweave::predict::{Finished, OutputImage, PredictOptions, Predictor, Target, Tiling};
use patchweave::sink::{ImageSpec, Job, Location, SinkFormats};
use patchweave::stack::{ArrayStack, ImageStack};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};

/// Images `SCYX` or `SCZYX` with pixels that a generator draws from a seed.
fn images<T: Pixel>(
    shapes: &[Vec<usize>],
    seed: u64,
    pixel: impl Fn(&mut rand::rngs::StdRng) -> T,
) -> Vec<ArrayD<T>> {
    let mut rng = rand::rngs::StdRng::seed_from_u64(seed);
    shapes.iter().map(|shape| ArrayD::from_shape_simple_fn(IxDyn(shape), || pixel(&mut rng))).collect()
}

fn extractor<T: Pixel>(images: &[ArrayD<T>]) -> PatchExtractor {
    let axes = if images[0].ndim() == 5 { "SCZYX" } else { "SCYX" };
    let stack = |image: &ArrayD<T>| {
        let stack = ArrayStack::new(image.clone(), &axes.parse().unwrap()).unwrap();
        Arc::new(stack) as Arc<dyn ImageStack>
    };
    PatchExtractor::new(images.iter().map(stack).collect()).unwrap()
}

/// Predicts all images in memory, `SCZYX`, from tiles or, without tiles, from whole samples.
fn predict<T: Pixel>(
    images: &[ArrayD<T>],
    tiles: Option<(&[usize], &[usize])>,
    model: &dyn Model,
    options: LoaderOptions,
) -> Vec<Array5<f32>> {
    let input = extractor(images);
    let shapes = input.shapes().to_vec();
    let (tiling, patching): (_, Arc<dyn Patching>) = match tiles {
        Some((size, overlaps)) => {
            let (size, overlaps) = (Extent::new(size).unwrap(), PerAxis::new(overlaps).unwrap());
            let patching = TiledPatching::new(&shapes, size, Some(overlaps)).unwrap();
            (Tiling::Tiles { size, overlaps }, Arc::new(patching))
        }
        None => (Tiling::Whole, Arc::new(WholePatching::new(&shapes).unwrap())),
    };
    let constr = BasicPatchConstr::new(patching, input, None, None).unwrap();
    let dataset = Dataset::new(Arc::new(constr), 1);
    let LoaderOptions { batch_size, n_workers, prefetch_bytes, .. } = options;
    let options =
        PredictOptions { batch_size, n_workers, prefetch_bytes, n_writers: 2, ..PredictOptions::default() };
    let mut targets = |image: &OutputImage<'_>| {
        let axes = if image.shape.extent.n_axes() == 3 { "SCZYX" } else { "SCYX" };
        let layout = ArrayLayout::new(axes.parse().unwrap(), &image.shape.to_vec()).unwrap();
        let spec = ImageSpec::new(layout, PixelType::F32);
        let job = Job::start(&SinkFormats::default(), "result".as_ref(), Some("memory"), spec)?;
        Ok(vec![Target::new(job, PixelMap::to(PixelType::F32))])
    };
    let finished = Predictor::new(&dataset, tiling, vec![model], options).run(&mut targets, |_| true, |_| ());
    let finished = finished.unwrap();
    assert!(finished.iter().map(|one| one.data_idx).eq(0..images.len()));
    let pixels = |(finished, shape): (Finished, &ImageShape)| {
        let Location::Memory(levels) = finished.location else { panic!("not in memory") };
        let [z, y, x] = shape.extent.to_zyx();
        let bytes = levels[0].view().to_le_bytes().into_owned();
        let values = bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        let n_channels = levels[0].shape()[1];
        Array5::from_shape_vec([shape.n_samples, n_channels, z, y, x], values).unwrap()
    };
    finished.into_iter().zip(&shapes).map(pixels).collect()
}

/// The size of tiles and their overlaps.
type Tiles = (Vec<usize>, Vec<usize>);

/// Tiles of any size and overlaps that are even and smaller.
fn tiles(largest: usize, n_axes: usize) -> impl Strategy<Value = Tiles> {
    let axis = (1..=largest, any::<prop::sample::Index>()).prop_map(|(size, overlap)| {
        let overlap = overlap.index(size);
        (size, overlap - overlap % 2)
    });
    prop::collection::vec(axis, n_axes).prop_map(|axes| axes.into_iter().unzip())
}

/// One to three images with the same number of channels, and tiles of as many axes.
fn tiled_images() -> impl Strategy<Value = (Vec<Vec<usize>>, Tiles)> {
    (prop::sample::select(vec![(2_usize, 30_usize, 16_usize), (3, 11, 7)]), 1_usize..4).prop_flat_map(
        |((n_axes, largest_image, largest_tile), n_channels)| {
            let spatial = prop::collection::vec(1..=largest_image, n_axes);
            let image = (1_usize..3, spatial)
                .prop_map(move |(n_samples, spatial)| [vec![n_samples, n_channels], spatial].concat());
            (prop::collection::vec(image, 1..4), tiles(largest_tile, n_axes))
        },
    )
}

fn loader_options() -> impl Strategy<Value = LoaderOptions> {
    (1_usize..9, 1_usize..5, 1_usize..5).prop_map(|(batch_size, n_workers, prefetch_batches)| LoaderOptions {
        batch_size,
        n_workers,
        prefetch_batches,
        ..LoaderOptions::default()
    })
}

fn bits<'a>(pixels: impl IntoIterator<Item = &'a f32>) -> Vec<u32> {
    pixels.into_iter().map(|pixel| pixel.to_bits()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn tiles_of_the_identity_are_the_image(
        (shapes, (size, overlaps)) in tiled_images(), options in loader_options(), seed: u64,
    ) {
        // Any bits, but for NaN: the canonical one is enough.
        let images = images(&shapes, seed, |rng| {
            let pixel = f32::from_bits(rng.random());
            if pixel.is_nan() { f32::NAN } else { pixel }
        });
        let woven = predict(&images, Some((&size, &overlaps)), &Identity::new(), options);
        prop_assert_eq!(woven.len(), images.len());
        for (woven, image) in woven.iter().zip(&images) {
            prop_assert!(bits(woven) == bits(image));
        }
    }

    #[test]
    fn whole_samples_of_the_identity_are_the_image(
        (shapes, _) in tiled_images(), options in loader_options(), seed: u64,
    ) {
        // Whole samples of different sizes do not share a batch.
        let options = LoaderOptions { batch_size: 1, ..options };
        let images = images(&shapes, seed, |rng| rng.random::<u16>());
        for (woven, image) in predict(&images, None, &Identity::new(), options).iter().zip(&images) {
            prop_assert!(woven.iter().zip(image).all(|(woven, &pixel)| *woven == f32::from(pixel)));
        }
    }
}

/// Two or three axes: how much an image exceeds the tile, how much the tile exceeds the overlap, how much the
/// overlap exceeds twice the halo (by half).
fn margins() -> impl Strategy<Value = Vec<(usize, usize, usize)>> {
    prop::collection::vec((0_usize..25, 1_usize..9, 0_usize..3), 2..=3)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    /// With overlaps of twice the halo nobody sees where a filter's tiles meet.
    #[test]
    fn tiles_of_a_filter_are_the_filtered_image(
        sigma in 0.3_f64..1.3, axes in margins(), n_samples in 1_usize..3, options in loader_options(), seed: u64,
    ) {
        let gaussian = Gaussian::new(sigma).unwrap();
        let overlaps: Vec<_> = axes.iter().map(|&(_, _, more)| 2 * (gaussian.info().halo()[2].before + more)).collect();
        let size: Vec<_> = axes.iter().zip(&overlaps).map(|(&(_, more, _), overlap)| overlap + more).collect();
        let spatial = axes.iter().zip(&size).map(|(&(more, _, _), size)| size + more);
        let shape = [n_samples, 2].into_iter().chain(spatial).collect::<Vec<_>>();
        let images = images(&[shape], seed, |rng| rng.random::<f32>());
        let woven = predict(&images, Some((&size, &overlaps)), &gaussian, options);
        let whole = predict(&images, None, &gaussian, LoaderOptions::default());
        let difference = woven[0].iter().zip(&whole[0]).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        prop_assert!(difference <= 1e-4, "differs by {}", difference);
        prop_assert!(woven[0].iter().all(|pixel| pixel.is_finite()));
    }
}

/// The pixels of every patch, channel by channel, cut without the library.
fn pixels_of_patches(images: &[ArrayD<f32>], patching: &RandomPatching, seed: u64) -> Vec<Vec<f64>> {
    let mut channels = vec![Vec::new(); images[0].shape()[1]];
    for index in 0..patching.n_patches() {
        let spec = patching.spec(index, &mut PatchRng::for_patch(seed, 0, index)).unwrap();
        let RegionSpec::Patch(patch) = spec else { panic!("{spec:?}") };
        let sample = images[patch.data_idx].index_axis(Axis(0), patch.sample_idx);
        for (channel, pixels) in sample.axis_iter(Axis(0)).zip(&mut channels) {
            let cut = channel.slice_each_axis(|description| {
                let axis = description.axis.index();
                let start = usize::try_from(patch.coords.as_slice()[axis]).unwrap();
                (start..start + patch.patch_size.as_slice()[axis]).into()
            });
            pixels.extend(cut.iter().map(|&pixel| f64::from(pixel)));
        }
    }
    channels
}

fn mean_and_std(pixels: &[f64]) -> (f64, f64) {
    let n = pixels.len() as f64;
    let mean = pixels.iter().sum::<f64>() / n;
    (mean, (pixels.iter().map(|pixel| (pixel - mean).powi(2)).sum::<f64>() / n).sqrt())
}

fn fit_with(
    n_threads: usize,
    constr: &BasicPatchConstr<RandomPatching>,
    options: &FitOptions,
) -> FittedStatistics {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
    pool.install(|| fit(constr, options, &|| true)).unwrap()
}

fn f64_bits(statistics: &FittedStatistics) -> Vec<u64> {
    let input = statistics.input.as_ref().unwrap();
    input.first.iter().chain(&input.second).map(|value| value.to_bits()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn statistics_are_those_of_all_patches(
        sizes in prop::sample::select(vec![vec![150_usize, 170], vec![24, 60, 62]]),
        patch in 8_usize..13, n_images in 1_usize..3, per_channel: bool, seed in 1_u64..1000,
    ) {
        let shapes = vec![[vec![2, 2], sizes.clone()].concat(); n_images];
        let images = images(&shapes, seed, |rng| 1000.0 + 30.0 * rng.random::<f32>());
        let input = extractor(&images);
        let patching = RandomPatching::new(input.shapes(), Extent::new(&vec![patch; sizes.len()]).unwrap()).unwrap();
        // More than one task, so that threads share the work.
        prop_assert!(patching.n_patches() > 64);
        let pixels = pixels_of_patches(&images, &patching, seed);
        let expected: Vec<_> = match per_channel {
            true => pixels.iter().map(|channel| mean_and_std(channel)).collect(),
            false => vec![mean_and_std(&pixels.concat())],
        };
        let constr = BasicPatchConstr::new(patching, input, None, None).unwrap();
        let options = FitOptions {
            statistic: Statistic::MeanStd,
            per_channel,
            with_input: true,
            with_target: false,
            seed,
            tolerance: None,
            max_bytes: 1 << 20,
        };
        let fitted = fit_with(1, &constr, &options);
        prop_assert_eq!(f64_bits(&fitted), f64_bits(&fit_with(2, &constr, &options)));
        let input = fitted.input.unwrap();
        prop_assert_eq!((input.first.len(), input.second.len()), (expected.len(), expected.len()));
        for ((mean, std), (expected_mean, expected_std)) in
            input.first.iter().zip(&input.second).zip(&expected)
        {
            prop_assert!((mean / expected_mean - 1.0).abs() < 1e-12, "mean {mean}, expected {expected_mean}");
            prop_assert!((std / expected_std - 1.0).abs() < 1e-9, "std {std}, expected {expected_std}");
        }
        prop_assert!(fitted.target.is_none());
    }
}
