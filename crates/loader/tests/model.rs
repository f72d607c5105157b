//! The protocol of batches, slots and channels under a model checker: whatever turns the threads take, batches are those
//! of one thread, nothing hangs, and all threads end.
//!
//!     cargo test -p patchweave-loader --features model-checking --test model
#![cfg(feature = "model-checking")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

mod support;

use patchweave_construct::Dataset;
use patchweave_loader::{Loader, LoaderError, LoaderOptions, OnFailure};
use support::{Seen, dataset, hooked, no_such_image, seen};

const N_SCHEDULES: usize = 1500;

/// Tries random schedules, and ones in which few threads are held up for long.
fn check(model: impl Fn() + Send + Sync + Clone + 'static) {
    shuttle::check_random(model.clone(), N_SCHEDULES);
    shuttle::check_pct(model, N_SCHEDULES, 3);
}

/// Six patches in batches of two.
fn options(n_workers: usize, prefetch_batches: usize) -> LoaderOptions {
    LoaderOptions { batch_size: 2, n_workers, prefetch_batches, ..Default::default() }
}

fn patches() -> Dataset {
    hooked(&dataset(&[[16, 24]], 1), |_| Ok(()))
}

/// What one thread delivers, found without the checker's help: patches do not depend on it.
fn expected() -> Vec<Seen> {
    seen(Loader::new(patches(), options(1, 1)).unwrap().epoch(0).unwrap()).unwrap()
}

#[test]
fn batches_are_those_of_one_thread() {
    for (n_workers, prefetch_batches) in [(2, 1), (2, 2), (3, 3)] {
        check(move || {
            let loader = Loader::new(patches(), options(n_workers, prefetch_batches)).unwrap();
            assert_eq!(seen(loader.epoch(0).unwrap()).unwrap(), expected());
        });
    }
}

#[test]
fn consumers_may_stop_anywhere() {
    for n_taken in 0..4 {
        check(move || {
            let loader = Loader::new(patches(), options(2, 2)).unwrap();
            let mut batches = loader.epoch(0).unwrap();
            let held: Vec<_> = batches.by_ref().take(n_taken).collect();
            drop(batches);
            drop(loader);
            assert!(held.iter().all(Result::is_ok));
        });
    }
}

#[test]
fn failing_and_panicking_patches_fail_their_batches_alone() {
    for on_failure in [OnFailure::Fail, OnFailure::Retry(1), OnFailure::Skip] {
        check(move || {
            let set = hooked(&patches(), |index| match index {
                1 => Err(no_such_image(index)),
                4 => std::panic::resume_unwind(Box::new("moody")),
                _ => Ok(()),
            });
            let loader = Loader::new(set, LoaderOptions { on_failure, ..options(2, 3) }).unwrap();
            let results: Vec<_> = loader.epoch(0).unwrap().collect();
            match (on_failure, results.as_slice()) {
                (OnFailure::Skip, [Ok(first), Ok(second), Ok(third)]) => {
                    let len = |batch: &patchweave_loader::Batch| (batch.len(), batch.skipped().len());
                    assert_eq!([len(first), len(second), len(third)], [(1, 1), (2, 0), (1, 1)]);
                }
                (_, [Err(LoaderError::Patch { .. }), Ok(_), Err(LoaderError::Panicked { .. })]) => {}
                (_, other) => panic!("{other:?}"),
            }
        });
    }
}

#[test]
fn memory_comes_back_while_threads_take_it() {
    check(|| {
        let options = LoaderOptions { prefetch_bytes: 3_500, ..options(2, 3) };
        let loader = Loader::new(patches(), options).unwrap();
        let consumer = loader.epoch(0).unwrap();
        let thread = shuttle::thread::spawn(move || seen(consumer).unwrap());
        let here = seen(loader.epoch(0).unwrap()).unwrap();
        assert_eq!(here, thread.join().unwrap());
    });
}
