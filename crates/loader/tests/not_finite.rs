//! Pixels that are infinite or no number, and batches that no machine has memory for.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use std::collections::BTreeSet;
use std::sync::Arc;

use ndarray::ArrayD;
use patchweave_construct::{BasicPatchConstr, ConstructError, Dataset, PatchExtractor};
use patchweave_geometry::{ArrayLayout, Extent};
use patchweave_loader::{Loader, LoaderError, LoaderOptions, OnFailure, Order};
use patchweave_patching::{SequentialPatching, WholePatching};
use patchweave_pixel::PixelType;
use patchweave_stack::{ArrayStack, ImageStack, InsideWindow, PatchViewMut, StackError, StackInfo};
use patchweave_transform::{Normalizer, Scaling, TargetScaling};
use proptest::prelude::*;

fn extractor(arrays: &[ArrayD<f32>]) -> PatchExtractor {
    let stack = |array: &ArrayD<f32>| {
        Arc::new(ArrayStack::new(array.clone(), &"YX".parse().unwrap()).unwrap()) as Arc<dyn ImageStack>
    };
    PatchExtractor::new(arrays.iter().map(stack).collect()).unwrap()
}

/// Inputs and targets of 24 × 32 pixels in patches of 8 × 8, with a bad value at some places of either.
fn dataset(bad_inputs: &[(usize, f32)], bad_targets: &[(usize, f32)]) -> Dataset {
    let image = |bad: &[(usize, f32)]| {
        let mut image = ArrayD::from_elem(vec![24, 32], 1.0_f32);
        bad.iter().for_each(|&(at, value)| image[[at / 32, at % 32]] = value);
        extractor(&[image])
    };
    let input = image(bad_inputs);
    let target = image(bad_targets);
    let patching = SequentialPatching::new(input.shapes(), Extent::new(&[8, 8]).unwrap(), None).unwrap();
    Dataset::new(Arc::new(BasicPatchConstr::new(patching, input, Some(target), None).unwrap()), 0)
}

/// The patch that a pixel is in, row by row.
fn patch_of(at: usize) -> usize {
    at / 32 / 8 * 4 + at % 32 / 8
}

fn any_bad() -> impl Strategy<Value = Vec<(usize, f32)>> {
    let value = prop::sample::select(vec![f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN]);
    prop::collection::vec((0_usize..24 * 32, value), 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Exactly the patches that hold such a pixel are told, whoever makes them and however they are normalised.
    #[test]
    fn they_are_told_by_patch(
        inputs in any_bad(), targets in any_bad(), n_workers in 1_usize..4, batch_size in 1_usize..6, normalises in any::<bool>(),
    ) {
        let mut set = dataset(&inputs, &targets);
        if normalises {
            let scaling = Scaling::mean_std(&[1.0], &[2.0]).unwrap();
            set = set.with_normalizer(Normalizer::new(scaling.clone(), TargetScaling::Given(scaling)));
        }
        let options = LoaderOptions { batch_size, n_workers, order: Order::Shuffled, ..Default::default() };
        let mut told = BTreeSet::new();
        for batch in Loader::new(set.clone(), options).unwrap().epoch(0).unwrap() {
            for sample in batch.unwrap().not_finite() {
                let image = sample.image.unwrap();
                prop_assert_eq!(image.source.as_str(), "array");
                prop_assert!(told.insert((sample.role, sample.id.index)));
            }
        }
        let of = |role: &'static str, bad: &[(usize, f32)]| -> Vec<(&'static str, usize)> {
            // The last value written at a place counts.
            let is_last = |&(nth, (at, _)): &(usize, &(usize, f32))| !bad[nth + 1..].iter().any(|(later, _)| later == at);
            let last = bad.iter().enumerate().filter(is_last);
            last.filter(|(_, (_, value))| !value.is_finite()).map(|(_, (at, _))| (role, patch_of(*at))).collect()
        };
        let expected: BTreeSet<_> = of("input", &inputs).into_iter().chain(of("target", &targets)).collect();
        prop_assert_eq!(&told, &expected);

        // Where they are refused, those are the patches that fail.
        let options = LoaderOptions { on_failure: OnFailure::Skip, ..options };
        let mut refused = BTreeSet::new();
        for batch in Loader::new(set.failing_not_finite(true), options).unwrap().epoch(0).unwrap() {
            let note = |error: &LoaderError, refused: &mut BTreeSet<usize>| match error {
                LoaderError::Patch { sample, source: ConstructError::PixelsNotFinite { .. }, .. } => {
                    refused.insert(sample.id.index);
                    true
                }
                _ => false,
            };
            match batch {
                Ok(batch) => {
                    prop_assert!(batch.not_finite().next().is_none());
                    prop_assert!(batch.skipped().iter().all(|error| note(error, &mut refused)));
                }
                // Only the first of a batch is told where all of them are left out.
                Err(LoaderError::AllSkipped { source, .. }) => prop_assert!(note(&source, &mut refused)),
                Err(error) => return Err(TestCaseError::fail(error.to_string())),
            }
        }
        let expected: BTreeSet<usize> = expected.into_iter().map(|(_, index)| index).collect();
        prop_assert!(refused.is_subset(&expected));
        prop_assert_eq!(refused.is_empty(), expected.is_empty());
    }
}

/// An image of which only the shape exists.
struct Vast(StackInfo);

impl ImageStack for Vast {
    fn info(&self) -> &StackInfo {
        &self.0
    }

    fn read_inside(&self, _window: &InsideWindow<'_>, mut out: PatchViewMut<'_>) -> Result<(), StackError> {
        out.fill(0.0);
        Ok(())
    }
}

/// The batch that has no memory is an error, those after it come.
#[test]
fn memory_that_is_not_there_fails_its_batch_alone() {
    let side = 1_usize << 29;
    let image = |size: [usize; 2]| {
        let layout = ArrayLayout::new("YX".parse().unwrap(), &size).unwrap();
        Arc::new(Vast(StackInfo::new("vast", PixelType::F32, layout))) as Arc<dyn ImageStack>
    };
    let input = PatchExtractor::new(vec![image([8, 8]), image([side, side]), image([8, 8])]).unwrap();
    let patching = WholePatching::new(input.shapes()).unwrap();
    let set = Dataset::new(Arc::new(BasicPatchConstr::new(patching, input, None, None).unwrap()), 0);
    let options = LoaderOptions {
        order: Order::Sequential,
        prefetch_bytes: usize::MAX,
        n_workers: 2,
        ..Default::default()
    };
    let batches: Vec<_> = Loader::new(set, options).unwrap().epoch(0).unwrap().collect();
    let [Ok(first), Err(error), Ok(last)] = batches.as_slice() else { panic!("{batches:?}") };
    assert_eq!((first.len(), last.len()), (1, 1));
    assert_eq!(
        error.to_string(),
        "there is no memory for 1152921504606846976 bytes of a batch; lower the batch size, the patch size or prefetch_batches"
    );
}
