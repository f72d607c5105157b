//! Constructors that fail, panic, or are slow: what a consumer gets, and that nothing is lost or hangs.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

mod support;

use std::collections::BTreeSet;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use patchweave_construct::{ConstructError, Dataset};
use patchweave_loader::{Batch, ChunkAware, Loader, LoaderError, LoaderOptions, OnFailure, Order, Shapes};
use patchweave_patching::PatchingError;
use proptest::prelude::*;
use support::{Hooked, Seen, dataset, extractor, hooked, image, no_such_image, seen};

/// What a constructor does at a patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    Fine,
    Fails,
    Panics,
    /// Gives other threads time to overtake it.
    Slow,
    /// Fails so many times, then succeeds.
    FailsFirst(usize),
}

/// The mood at every patch, a function of a seed.
fn mood(seed: u64, index: usize) -> Mood {
    match (index as u64).wrapping_mul(seed | 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 59 {
        0 => Mood::Fails,
        1 => Mood::Panics,
        2..6 => Mood::Slow,
        6..9 => Mood::FailsFirst(1 + index % 3),
        _ => Mood::Fine,
    }
}

fn moody(set: &Dataset, seed: u64) -> Dataset {
    let n_tries: Vec<AtomicUsize> = (0..set.n_patches()).map(|_| AtomicUsize::new(0)).collect();
    hooked(set, move |index| match mood(seed, index) {
        Mood::Fine => Ok(()),
        Mood::Fails => Err(no_such_image(index)),
        // Unlike `panic!` this prints nothing.
        Mood::Panics => std::panic::resume_unwind(Box::new("moody")),
        Mood::Slow => {
            (0..50).for_each(|_| std::thread::yield_now());
            Ok(())
        }
        Mood::FailsFirst(n) => {
            if n_tries[index].fetch_add(1, Ordering::Relaxed) < n {
                Err(no_such_image(index))
            } else {
                Ok(())
            }
        }
    })
}

fn seen_or_error(batch: Result<Batch, LoaderError>) -> Result<Seen, LoaderError> {
    batch.map(|batch| Seen::of(&batch))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// A batch is an error exactly if one of its patches fails more often than it is tried, and names the first of them.
    #[test]
    fn batches_with_failing_patches_are_errors(
        seed in 0_u64..1000, n_retries in 0_usize..4, batch_size in 1_usize..9, n_workers in 1_usize..5,
    ) {
        let calm = unflipped(&dataset(&[[40, 48]], 3));
        let options = LoaderOptions {
            batch_size, n_workers, order: Order::Shuffled, prefetch_batches: 4, ..Default::default()
        };
        let expected = seen(Loader::new(calm.clone(), options).unwrap().epoch(2).unwrap()).unwrap();
        let on_failure = if n_retries > 0 { OnFailure::Retry(n_retries) } else { OnFailure::Fail };
        let loader = Loader::new(moody(&calm, seed), LoaderOptions { on_failure, ..options }).unwrap();
        let mut batches = loader.epoch(2).unwrap();
        let results: Vec<_> = batches.by_ref().map(seen_or_error).collect();
        prop_assert_eq!(results.len(), expected.len());
        let mut n_expected_retries = 0;
        for (result, expected) in results.iter().zip(&expected) {
            let fails = |index: usize| match mood(seed, index) {
                Mood::Fails | Mood::Panics => true,
                Mood::FailsFirst(n) => n > n_retries,
                Mood::Fine | Mood::Slow => false,
            };
            n_expected_retries += expected.samples.iter().map(|id| match mood(seed, id.index) {
                Mood::Fails | Mood::Panics => n_retries,
                Mood::FailsFirst(n) => n.min(n_retries),
                Mood::Fine | Mood::Slow => 0,
            }).sum::<usize>();
            let first = expected.samples.iter().find(|id| fails(id.index));
            match (first, result) {
                (None, Ok(batch)) => prop_assert_eq!(batch, expected),
                (Some(id), Err(LoaderError::Patch { sample, .. } | LoaderError::Panicked { sample, .. })) => {
                    prop_assert_eq!(sample.id, *id);
                    prop_assert!(sample.place.is_some());
                }
                other => return Err(TestCaseError::fail(format!("{other:?}"))),
            }
        }
        let stats = batches.stats();
        prop_assert_eq!(stats.n_retries, n_expected_retries as u64);
        prop_assert_eq!(stats.n_batches + stats.n_failed_batches, expected.len());
    }

    /// With `skip` a batch has all patches but those that fail, in their order, and says which are missing.
    #[test]
    fn skipped_patches_are_reported(
        seed in 0_u64..1000, batch_size in 1_usize..9, n_workers in 1_usize..5,
    ) {
        let options = LoaderOptions {
            batch_size, n_workers, order: Order::Shuffled, on_failure: OnFailure::Skip, ..Default::default()
        };
        let calm = unflipped(&dataset(&[[40, 48]], 3));
        let expected = seen(Loader::new(calm.clone(), options).unwrap().epoch(0).unwrap()).unwrap();
        let loader = Loader::new(moody(&calm, seed), options).unwrap();
        let mut batches = loader.epoch(0).unwrap();
        let mut n_skipped = 0;
        let mut n_patches = 0;
        for (batch, expected) in batches.by_ref().zip(&expected) {
            let is_bad = |index: usize| !matches!(mood(seed, index), Mood::Fine | Mood::Slow);
            let bad: BTreeSet<usize> =
                expected.samples.iter().map(|id| id.index).filter(|&index| is_bad(index)).collect();
            if bad.len() == expected.samples.len() {
                let error = batch.err().unwrap();
                let LoaderError::AllSkipped { batch_idx, n, .. } = error else {
                    return Err(TestCaseError::fail(error.to_string()));
                };
                prop_assert_eq!((batch_idx, n), (expected.batch_idx, expected.samples.len()));
                n_skipped += n;
                continue;
            }
            let batch = batch.unwrap();
            let kept: Vec<usize> = (0..expected.samples.len()).filter(|&place| !is_bad(expected.samples[place].index)).collect();
            let got = Seen::of(&batch);
            prop_assert_eq!(&got.samples, &kept.iter().map(|&place| expected.samples[place]).collect::<Vec<_>>());
            prop_assert_eq!(&got.specs, &kept.iter().map(|&place| expected.specs[place].clone()).collect::<Vec<_>>());
            let pixels: Vec<u32> = kept.iter().flat_map(|&place| expected.inputs[place * 64..(place + 1) * 64].to_vec()).collect();
            prop_assert!(got.inputs == pixels);
            let skipped: BTreeSet<usize> = batch.skipped().iter().map(|error| match error {
                LoaderError::Patch { sample, .. } | LoaderError::Panicked { sample, .. } => sample.id.index,
                other => panic!("{other}"),
            }).collect();
            prop_assert_eq!(&skipped, &bad);
            n_skipped += bad.len();
            n_patches += batch.len();
        }
        let stats = batches.stats();
        prop_assert_eq!((stats.n_skipped, stats.n_patches), (n_skipped, n_patches));
    }
}

/// The same patches without augmentations, which hooked data sets do not have.
fn unflipped(set: &Dataset) -> Dataset {
    hooked(set, |_| Ok(()))
}

#[test]
fn errors_name_patch_file_region_and_cause() {
    let loader = Loader::new(
        hooked(&dataset(&[[40, 48]], 3), |index| if index == 4 { Err(no_such_image(index)) } else { Ok(()) }),
        LoaderOptions { batch_size: 5, ..Default::default() },
    )
    .unwrap();
    let spec = dataset(&[[40, 48]], 3).locate(4, 1).unwrap().unwrap();
    let start = spec.patch().unwrap().coords;
    let error = loader.epoch(1).unwrap().next().unwrap().unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("batch 0: patch 4 of epoch 1 (array, sample 0, start {start:?}, size 8 × 8) failed")
    );
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(cause, "patch 4 points at image 9, there are 1");
}

/// What strategies and constructors of other crates tell comes with all its causes.
#[test]
fn errors_of_others_keep_their_causes() {
    let failures: [fn() -> ConstructError; 2] = [
        || ConstructError::other(std::io::Error::other("no photons")),
        || PatchingError::other(std::io::Error::other("no photons")).into(),
    ];
    for (failure, told) in failures.into_iter().zip(["the constructor failed", "the strategy failed"]) {
        let set = hooked(&dataset(&[[40, 48]], 3), move |_| Err(failure()));
        let error = Loader::new(set, LoaderOptions::default()).unwrap().epoch(0).unwrap().next().unwrap();
        let error = error.unwrap_err();
        let cause = error.source().unwrap();
        let causes = [cause.to_string(), cause.source().unwrap().to_string()];
        assert_eq!(causes, [told, "no photons"]);
    }
}

/// An error that panics when it is dropped.
#[derive(Debug)]
struct Bomb;

impl std::fmt::Display for Bomb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "bomb")
    }
}

impl std::error::Error for Bomb {}

impl Drop for Bomb {
    fn drop(&mut self) {
        // Unlike `panic!` this prints nothing.
        std::panic::resume_unwind(Box::new("the error goes off"));
    }
}

/// Whatever drops it, a worker or the consumer that tries again, the epoch goes on.
#[test]
fn errors_that_panic_when_dropped_hang_nobody() {
    for n_workers in [1, 2, 3] {
        let set = hooked(&dataset(&[[40, 40]], 3), |index| {
            if index != 7 {
                return Ok(());
            }
            let source = Box::new(Bomb);
            let stack = patchweave_stack::StackError::Other { stack: "bomb".to_owned(), source };
            Err(ConstructError::Stack(stack))
        });
        let options =
            LoaderOptions { batch_size: 5, n_workers, on_failure: OnFailure::Retry(2), ..Default::default() };
        let results: Vec<_> = Loader::new(set, options)
            .unwrap()
            .epoch(0)
            .unwrap()
            .map(|batch| batch.map(|batch| batch.len()))
            .collect();
        let Err(LoaderError::Panicked { batch_idx: 1, sample, message }) = &results[1] else {
            panic!("{results:?}")
        };
        assert_eq!((sample.id.index, message.as_str()), (7, "the error goes off"));
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 4);
    }
}

/// A patch whose place nobody tells fails its own batch, for any number of threads.
#[test]
fn patches_without_a_place_fail_alone() {
    let order = Order::ChunkAware(ChunkAware { window: 6, sources: 2, cache_bytes: 1000 });
    let results = |n_workers, panics| {
        let inner = Arc::clone(dataset(&[[40, 40]], 3).constr());
        let before = |index| if index == 11 { Err(no_such_image(index)) } else { Ok(()) };
        let lost = Hooked::new(inner, Box::new(before)).before_locating(Box::new(move |index| {
            match (index == 11, panics) {
                (false, _) => Ok(()),
                (true, false) => Err(no_such_image(index)),
                (true, true) => std::panic::resume_unwind(Box::new("lost")),
            }
        }));
        let options = LoaderOptions { batch_size: 5, n_workers, order, ..Default::default() };
        let loader = Loader::new(Dataset::new(Arc::new(lost), 3), options).unwrap();
        loader
            .epoch(0)
            .unwrap()
            .map(seen_or_error)
            .map(|batch| batch.map_err(|error| error.to_string()))
            .collect::<Vec<_>>()
    };
    for panics in [false, true] {
        let one = results(1, panics);
        assert_eq!(one.iter().filter(|batch| batch.is_err()).count(), 1);
        let error = one.iter().find_map(|batch| batch.as_ref().err()).unwrap();
        assert!(error.contains("patch 11 of epoch 0"), "{error}");
        assert_eq!(results(3, panics), one);
    }
}

#[test]
fn whole_images_are_grouped_by_shape() {
    let sizes = [[8, 9], [7, 9], [8, 9], [8, 9], [7, 9], [5, 5]];
    let images = sizes.iter().map(|size| image(size, "YX", 1)).collect();
    let input = extractor(images);
    let patching = patchweave_patching::WholePatching::new(input.shapes()).unwrap();
    let constr = patchweave_construct::BasicPatchConstr::new(patching, input, None, None).unwrap();
    let set = Dataset::new(Arc::new(constr), 1);
    let batches = |drop_last, order| {
        let options =
            LoaderOptions { batch_size: 2, drop_last, order, shapes: Shapes::Grouped, ..Default::default() };
        let loader = Loader::new(set.clone(), options).unwrap();
        let batches: Vec<_> = loader.epoch(0).unwrap().map(Result::unwrap).collect();
        batches
            .iter()
            .map(|batch| (batch.indices().collect::<Vec<_>>(), batch.inputs().shape()[3..].to_vec()))
            .collect::<Vec<_>>()
    };
    let all =
        [(vec![0, 2], vec![8, 9]), (vec![1, 4], vec![7, 9]), (vec![3], vec![8, 9]), (vec![5], vec![5, 5])];
    assert_eq!(batches(false, Order::Sequential), all);
    assert_eq!(batches(true, Order::Sequential), all[..2]);
    let mut shuffled: Vec<usize> =
        batches(false, Order::Shuffled).into_iter().flat_map(|batch| batch.0).collect();
    shuffled.sort_unstable();
    assert_eq!(shuffled, (0..6).collect::<Vec<_>>());
}

/// The consumer may be any thread, and may panic in the middle.
#[test]
fn consumers_on_other_threads_may_panic() {
    let options = LoaderOptions { batch_size: 4, n_workers: 3, prefetch_batches: 2, ..Default::default() };
    let loader = Loader::new(dataset(&[[80, 80]], 3), options).unwrap();
    let mut batches = loader.epoch(0).unwrap();
    let consumer = std::thread::spawn(move || {
        let batch = batches.nth(2).unwrap().unwrap();
        // Unlike `panic!` this prints nothing.
        std::panic::resume_unwind(Box::new(batch.len()));
    });
    let payload = consumer.join().map(|()| 0_usize).unwrap_err();
    assert_eq!(*payload.downcast::<usize>().unwrap(), 4);
    assert_eq!(loader.epoch(0).unwrap().count(), 25);
}

#[test]
fn bytes_in_flight_stay_within_the_budget() {
    let budget = 40_000;
    let options = LoaderOptions {
        batch_size: 8,
        n_workers: 2,
        prefetch_batches: 100,
        prefetch_bytes: budget,
        ..Default::default()
    };
    let loader = Loader::new(dataset(&[[160, 160]], 3), options).unwrap();
    let mut batches = loader.epoch(0).unwrap();
    while let Some(batch) = batches.next() {
        drop(batch.unwrap());
        assert!(batches.stats().bytes_in_flight <= budget);
    }
    let most = batches.stats().most_bytes_in_flight;
    assert!(most <= budget && most > budget / 2, "{most}");
}

#[test]
fn planes_have_no_depth_for_models() {
    let loader = |set| Loader::new(set, LoaderOptions { batch_size: 3, ..Default::default() }).unwrap();
    let first = |loader: Loader| loader.epoch(0).unwrap().next().unwrap().unwrap();
    let batch = first(loader(dataset(&[[40, 40]], 1)));
    assert_eq!(
        (batch.inputs().shape(), batch.model_inputs().shape()),
        (&[3, 1, 1, 8, 8][..], &[3, 1, 8, 8][..])
    );
    assert!(batch.model_targets().is_none());
    let volume = support::random_patches(vec![image(&[9, 20, 20], "ZYX", 1)], &[4, 8, 8], 1);
    assert_eq!(first(loader(volume)).model_inputs().shape(), [3, 1, 4, 8, 8]);
}
