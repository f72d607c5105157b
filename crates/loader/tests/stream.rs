//! The stream of batches: the same for any number of threads, honest about failures, gone when dropped.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ndarray::Array;
use patchweave_construct::{
    AugmentationStep, BasicPatchConstr, ConstructError, Dataset, Job, PatchConstr, PatchConstrExt,
    SampleLayout, SampleViewMut, Sources,
};
use patchweave_geometry::{Extent, RegionSpec};
use patchweave_loader::{Loader, LoaderError, LoaderOptions, Order};
use patchweave_patching::{FixedPatching, PatchRng, Patching, RandomPatching, WholePatching};
use patchweave_stack::{ArrayStack, ImageStack};
use patchweave_transform::{Augmentation, Normalizer, Scaling, TargetScaling, XyFlip, XyRandomRotate90};
use proptest::prelude::*;
use support::{extractor, image, no_such_image};

/// Two images of different size with targets, random patches, normalised and augmented.
fn dataset(seed: u64) -> Dataset {
    let input = extractor(vec![image(&[2, 61, 70], "SYX", 1), image(&[1, 40, 33], "SYX", 2)]);
    let target = extractor(vec![image(&[2, 3, 61, 70], "SCYX", 3), image(&[1, 3, 40, 33], "SCYX", 4)]);
    let patching = RandomPatching::new(input.shapes(), Extent::new(&[16, 16]).unwrap()).unwrap();
    let constr = BasicPatchConstr::new(patching, input, Some(target), None).unwrap();
    let scaling = |n: usize| Scaling::mean_std(&vec![30_000.0; n], &vec![9_000.0; n]).unwrap();
    let step = |augmentation| AugmentationStep { augmentation, seed: None };
    Dataset::new(Arc::new(constr), seed)
        .with_normalizer(Normalizer::new(scaling(1), TargetScaling::Given(scaling(3))))
        .with_augmentations(vec![
            step(Augmentation::XyFlip(XyFlip::new(true, true, 0.5).unwrap())),
            step(Augmentation::XyRandomRotate90(XyRandomRotate90::new(0.5).unwrap())),
        ])
        .unwrap()
}

/// Every bit of an epoch that a consumer can see.
type Seen = Vec<(Vec<usize>, Vec<RegionSpec>, Vec<u32>, Vec<u32>)>;

fn stream(loader: &Loader, epoch: u64) -> Seen {
    let bits = |values: ndarray::ArrayView5<'_, f32>| values.iter().map(|v| v.to_bits()).collect();
    loader
        .epoch(epoch)
        .unwrap()
        .map(|batch| {
            let batch = batch.unwrap();
            let targets = batch.targets().map_or_else(Vec::new, bits);
            (batch.indices().collect(), batch.specs().cloned().collect(), bits(batch.inputs()), targets)
        })
        .collect()
}

#[test]
fn workers_and_prefetch_do_not_change_the_stream() {
    let options = LoaderOptions { batch_size: 7, order: Order::Shuffled, ..Default::default() };
    let reference = stream(&Loader::new(dataset(42), options).unwrap(), 3);
    assert_eq!(reference.iter().map(|batch| batch.0.len()).sum::<usize>(), 2 * 20 + 9);
    for n_workers in [1, 2, 3, 8] {
        for (prefetch_batches, prefetch_bytes) in [(1, 1 << 20), (2, 1 << 20), (5, 60_000), (100, 1 << 30)] {
            let options = LoaderOptions { n_workers, prefetch_batches, prefetch_bytes, ..options };
            let loader = Loader::new(dataset(42), options).unwrap();
            assert!(stream(&loader, 3) == reference, "{options:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// What a patch looks like depends on (seed, epoch, index) alone: batch size and order only deal it out.
    #[test]
    fn batches_only_deal_patches_out(
        batch_size in 1_usize..60, shuffled: bool, seed in 1_u64..1000, epoch in 0_u64..5, n_workers in 1_usize..4,
    ) {
        let order = if shuffled { Order::Shuffled } else { Order::Sequential };
        let options = LoaderOptions { batch_size, order, n_workers, ..Default::default() };
        let by_index = |seen: Seen| {
            let mut patches: Vec<(usize, RegionSpec, Vec<u32>)> = seen
                .into_iter()
                .flat_map(|(indices, specs, inputs, _)| {
                    let len = inputs.len() / indices.len();
                    let parts: Vec<Vec<u32>> = inputs.chunks(len).map(<[u32]>::to_vec).collect();
                    indices.into_iter().zip(specs).zip(parts).map(|((i, s), p)| (i, s, p)).collect::<Vec<_>>()
                })
                .collect();
            patches.sort_by_key(|patch| patch.0);
            patches
        };
        let plain = Loader::new(dataset(seed), LoaderOptions::default()).unwrap();
        let loader = Loader::new(dataset(seed), options).unwrap();
        prop_assert!(by_index(stream(&loader, epoch)) == by_index(stream(&plain, epoch)));
    }
}

#[test]
fn seeds_and_epochs_differ() {
    let options = LoaderOptions { batch_size: 8, ..Default::default() };
    let one = Loader::new(dataset(1), options).unwrap();
    let other = Loader::new(dataset(2), options).unwrap();
    assert_ne!(stream(&one, 0), stream(&other, 0));
    assert_ne!(stream(&one, 0), stream(&one, 1));
    assert_eq!(stream(&one, 1), stream(&one, 1));
}

/// All 12 combinations of 3 flips (none, X, Y) and 4 turns occur, about as often as independent draws say:
/// a chi-square over their 8 distinct results; 7 degrees of freedom, 40.5 is exceeded with probability 1e-6.
#[test]
fn flips_and_turns_are_independent() {
    let ramp = Array::from_shape_vec(vec![1, 2, 2], vec![0_u8, 1, 2, 3]).unwrap();
    let stack: Arc<dyn ImageStack> = Arc::new(ArrayStack::new(ramp, &"SYX".parse().unwrap()).unwrap());
    let input = extractor(vec![stack]);
    let patching = RandomPatching::new(input.shapes(), Extent::new(&[2, 2]).unwrap()).unwrap();
    let step = |augmentation| AugmentationStep { augmentation, seed: Some(5) };
    let dataset = Dataset::new(Arc::new(BasicPatchConstr::new(patching, input, None, None).unwrap()), 1)
        .with_augmentations(vec![
            step(Augmentation::XyFlip(XyFlip::new(true, true, 0.5).unwrap())),
            step(Augmentation::XyRandomRotate90(XyRandomRotate90::new(0.5).unwrap())),
        ])
        .unwrap();
    let loader = Loader::new(dataset, LoaderOptions::default()).unwrap();
    let mut counts = std::collections::BTreeMap::<Vec<u32>, f64>::new();
    let n_epochs = 8000_u32;
    for epoch in 0..n_epochs {
        *counts.entry(stream(&loader, u64::from(epoch)).remove(0).2).or_default() += 1.0;
    }
    // A flip of X and one of Y with two turns meet, and so on: rotations get 1/4 or 1/12 + …, mirrors 1/8 + ….
    let value = |v: [f32; 4]| v.map(f32::to_bits).to_vec();
    let n = f64::from(n_epochs);
    let expected = [
        (value([0., 1., 2., 3.]), n * 0.25),
        (value([1., 3., 0., 2.]), n / 12.0),
        (value([3., 2., 1., 0.]), n / 12.0),
        (value([2., 0., 3., 1.]), n / 12.0),
        (value([1., 0., 3., 2.]), n * (0.125 + 0.25 / 6.0)),
        (value([2., 3., 0., 1.]), n * (0.125 + 0.25 / 6.0)),
        (value([0., 2., 1., 3.]), n / 12.0),
        (value([3., 1., 2., 0.]), n / 12.0),
    ];
    let chi_square: f64 = expected
        .iter()
        .map(|(value, expected)| (counts.get(value).unwrap_or(&0.0) - expected).powi(2) / expected)
        .sum();
    assert_eq!(counts.len(), 8);
    assert!(chi_square < 40.5, "chi-square {chi_square}");
}

/// What a constructor does wrong, and at which patch.
#[derive(Debug, Clone, Copy)]
struct Faults {
    fails_at: Option<usize>,
    panics_at: Option<usize>,
    bomb_at: Option<usize>,
    no_layout_from: usize,
    writes_nothing_from: usize,
}

impl Default for Faults {
    fn default() -> Self {
        let never = usize::MAX;
        Faults {
            fails_at: None,
            panics_at: None,
            bomb_at: None,
            no_layout_from: never,
            writes_nothing_from: never,
        }
    }
}

/// How often a constructor was asked.
#[derive(Debug, Default)]
struct Counts {
    n_made: AtomicUsize,
    n_layouts: AtomicUsize,
}

/// A constructor that counts, and fails or panics as told.
struct Faulty {
    inner: Box<dyn PatchConstr>,
    faults: Faults,
    counts: Arc<Counts>,
}

/// The payload of a panic that panics once more when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("the payload goes off");
    }
}

impl PatchConstr for Faulty {
    fn n_patches(&self) -> usize {
        self.inner.n_patches()
    }

    fn sources(&self) -> &Sources {
        self.inner.sources()
    }

    fn layout(&self, index: usize) -> Result<SampleLayout, ConstructError> {
        self.counts.n_layouts.fetch_add(1, Ordering::Relaxed);
        if index >= self.faults.no_layout_from { Err(no_such_image(index)) } else { self.inner.layout(index) }
    }

    fn construct_into(&self, job: Job<'_>, out: SampleViewMut<'_>) -> Result<RegionSpec, ConstructError> {
        let index = job.index;
        self.counts.n_made.fetch_add(1, Ordering::Relaxed);
        assert_ne!(Some(index), self.faults.panics_at, "index {index} is cursed");
        if Some(index) == self.faults.bomb_at {
            std::panic::panic_any(Bomb);
        }
        if Some(index) == self.faults.fails_at {
            return Err(no_such_image(index));
        }
        if index >= self.faults.writes_nothing_from {
            return self.inner.construct_patch(index, job.rng).map(|(_, spec)| spec);
        }
        self.inner.construct_into(job, out)
    }

    fn locate(&self, index: usize, rng: &mut PatchRng) -> Result<Option<RegionSpec>, ConstructError> {
        self.inner.locate(index, rng)
    }
}

fn faulty_dataset(faults: Faults) -> (Dataset, Arc<Counts>) {
    let input = extractor(vec![image(&[80, 80], "YX", 1)]);
    let patching = RandomPatching::new(input.shapes(), Extent::new(&[8, 8]).unwrap()).unwrap();
    let inner = Box::new(BasicPatchConstr::new(patching, input, None, None).unwrap());
    let counts = Arc::new(Counts::default());
    let constr = Faulty { inner, faults, counts: Arc::clone(&counts) };
    (Dataset::new(Arc::new(constr), 1), counts)
}

fn faulty(faults: Faults) -> (Loader, Arc<Counts>) {
    let options = LoaderOptions { batch_size: 10, n_workers: 3, prefetch_batches: 3, ..Default::default() };
    counted(options, faults)
}

#[test]
fn a_failing_patch_fails_its_batch_and_no_other() {
    let (loader, _) = faulty(Faults { fails_at: Some(37), ..Faults::default() });
    let results: Vec<_> = loader.epoch(0).unwrap().collect();
    assert_eq!(results.len(), 10);
    for (batch_idx, result) in results.iter().enumerate() {
        match result {
            Ok(batch) => assert_eq!((batch.batch_idx(), batch.len()), (batch_idx, 10)),
            Err(error) => {
                let text = error.to_string();
                assert!(text.starts_with("batch 3: patch 37 of epoch 0 (array, sample 0, start ["), "{text}");
                assert!(text.ends_with("], size 8 × 8) failed"), "{text}");
                let cause = std::error::Error::source(error).unwrap().to_string();
                assert_eq!(cause, "patch 37 points at image 9, there are 1");
            }
        }
    }
    assert_eq!(results.iter().filter(|result| result.is_err()).count(), 1);
}

#[test]
fn a_panic_is_an_error_of_its_batch() {
    let (loader, _) = faulty(Faults { panics_at: Some(55), ..Faults::default() });
    let errors: Vec<LoaderError> = loader.epoch(0).unwrap().filter_map(Result::err).collect();
    let [LoaderError::Panicked { batch_idx: 5, sample, message }] = errors.as_slice() else {
        panic!("{errors:?}")
    };
    assert_eq!((sample.id.index, sample.id.round.epoch), (55, 0));
    assert!(message.contains("index 55 is cursed"), "{message}");
}

#[test]
fn dropping_early_ends_the_work() {
    let (loader, counts) = faulty(Faults::default());
    let mut batches = loader.epoch(0).unwrap();
    let held = batches.next().unwrap().unwrap();
    drop(batches);
    let made = counts.n_made.load(Ordering::Relaxed);
    // One batch was taken and three were in flight; what was not begun by then is never made.
    assert!((10..=40).contains(&made), "{made}");
    assert_eq!(held.len(), 10);
    drop(loader);
    assert_eq!(held.inputs().shape(), [10, 1, 1, 8, 8]);
}

#[test]
fn images_of_different_shapes_need_batches_of_one() {
    let make = |batch_size| {
        let input = extractor(vec![image(&[8, 9], "YX", 1), image(&[7, 9], "YX", 2)]);
        let patching = WholePatching::new(input.shapes()).unwrap();
        assert_eq!(patching.n_patches(), 2);
        let constr = BasicPatchConstr::new(patching, input, None, None).unwrap();
        let options = LoaderOptions { batch_size, ..Default::default() };
        Loader::new(Dataset::new(Arc::new(constr), 1), options).unwrap()
    };
    let shapes: Vec<_> =
        make(1).epoch(0).unwrap().map(|batch| batch.unwrap().inputs().shape().to_vec()).collect();
    assert_eq!(shapes, [[1, 1, 1, 8, 9], [1, 1, 1, 7, 9]]);
    let error = make(2).epoch(0).unwrap().next().unwrap().unwrap_err();
    let LoaderError::MixedShapes { batch_idx: 0, sample, .. } = error else { panic!("{error}") };
    assert_eq!(sample.id.index, 1);
}

#[test]
fn options_are_checked() {
    let error = Loader::new(dataset(1), LoaderOptions { n_workers: 0, ..Default::default() }).err().unwrap();
    assert_eq!(error.to_string(), "n_workers: got 0, expected at least 1");
    let options = LoaderOptions { batch_size: 49, prefetch_bytes: 1000, ..Default::default() };
    let error = Loader::new(dataset(1), options).unwrap().epoch(0).unwrap().next().unwrap().unwrap_err();
    assert!(matches!(error, LoaderError::Budget { budget: 1000, .. }), "{error}");
}

#[test]
fn the_last_batch_can_be_dropped() {
    let options = LoaderOptions { batch_size: 10, drop_last: true, ..Default::default() };
    let loader = Loader::new(dataset(1), options).unwrap();
    assert_eq!(loader.n_batches(), 4);
    let batches = loader.epoch(0).unwrap();
    assert_eq!(batches.len(), 4);
    assert!(batches.map(|batch| batch.unwrap().len()).all(|len| len == 10));
}

#[test]
fn a_panic_whose_payload_panics_is_an_error_of_its_batch() {
    let (loader, _) = faulty(Faults { bomb_at: Some(55), ..Faults::default() });
    let results: Vec<_> = loader.epoch(0).unwrap().collect();
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 9);
    let Err(LoaderError::Panicked { batch_idx: 5, sample, message }) = &results[5] else {
        panic!("{results:?}")
    };
    assert_eq!(sample.id.index, 55);
    assert_eq!(message, "no message");
}

#[test]
fn an_epoch_without_patches_ends_at_once() {
    for (order, drop_last) in [(Order::Sequential, false), (Order::Shuffled, true)] {
        let input = extractor(vec![image(&[8, 8], "YX", 1)]);
        let constr = BasicPatchConstr::new(FixedPatching::new(Vec::new()), input, None, None).unwrap();
        let options = LoaderOptions { n_workers: 2, order, drop_last, ..Default::default() };
        let loader = Loader::new(Dataset::new(Arc::new(constr), 1), options).unwrap();
        assert_eq!(loader.n_batches(), 0);
        assert!(loader.epoch(0).unwrap().next().is_none());
    }
}

/// 100 patches of 8 × 8 pixels, and how often the loader asked for the layout of one.
fn counted(options: LoaderOptions, faults: Faults) -> (Loader, Arc<Counts>) {
    let (dataset, counts) = faulty_dataset(faults);
    let loader = Loader::new(dataset, options).unwrap();
    counts.n_layouts.store(0, Ordering::Relaxed);
    (loader, counts)
}

#[test]
fn bookkeeping_counts_as_bytes_in_flight() {
    let budget = 100_000;
    let options =
        LoaderOptions { batch_size: 1, prefetch_batches: 1000, prefetch_bytes: budget, ..Default::default() };
    let (loader, counts) = counted(options, Faults::default());
    let batches = loader.epoch(0).unwrap();
    // The last one was planned, but does not fit any more.
    let n_opened = counts.n_layouts.load(Ordering::Relaxed) - 1;
    let least = 8 * 8 * size_of::<f32>() + size_of::<RegionSpec>() + size_of::<LoaderError>();
    assert!((2..=budget / least).contains(&n_opened), "{n_opened} of {least} bytes");
    drop(batches);
    let options = LoaderOptions { batch_size: 100, prefetch_bytes: 100 * 64 * 4, ..options };
    let error = counted(options, Faults::default()).0.epoch(0).unwrap().next().unwrap().unwrap_err();
    let LoaderError::Budget { needed, budget: 25_600 } = error else { panic!("{error}") };
    assert!(needed > 25_600 + 100 * size_of::<RegionSpec>(), "{needed}");
}

#[test]
fn batches_are_planned_once() {
    let options = LoaderOptions {
        batch_size: 10,
        prefetch_batches: 10,
        prefetch_bytes: 30_000,
        n_workers: 2,
        ..Default::default()
    };
    let (loader, counts) = counted(options, Faults::default());
    assert_eq!(loader.epoch(0).unwrap().map(|batch| batch.unwrap().len()).sum::<usize>(), 100);
    assert_eq!(counts.n_layouts.load(Ordering::Relaxed), 100);
}

#[test]
fn nothing_is_planned_beyond_a_batch_that_cannot_be() {
    let options = LoaderOptions { batch_size: 10, prefetch_batches: 10, ..Default::default() };
    let (loader, counts) = counted(options, Faults { no_layout_from: 20, ..Faults::default() });
    let mut batches = loader.epoch(0).unwrap();
    let n_layouts = || counts.n_layouts.load(Ordering::Relaxed);
    assert_eq!(n_layouts(), 21);
    assert!(batches.next().unwrap().is_ok() && batches.next().unwrap().is_ok());
    assert_eq!(n_layouts(), 21);
    let mut failing = || match batches.next() {
        Some(Err(LoaderError::Patch { batch_idx, sample, .. })) => (batch_idx, sample.id.index),
        other => panic!("{other:?}"),
    };
    assert_eq!(failing(), (2, 20));
    assert_eq!(n_layouts(), 22);
    assert_eq!(failing(), (3, 30));
    assert_eq!(batches.count(), 6);
}

#[test]
fn a_batch_over_budget_asks_for_one_layout() {
    let options = LoaderOptions { batch_size: 100, prefetch_bytes: 70_000, ..Default::default() };
    let (loader, counts) = counted(options, Faults::default());
    assert!(matches!(loader.epoch(0).unwrap().next(), Some(Err(LoaderError::Budget { .. }))));
    assert_eq!(counts.n_layouts.load(Ordering::Relaxed), 1);
}

/// Memory is used again; without the fill the second batch would show pixels of the first.
#[cfg(debug_assertions)]
#[test]
fn values_nobody_wrote_are_nan_in_debug_builds() {
    let options = LoaderOptions { batch_size: 10, prefetch_batches: 1, ..Default::default() };
    let (loader, _) = counted(options, Faults { writes_nothing_from: 10, ..Faults::default() });
    for batch in loader.epoch(0).unwrap() {
        let batch = batch.unwrap();
        let is_unwritten = batch.batch_idx() > 0;
        assert!(batch.inputs().iter().all(|value| value.is_nan() == is_unwritten));
    }
}
