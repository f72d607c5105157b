//! Threads of loaders: no more than there is work for, and none left behind whatever happens to a batch.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use ndarray::Array;
use patchweave_construct::{BasicPatchConstr, Dataset, PatchExtractor};
use patchweave_geometry::{Extent, PatchSpec, PerAxis};
use patchweave_loader::{Loader, LoaderError, LoaderOptions, OnFailure, Order};
use patchweave_patching::FixedPatching;
use patchweave_stack::ArrayStack;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use support::{hooked, no_such_image};

/// Patches of which some fail and others panic.
fn moody(n_patches: usize, fails_every: usize, panics_every: usize) -> Dataset {
    let stack = ArrayStack::new(Array::from_elem(vec![8, 8], 7_u8), &"YX".parse().unwrap()).unwrap();
    let input = PatchExtractor::new(vec![Arc::new(stack)]).unwrap();
    let patch = PatchSpec {
        data_idx: 0,
        sample_idx: 0,
        coords: PerAxis::new(&[2, 2]).unwrap(),
        patch_size: Extent::new(&[4, 4]).unwrap(),
    };
    let patching = FixedPatching::new(vec![patch.into(); n_patches]);
    let constr = BasicPatchConstr::new(patching, input, None, None).unwrap();
    hooked(&Dataset::new(Arc::new(constr), 1), move |index| {
        if index % panics_every == panics_every - 1 {
            // Unlike `panic!` this prints nothing.
            std::panic::resume_unwind(Box::new("moody"));
        }
        if index % fails_every == fails_every - 1 { Err(no_such_image(index)) } else { Ok(()) }
    })
}

fn n_threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

/// Waits for threads that were joined and are still listed for a moment.
fn assert_n_threads(expected: usize) {
    for _ in 0..1000 {
        if n_threads() == expected {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(n_threads(), expected);
}

/// One test, because tests that run at the same time have threads of their own.
#[test]
fn threads_come_and_go_with_the_work() {
    let before = n_threads();
    let never = usize::MAX;
    for (n_patches, n_expected) in [(0, 0), (3, 3), (20, 8)] {
        let options = LoaderOptions { n_workers: 8, ..Default::default() };
        let loader = Loader::new(moody(n_patches, never, never), options).unwrap();
        let batches = loader.epoch(0).unwrap();
        assert_eq!(n_threads(), before + n_expected, "{n_patches} patches");
        assert_eq!(batches.filter(Result::is_ok).count(), n_patches);
        assert_n_threads(before);
    }

    // As many as there are patches, however many a batch might hold.
    let options = LoaderOptions { n_workers: 8, batch_size: 128, ..Default::default() };
    let loader = Loader::new(moody(3, never, never), options).unwrap();
    let batches = loader.epoch(0).unwrap();
    assert_eq!(n_threads(), before + 3);
    drop(batches);
    assert_n_threads(before);

    let mut rng = SmallRng::seed_from_u64(1);
    for _ in 0..400 {
        let options = LoaderOptions {
            batch_size: rng.random_range(1..8),
            order: if rng.random() { Order::Shuffled } else { Order::Sequential },
            drop_last: rng.random(),
            n_workers: rng.random_range(1..5),
            prefetch_batches: rng.random_range(1..6),
            prefetch_bytes: rng.random_range(2_000..40_000),
            on_failure: [OnFailure::Fail, OnFailure::Skip, OnFailure::Retry(2)][rng.random_range(0..3)],
            ..Default::default()
        };
        let dataset = moody(rng.random_range(0..60), rng.random_range(1..40), rng.random_range(1..40));
        let loader = Loader::new(dataset, options).unwrap();
        let n_taken = rng.random_range(0..4);
        let mut batches = loader.epoch(rng.random_range(0..3)).unwrap();
        for batch in batches.by_ref().take(n_taken) {
            assert!(!matches!(batch, Err(LoaderError::WorkersGone)), "{options:?}");
        }
        if rng.random() {
            drop(loader);
        }
        drop(batches);
    }
    assert_n_threads(before);
}
