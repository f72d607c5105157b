//! Thousands of loaders opened and dropped in the middle of an epoch leave no threads, no files and no memory behind; alone
//! in its process, because it asks what the process has.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

mod support;

use std::path::PathBuf;
use std::sync::Arc;

use patchweave::construct::{BasicPatchConstr, Dataset, PatchExtractor};
use patchweave::formats::{FileFormat, OpenOptions, open};
use patchweave::geometry::Extent;
use patchweave::loader::{ChunkAware, Loader, LoaderOptions, OnFailure, Order};
use patchweave::patching::{PatchRng, RandomPatching};
use patchweave::stack::ImageStack;
use rand::RngExt;
use support::Place;

const N_LOADERS: usize = 4000;

/// What the process has of the kernel, and bytes of memory.
#[derive(Debug, Clone, Copy)]
struct Held {
    n_threads: usize,
    n_files: usize,
    n_bytes: usize,
}

impl Held {
    fn now() -> Self {
        let n_entries = |folder| std::fs::read_dir(folder).unwrap().count();
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
        let kib: usize = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        Held {
            n_threads: n_entries("/proc/self/task"),
            n_files: n_entries("/proc/self/fd"),
            n_bytes: kib * 1024,
        }
    }
}

/// Opens the files anew and takes a few batches of one of the orders, or all of them.
fn open_and_drop(paths: &[(PathBuf, FileFormat)], number: usize) {
    let mut rng = PatchRng::for_patch(5, 0, number);
    let options = OpenOptions::with_cache_bytes(1 << 20);
    let stacks: Vec<Arc<dyn ImageStack>> = paths
        .iter()
        .flat_map(|(path, data_type)| open(path, *data_type, Some(&"YX".parse().unwrap()), &options).unwrap())
        .collect();
    let images = PatchExtractor::new(stacks).unwrap();
    let patching = RandomPatching::new(images.shapes(), Extent::new(&[32, 32]).unwrap()).unwrap();
    let dataset = Dataset::new(Arc::new(BasicPatchConstr::new(patching, images, None, None).unwrap()), 3);
    let orders = [
        Order::Sequential,
        Order::Shuffled,
        Order::Grouped,
        Order::ChunkAware(ChunkAware { window: 30, sources: 2, cache_bytes: 1 << 20 }),
    ];
    let loader = Loader::new(
        dataset,
        LoaderOptions {
            batch_size: rng.random_range(1..9),
            order: orders[number % orders.len()],
            n_workers: rng.random_range(1..4),
            prefetch_batches: rng.random_range(1..6),
            on_failure: OnFailure::Skip,
            ..Default::default()
        },
    )
    .unwrap();
    let mut batches = loader.epoch(number as u64).unwrap();
    let held: Vec<_> = batches.by_ref().take(rng.random_range(0..6)).map(Result::unwrap).collect();
    // In any order of dropping.
    if rng.random() {
        drop(loader);
        drop(batches);
        drop(held);
    } else {
        drop(held);
        drop(batches);
        drop(loader);
    }
}

#[test]
fn loaders_leave_nothing_behind() {
    let place = Place::new();
    let pixel = |at: usize| u16::try_from(at * 7 % 60_000).unwrap();
    place.image("a.tiff", "tiff", "YX", &[128, 96], pixel);
    place.image("b.ome.zarr", "ome_zarr", "YX", &[128, 96], pixel);
    let paths = [(place.path("a.tiff"), FileFormat::Tiff), (place.path("b.ome.zarr"), FileFormat::Zarr)];
    // Allocators and runtimes keep what they needed once.
    (0..N_LOADERS / 4).for_each(|number| open_and_drop(&paths, number));
    let before = Held::now();
    (N_LOADERS / 4..N_LOADERS).for_each(|number| open_and_drop(&paths, number));
    let after = Held::now();
    // A thread that was joined may be listed for a moment.
    assert!(after.n_threads <= before.n_threads + 2, "{before:?} {after:?}");
    assert_eq!(after.n_files, before.n_files, "{before:?} {after:?}");
    // One batch, or what is known of one file, left behind by every loader would be more.
    assert!(after.n_bytes < before.n_bytes + 4_000_000, "{before:?} {after:?}");
}
