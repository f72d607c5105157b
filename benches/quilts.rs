//! How fast images are cut into patches and put together again, beside a plain copy of the same patches.
#![allow(clippy::unwrap_used, reason = "a benchmark that fails panics")]

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ndarray::{ArrayD, IxDyn};
use patchweave::geometry::{Coords, Extent, PerAxis, Region};
use patchweave::quilt::{Accumulator, BlendWindow, Quilt, weed_sparse_classification_training_pairs};
use rayon::prelude::*;

/// Name, shape of the images, window, step, border.
type Case = (&'static str, &'static [usize], &'static [usize], &'static [usize], i64);

const CASES: &[Case] = &[
    ("2-D, 64 of 1024, half overlap", &[4, 3, 1024, 1024], &[64, 64], &[32, 32], 8),
    ("2-D, 256 of 2048, half overlap", &[2, 1, 2048, 2048], &[256, 256], &[128, 128], 0),
    ("2-D, 32 of 512, no overlap", &[32, 3, 512, 512], &[32, 32], &[32, 32], 0),
    ("2-D, 100×60 of 1023×777, odd steps", &[4, 3, 1023, 777], &[100, 60], &[33, 47], 10),
    ("2-D, 16 of 1024, half overlap", &[8, 1, 1024, 1024], &[16, 16], &[8, 8], 2),
    ("3-D, 64 of 128×256×256, half overlap", &[1, 1, 128, 256, 256], &[64, 64, 64], &[32, 32, 32], 4),
    ("3-D, 32 of 96×128×128, half overlap", &[2, 2, 96, 128, 128], &[32, 32, 32], &[16, 16, 16], 4),
];

/// What every thread copies at a time.
const SHARE: usize = 1 << 16;

fn whole_images(criterion: &mut Criterion) {
    for &(name, shape, window, step, border) in CASES {
        let quilt = Quilt::new(
            Extent::new(&shape[2..]).unwrap(),
            Extent::new(window).unwrap(),
            PerAxis::new(step).unwrap(),
        );
        let quilt = quilt.unwrap().with_border(border, 0.1).unwrap();
        let images = ArrayD::<f32>::from_shape_fn(IxDyn(shape), |at| at[shape.len() - 1] as f32);
        let mut patches = quilt.unstitch(images.view()).unwrap();
        let mut copied = patches.clone();
        let mut result = images.clone();

        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Bytes((patches.len() * size_of::<f32>()) as u64));
        group
            .sample_size(10)
            .warm_up_time(Duration::from_millis(300))
            .measurement_time(Duration::from_secs(1));
        group.bench_function("plain copy", |bencher| {
            bencher.iter(|| {
                let from = patches.as_slice().unwrap().par_chunks(SHARE);
                copied.as_slice_mut().unwrap().par_chunks_mut(SHARE).zip(from).for_each(|(to, from)| {
                    to.copy_from_slice(from);
                });
                black_box(&copied);
            });
        });
        group.bench_function("unstitch_into", |bencher| {
            bencher.iter(|| quilt.unstitch_into(images.view(), patches.view_mut()).unwrap());
        });
        group.bench_function("stitch_into", |bencher| {
            bencher.iter(|| quilt.stitch_into(patches.view(), result.view_mut()).unwrap());
        });
        group.finish();
    }
}

fn tile_by_tile(criterion: &mut Criterion) {
    let image = Extent::new(&[1024, 1024]).unwrap();
    let window = Extent::new(&[128, 128]).unwrap();
    let quilt = Quilt::new(image, window, PerAxis::new(&[96, 96]).unwrap()).unwrap();
    let images = ArrayD::<f32>::ones(IxDyn(&[1, 1, 1024, 1024]));
    let patches = quilt.unstitch(images.view()).unwrap();
    let starts: Vec<Coords> = (0..quilt.n_patches(1))
        .map(|index| quilt.grid().start(index).unwrap().map(|at| i64::try_from(at).unwrap()))
        .collect();
    let mut group = criterion.benchmark_group("tiles of 128 into 1024, one after the other");
    group.throughput(Throughput::Bytes((patches.len() * size_of::<f32>()) as u64));
    group.sample_size(10).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    let blends = [("constant", BlendWindow::constant(window)), ("Hann", BlendWindow::hann(window))];
    for (name, blend) in blends {
        let mut sums = Accumulator::new(1, Region::whole(image)).unwrap();
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                for (tile, start) in patches.outer_iter().zip(&starts) {
                    sums.add(tile, *start, &blend).unwrap();
                }
            });
        });
    }
    group.finish();
}

fn sparse_labels(criterion: &mut Criterion) {
    let inputs = ArrayD::<f32>::zeros(IxDyn(&[2000, 1, 64, 64]));
    let labels = ArrayD::<i64>::from_shape_fn(IxDyn(&[2000, 64, 64]), |at| i64::from(at[0] % 7 != 0) - 1);
    let mask = ArrayD::<f32>::ones(IxDyn(&[64, 64]));
    let mut group = criterion.benchmark_group("2000 pairs of 64, sparse labels");
    group.throughput(Throughput::Bytes((labels.len() * size_of::<i64>()) as u64));
    group.sample_size(10).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    group.bench_function("weed", |bencher| {
        bencher.iter(|| {
            weed_sparse_classification_training_pairs(inputs.view(), labels.view(), -1, mask.view()).unwrap()
        });
    });
    group.finish();
}

criterion_group!(benches, whole_images, tile_by_tile, sparse_labels);
criterion_main!(benches);
