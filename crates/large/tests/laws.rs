//! Laws of quilts on disk: against plain sums, for any grid, order, budget and number of interruptions.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use std::num::NonZeroUsize;
use std::path::Path;

use ndarray::{ArrayD, ArrayView, Axis, Dimension, IxDyn, Slice};
use patchweave_geometry::{Extent, PerAxis};
use patchweave_large::{Durability, LargeError, LargeOptions, LargeQuilt, LargeSpec, MeanOptions};
use patchweave_quilt::Border;
use proptest::prelude::*;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A quilt, its patches and how they come.
#[derive(Debug, Clone)]
struct Case {
    spec: LargeSpec,
    n_channels: usize,
    patches: Vec<ArrayD<f32>>,
    variances: Option<Vec<ArrayD<f64>>>,
    order: Vec<usize>,
    options: LargeOptions,
}

fn case() -> impl Strategy<Value = Case> {
    let axes = prop::collection::vec((1_usize..6, 0_usize..9, 1_usize..7), 2..=3);
    let border = prop_oneof![
        Just(Border::None),
        (-1_i64..4).prop_map(Border::Every),
        prop::collection::vec(0_i64..3, 3).prop_map(Border::PerAxis),
    ];
    let weight = prop_oneof![Just(0.0), Just(1.0), Just(0.1), 0.0..1.0];
    let memory = (prop_oneof![Just(1_usize), 0_usize..20_000, Just(256 << 20)], 0_usize..5);
    let sizes = (1_usize..3, 1_usize..4, 0_usize..3);
    (axes, border, weight, memory, sizes, any::<u64>()).prop_map(
        |(axes, border, weight, memory, sizes, seed)| {
            let (n_images, n_channels, kind) = sizes;
            let list = |f: fn(&(usize, usize, usize)) -> usize| axes.iter().map(f).collect::<Vec<_>>();
            let border = match border {
                Border::PerAxis(borders) => Border::PerAxis(borders[..axes.len()].to_vec()),
                other => other,
            };
            let spec = LargeSpec::new(
                n_images,
                Extent::new(&list(|axis| axis.0 + axis.1)).unwrap(),
                Extent::new(&list(|axis| axis.0)).unwrap(),
                // At most 4 windows along an axis.
                PerAxis::new(&list(|axis| axis.2.max(axis.1.div_ceil(3)))).unwrap(),
            );
            let spec = spec.unwrap().with_border(border, weight).unwrap();
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let shape = |n_channels| [&[n_channels], list(|axis| axis.0).as_slice()].concat();
            let patches = (0..spec.n_patches())
                .map(|_| ArrayD::from_shape_simple_fn(shape(n_channels), || rng.random_range(-9.0_f32..9.0)))
                .collect();
            let mut rng = ChaCha8Rng::seed_from_u64(seed ^ 1);
            let variances = (kind > 0).then(|| {
                let shape = shape(if kind == 1 { 1 } else { n_channels });
                let draw = |_| ArrayD::from_shape_simple_fn(shape.as_slice(), || rng.random_range(0.0..4.0));
                (0..spec.n_patches()).map(draw).collect()
            });
            let mut order: Vec<usize> = (0..spec.n_patches()).collect();
            order.shuffle(&mut rng);
            let options = LargeOptions {
                budget_bytes: memory.0,
                checkpoint_every: NonZeroUsize::new(memory.1),
                durability: Durability::None,
            };
            Case { spec, n_channels, patches, variances, order, options }
        },
    )
}

impl Case {
    fn add(&self, quilt: &mut LargeQuilt, order: &[usize]) -> Result<(), LargeError> {
        order.iter().try_for_each(|&index| match &self.variances {
            None => quilt.stitch(self.patches[index].view(), index),
            Some(variances) => {
                // With a leading axis of 1, which is as good.
                let patch = self.patches[index].view().insert_axis(Axis(0));
                quilt.stitch_with_variance(patch, variances[index].view(), index)
            }
        })
    }

    fn create(&self, base: &Path) -> LargeQuilt {
        LargeQuilt::create(base, self.spec.clone(), self.options).unwrap()
    }

    fn shape(&self) -> Vec<usize> {
        let image = self.spec.quilt().grid().image();
        [self.spec.n_images(), self.n_channels].into_iter().chain(image.iter()).collect()
    }

    /// Sums of weighted patches, of weighted variances, and of weights, as the formulas say.
    fn sums(&self, order: &[usize]) -> [ArrayD<f64>; 3] {
        let weights = self.spec.weights();
        let shape = self.shape();
        let mut sums =
            [ArrayD::zeros(shape.as_slice()), ArrayD::zeros(shape.as_slice()), ArrayD::zeros(&shape[2..])];
        for &index in order {
            let (image, start) = self.spec.position(index).unwrap();
            let window = self.spec.quilt().grid().window();
            let cut = |mut place: ndarray::ArrayViewMutD<'_, f64>, patch: ArrayD<f64>| {
                let first = place.ndim() - start.n_axes();
                for axis in 0..start.n_axes() {
                    let range = Slice::from(start[axis]..start[axis] + window.as_slice()[axis]);
                    place.slice_axis_inplace(Axis(first + axis), range);
                }
                place += &(patch * &weights);
            };
            cut(sums[0].index_axis_mut(Axis(0), image), self.patches[index].mapv(f64::from));
            if let Some(variances) = &self.variances {
                cut(sums[1].index_axis_mut(Axis(0), image), variances[index].clone());
            }
            if image == 0 {
                cut(sums[2].view_mut(), ArrayD::ones(window.as_slice()));
            }
        }
        sums
    }
}

fn bits(values: &ArrayD<f64>) -> Vec<u64> {
    values.iter().map(|value| value.to_bits()).collect()
}

fn close(got: &ArrayD<f64>, expected: &ArrayD<f64>) -> bool {
    let near = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-12 * (1.0 + b.abs());
    got.shape() == expected.shape() && got.iter().zip(expected).all(near)
}

fn state(quilt: &mut LargeQuilt) -> [Vec<u64>; 3] {
    [
        bits(&quilt.mean_sums().unwrap()),
        bits(&quilt.variance_sums().unwrap()),
        bits(&quilt.weights().unwrap()),
    ]
}

fn temporary() -> tempfile::TempDir {
    // Many small files: in memory where the system has a folder for that.
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

fn shape_of<T, D: Dimension>(array: &ArrayView<'_, T, D>) -> Vec<usize> {
    array.shape().to_vec()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn arrays_hold_the_sums_of_the_order_in_which_patches_come(case in case()) {
        let folder = temporary();
        let mut quilt = case.create(&folder.path().join("sums"));
        case.add(&mut quilt, &case.order).unwrap();
        let expected = case.sums(&case.order).map(|sums| bits(&sums));
        prop_assert_eq!(state(&mut quilt), expected.clone());
        prop_assert!(quilt.is_complete());
        // The same from the disk alone.
        quilt.close().unwrap();
        let mut quilt = LargeQuilt::open(folder.path().join("sums"), case.options).unwrap();
        prop_assert_eq!(state(&mut quilt), expected);
    }

    #[test]
    fn order_matters_to_the_rounding_only(case in case()) {
        let folder = temporary();
        let mut quilt = case.create(&folder.path().join("sums"));
        case.add(&mut quilt, &case.order).unwrap();
        let in_order: Vec<usize> = (0..case.spec.n_patches()).collect();
        let [mean, variance, weights] = case.sums(&in_order);
        prop_assert!(close(&quilt.mean_sums().unwrap(), &mean));
        prop_assert!(close(&quilt.variance_sums().unwrap(), &variance));
        prop_assert!(close(&quilt.weights().unwrap(), &weights));
    }

    #[test]
    fn interruptions_do_not_matter_at_all(case in case(), stops in prop::collection::vec(any::<prop::sample::Index>(), 1..4)) {
        let folder = temporary();
        let base = folder.path().join("sums");
        let mut stops: Vec<usize> = stops.iter().map(|stop| stop.index(case.order.len() + 1)).collect();
        stops.sort_unstable();
        let mut quilt = case.create(&base);
        let mut from = 0;
        for stop in stops.into_iter().filter(|&stop| stop > 0) {
            case.add(&mut quilt, &case.order[from..stop]).unwrap();
            from = stop;
            drop(quilt);
            quilt = LargeQuilt::open(&base, case.options).unwrap();
        }
        let mut rest = case.order[from..].to_vec();
        rest.sort_unstable();
        prop_assert_eq!(quilt.missing().collect::<Vec<_>>(), rest);
        case.add(&mut quilt, &case.order[from..]).unwrap();
        prop_assert_eq!(state(&mut quilt), case.sums(&case.order).map(|sums| bits(&sums)));
    }

    #[test]
    fn quilts_of_disjoint_patches_add_up(case in case(), cut in any::<prop::sample::Index>()) {
        let folder = temporary();
        let cut = cut.index(case.order.len() + 1);
        let mut first = case.create(&folder.path().join("first"));
        let mut second = case.create(&folder.path().join("second"));
        case.add(&mut first, &case.order[..cut]).unwrap();
        case.add(&mut second, &case.order[cut..]).unwrap();
        first.merge(&mut second).unwrap();
        prop_assert!(first.is_complete());
        let [mean, variance, weights] = case.sums(&case.order);
        prop_assert!(close(&first.mean_sums().unwrap(), &mean));
        prop_assert!(close(&first.variance_sums().unwrap(), &variance));
        prop_assert!(close(&first.weights().unwrap(), &weights));
        first.close().unwrap();
        let mut first = LargeQuilt::open(folder.path().join("first"), case.options).unwrap();
        prop_assert!(first.is_complete() && close(&first.mean_sums().unwrap(), &mean));
        // What was merged can be added to.
        case.add(&mut first, &case.order[..1]).unwrap();
        prop_assert_eq!(u64::from(first.counts().sum()), case.order.len() as u64 + 1);
    }

    #[test]
    fn results_follow_the_formula(case in case(), eps in prop_oneof![Just(1e-8), Just(0.0), Just(0.5)], normalize: bool) {
        let folder = temporary();
        let mut quilt = case.create(&folder.path().join("sums"));
        case.add(&mut quilt, &case.order).unwrap();
        let [mean, variance, weights] = case.sums(&case.order);
        let ratio = |a: f64, b: f64| if a == 0.0 && b == 0.0 { 0.0 } else { a / b };
        let weights = weights.mapv(|weight| weight.max(eps));
        let weights = weights.broadcast(case.shape().as_slice()).unwrap();
        let mut mean = ndarray::Zip::from(&mean).and(&weights).map_collect(|a, b| ratio(*a, *b));
        let mut std = ndarray::Zip::from(&variance).and(&weights).map_collect(|a, b| ratio(*a, *b).abs().sqrt());
        if normalize {
            let sums = mean.sum_axis(Axis(1)).insert_axis(Axis(1));
            let sums = sums.broadcast(case.shape().as_slice()).unwrap();
            mean.zip_mut_with(&sums, |a, b| *a = ratio(*a, *b));
            std.zip_mut_with(&sums, |a, b| *a = ratio(*a, *b));
        }
        let options = MeanOptions { eps, normalize, save: true };
        let (got_mean, got_std) = quilt.mean_and_std(&options).unwrap();
        let near = |a: &ArrayD<f64>, b: &ArrayD<f64>| {
            a.shape() == b.shape() && a.iter().zip(b).all(|(a, b)| a == b || (a - b).abs() <= 1e-9 * b.abs().max(1e-3))
        };
        prop_assert!(near(&got_mean, &mean), "{got_mean} {mean}");
        prop_assert!(near(&got_std, &std), "{got_std} {std}");
        // The same on disk, whichever way it was written.
        for _ in 0..2 {
            let saved = zarr(&folder.path().join("sums_mean.zarr"));
            prop_assert_eq!(bits(&saved), bits(&got_mean));
            let saved = zarr(&folder.path().join("sums_std.zarr"));
            prop_assert_eq!(bits(&saved), bits(&got_std));
            quilt.write_mean_and_std(&options).unwrap();
        }
        quilt.close().unwrap();
        prop_assert_eq!(bits(&zarr(&folder.path().join("sums_mean.zarr"))), bits(&got_mean));
    }

    #[test]
    fn memory_stays_within_the_budget(case in case()) {
        let folder = temporary();
        let mut quilt = case.create(&folder.path().join("sums"));
        // At most 8 chunks of each of the three arrays, and their places in lists.
        let n_pixels = case.spec.quilt().grid().window().n_pixels();
        let of_a_patch = 8 * (8 * n_pixels * (2 * case.n_channels + 1) + 3 * 256);
        for &index in &case.order {
            case.add(&mut quilt, &[index]).unwrap();
            prop_assert!(quilt.n_bytes_in_memory() <= case.options.budget_bytes.max(of_a_patch));
        }
    }

    #[test]
    fn large_equals_in_memory(case in case()) {
        let folder = temporary();
        let mut quilt = case.create(&folder.path().join("sums"));
        case.add(&mut quilt, &(0..case.spec.n_patches()).collect::<Vec<_>>()).unwrap();
        let mean = quilt.mean(&MeanOptions::default()).unwrap();
        let views: Vec<_> = case.patches.iter().map(|patch| patch.view()).collect();
        let patches = ndarray::stack(Axis(0), &views).unwrap().mapv(f64::from);
        let (expected, weights) = case.spec.quilt().stitch(patches.view()).unwrap();
        prop_assert_eq!(shape_of(&mean.view()), shape_of(&expected.view()));
        let weights = weights.broadcast(expected.shape()).unwrap().to_owned();
        for ((got, expected), weight) in mean.iter().zip(&expected).zip(&weights) {
            // Pixels without a patch are NaN in memory and 0 on disk.
            let expected = if *weight == 0.0 { 0.0 } else { *expected };
            prop_assert!((got - expected).abs() <= 1e-9, "{} {}", got, expected);
        }
    }
}

/// An array as another reader sees it.
fn zarr(path: &Path) -> ArrayD<f64> {
    let store = std::sync::Arc::new(zarrs::filesystem::FilesystemStore::new(path).unwrap());
    let array = zarrs::array::Array::open(store, "/").unwrap();
    let values = array.retrieve_array_subset::<Vec<f64>>(&array.subset_all()).unwrap();
    let shape: Vec<usize> = array.shape().iter().map(|&size| usize::try_from(size).unwrap()).collect();
    ArrayD::from_shape_vec(IxDyn(&shape), values).unwrap()
}
