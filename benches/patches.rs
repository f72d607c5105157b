//! How fast the loader delivers patches of images in memory, beside a plain copy of the same pixels.
//!
//! `copy` is the limit: one thread converts the rows of the same regions into one batch after the other, and
//! does nothing else. Bytes are those of the batches, `f32`.
#![allow(clippy::unwrap_used, reason = "a benchmark that fails panics")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ndarray::{ArrayD, IxDyn};
use patchweave::construct::{AugmentationStep, BasicPatchConstr, Dataset, PatchConstrExt, PatchExtractor};
use patchweave::geometry::{Extent, PatchSpec};
use patchweave::loader::{Loader, LoaderOptions, Order};
use patchweave::patching::{PatchRng, Patching, RandomPatching};
use patchweave::pixel::Pixel;
use patchweave::stack::ArrayStack;
use patchweave::transform::{Augmentation, Normalizer, Scaling, TargetScaling, XyFlip, XyRandomRotate90};

const SEED: u64 = 42;
const BATCH_SIZE: usize = 16;

/// Patches of one size from one image.
struct Case {
    name: &'static str,
    image: &'static [usize],
    patch: &'static [usize],
}

const PLANE: Case = Case { name: "64x64", image: &[2048, 2048], patch: &[64, 64] };
const VOLUME: Case = Case { name: "16x64x64", image: &[64, 512, 512], patch: &[16, 64, 64] };

fn image<T: Pixel>(shape: &[usize]) -> ArrayD<T> {
    let mut value = 0_u32;
    ArrayD::from_shape_simple_fn(IxDyn(shape), || {
        value = value.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        T::from_f32((value >> 20) as f32)
    })
}

fn dataset<T: Pixel>(case: &Case, image: &ArrayD<T>, is_prepared: bool) -> Dataset {
    let axes = if case.image.len() == 3 { "ZYX" } else { "YX" };
    let stack = ArrayStack::new(image.clone(), &axes.parse().unwrap()).unwrap();
    let input = PatchExtractor::new(vec![Arc::new(stack)]).unwrap();
    let patching = RandomPatching::new(input.shapes(), Extent::new(case.patch).unwrap()).unwrap();
    let dataset = Dataset::new(Arc::new(BasicPatchConstr::new(patching, input, None, None).unwrap()), SEED);
    if !is_prepared {
        return dataset;
    }
    let step = |augmentation| AugmentationStep { augmentation, seed: None };
    dataset
        .with_normalizer(Normalizer::new(
            Scaling::mean_std(&[2048.0], &[1000.0]).unwrap(),
            TargetScaling::Missing,
        ))
        .with_augmentations(vec![
            step(Augmentation::XyFlip(XyFlip::new(true, true, 0.5).unwrap())),
            step(Augmentation::XyRandomRotate90(XyRandomRotate90::new(0.5).unwrap())),
        ])
        .unwrap()
}

/// The regions of the first epoch.
fn regions(dataset: &Dataset, case: &Case) -> Vec<PatchSpec> {
    let shapes = dataset.constr().input_shapes();
    let patching = RandomPatching::new(shapes, Extent::new(case.patch).unwrap()).unwrap();
    let spec = |index| patching.spec(index, &mut PatchRng::for_patch(SEED, 0, index)).unwrap();
    (0..patching.n_patches()).map(|index| *spec(index).patch().unwrap()).collect()
}

/// Converts the rows of a region, one after the other.
fn copy_rows<T: Pixel>(pixels: &[T], [_, height, width]: [usize; 3], region: &PatchSpec, out: &mut [f32]) {
    let [z0, y0, x0] = region.coords.to_zyx(0).map(|start| usize::try_from(start).unwrap());
    let [depth, n_rows, length] = region.patch_size.to_zyx();
    let places = (0..depth).flat_map(|z| (0..n_rows).map(move |y| (z, y)));
    for ((z, y), row) in places.zip(out.chunks_exact_mut(length)) {
        let start = ((z0 + z) * height + y0 + y) * width + x0;
        for (out, pixel) in row.iter_mut().zip(&pixels[start..start + length]) {
            *out = pixel.to_f32();
        }
    }
}

fn bench_case<T: Pixel>(criterion: &mut Criterion, case: &Case) {
    let image = image::<T>(case.image);
    let plain = dataset(case, &image, false);
    let n_pixels: usize = case.patch.iter().product();
    let regions = regions(&plain, case);
    let mut group = criterion.benchmark_group(format!("{} {}", case.name, T::TYPE));
    let bytes = (regions.len() * n_pixels * size_of::<f32>()) as u64;
    group.throughput(Throughput::ElementsAndBytes { elements: regions.len() as u64, bytes });
    group.sample_size(10).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));

    let shape = Extent::new(case.image).unwrap().to_zyx();
    let mut batch = vec![0.0_f32; BATCH_SIZE * n_pixels];
    group.bench_function("copy", |bencher| {
        bencher.iter(|| {
            for batch_regions in regions.chunks(BATCH_SIZE) {
                for (region, out) in batch_regions.iter().zip(batch.chunks_exact_mut(n_pixels)) {
                    copy_rows(image.as_slice().unwrap(), shape, region, out);
                }
                black_box(&batch);
            }
        });
    });
    for is_prepared in [false, true] {
        for n_workers in [1, 2] {
            let dataset = dataset(case, &image, is_prepared);
            let options = LoaderOptions {
                batch_size: BATCH_SIZE,
                order: Order::Shuffled,
                n_workers,
                ..LoaderOptions::default()
            };
            let loader = Loader::new(dataset, options).unwrap();
            let what = if is_prepared { "normalised and augmented" } else { "as they are" };
            group.bench_function(format!("{what}, {n_workers} workers"), |bencher| {
                bencher.iter(|| {
                    for batch in loader.epoch(0).unwrap() {
                        black_box(batch.unwrap().inputs());
                    }
                });
            });
        }
    }
    group.finish();
}

fn patches(criterion: &mut Criterion) {
    bench_case::<u16>(criterion, &PLANE);
    bench_case::<f32>(criterion, &PLANE);
    bench_case::<u16>(criterion, &VOLUME);
}

criterion_group!(benches, patches);
criterion_main!(benches);
