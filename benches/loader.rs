//! What the loader itself costs: patches that take no time to make, orders, and the time to the first batch.
//!
//! `copy` is a plain copy of what the batches hold, for comparison.
#![allow(clippy::unwrap_used, missing_docs, reason = "a bench that fails panics")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ndarray::Array;
use patchweave::construct::{BasicPatchConstr, Dataset, PatchExtractor};
use patchweave::geometry::Extent;
use patchweave::loader::{ChunkAware, Loader, LoaderOptions, Order};
use patchweave::patching::RandomPatching;
use patchweave::stack::ArrayStack;

const BATCH_SIZE: usize = 128;

/// Patches of 8 × 8 pixels: next to nothing to copy.
fn dataset(side: usize, patch: usize) -> Dataset {
    let image = Array::from_shape_simple_fn((side, side), || 7_u16).into_dyn();
    let images =
        PatchExtractor::new(vec![Arc::new(ArrayStack::new(image, &"YX".parse().unwrap()).unwrap())]).unwrap();
    let patching = RandomPatching::new(images.shapes(), Extent::new(&[patch, patch]).unwrap()).unwrap();
    Dataset::new(Arc::new(BasicPatchConstr::new(patching, images, None, None).unwrap()), 1)
}

fn orders() -> [Order; 4] {
    let aware = ChunkAware { window: 1024, ..ChunkAware::default() };
    [Order::Sequential, Order::Shuffled, Order::Grouped, Order::ChunkAware(aware)]
}

fn delivery(criterion: &mut Criterion) {
    let set = dataset(2048, 8);
    let mut group = criterion.benchmark_group("65 536 patches of 8 × 8");
    group.throughput(Throughput::Elements(set.n_patches() as u64));
    group.sample_size(10).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(2));
    let source = vec![1.0_f32; BATCH_SIZE * 64];
    let mut target = source.clone();
    group.bench_function("copy", |bencher| {
        bencher.iter(|| {
            for _ in 0..set.n_patches() / BATCH_SIZE {
                target.copy_from_slice(black_box(&source));
                black_box(&target);
            }
        });
    });
    for order in orders() {
        for n_workers in [1, 2] {
            let options =
                LoaderOptions { batch_size: BATCH_SIZE, order, n_workers, ..LoaderOptions::default() };
            let loader = Loader::new(set.clone(), options).unwrap();
            group.bench_function(format!("{}, {n_workers} workers", order.name()), |bencher| {
                bencher.iter(|| {
                    for batch in loader.epoch(0).unwrap() {
                        black_box(batch.unwrap().inputs());
                    }
                });
            });
        }
    }
}

/// From a data set to its first batch, threads and order included.
fn first_batch(criterion: &mut Criterion) {
    let set = dataset(8192, 64);
    let mut group = criterion.benchmark_group("first batch of 8192 × 8192");
    group.sample_size(10).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    for order in orders() {
        let options =
            LoaderOptions { batch_size: BATCH_SIZE, order, n_workers: 2, ..LoaderOptions::default() };
        group.bench_function(order.name(), |bencher| {
            bencher.iter(|| {
                let loader = Loader::new(set.clone(), options).unwrap();
                black_box(loader.epoch(0).unwrap().next().unwrap().unwrap().inputs());
            });
        });
    }
}

criterion_group!(benches, delivery, first_batch);
criterion_main!(benches);
