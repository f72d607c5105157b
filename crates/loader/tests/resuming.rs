//! A state goes on with its own stream only, and what differs is named.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use std::sync::Arc;

use ndarray::Array;
use patchweave_construct::{AugmentationStep, BasicPatchConstr, Dataset, PatchExtractor};
use patchweave_geometry::{ArrayLayout, Extent};
use patchweave_loader::{Loader, LoaderError, LoaderOptions, MixPart, StreamMarks};
use patchweave_patching::{Patching, RandomPatching, StratifiedPatching};
use patchweave_pixel::PixelType;
use patchweave_stack::{ArrayStack, ImageStack, InsideWindow, PatchViewMut, StackError, StackInfo};
use patchweave_transform::{Augmentation, Normalizer, Scaling, TargetScaling, XyFlip};

/// A stack with a name of its own.
struct Named(StackInfo, ArrayStack<u16>);

impl ImageStack for Named {
    fn info(&self) -> &StackInfo {
        &self.0
    }

    fn read_inside(&self, window: &InsideWindow<'_>, out: PatchViewMut<'_>) -> Result<(), StackError> {
        self.1.read_inside(window, out)
    }
}

fn images(name: &str) -> PatchExtractor {
    let layout = ArrayLayout::new("YX".parse().unwrap(), &[40, 40]).unwrap();
    let stack = ArrayStack::new(Array::<u16, _>::zeros((40, 40)).into_dyn(), layout.axes()).unwrap();
    PatchExtractor::new(vec![Arc::new(Named(StackInfo::new(name, PixelType::U16, layout), stack))]).unwrap()
}

fn size() -> Extent {
    Extent::new(&[8, 8]).unwrap()
}

fn patches(of: PatchExtractor, strategy: Arc<dyn Patching>) -> Dataset {
    Dataset::new(Arc::new(BasicPatchConstr::new(strategy, of, None, None).unwrap()), 5)
}

fn random(name: &str) -> Dataset {
    let of = images(name);
    let strategy = Arc::new(RandomPatching::new(of.shapes(), size()).unwrap());
    patches(of, strategy)
}

/// As many patches as [`random`] has.
fn stratified(name: &str) -> Dataset {
    let of = images(name);
    let strategy = Arc::new(StratifiedPatching::new(of.shapes(), size()).unwrap());
    patches(of, strategy)
}

fn normalised(dataset: Dataset, mean: f64) -> Dataset {
    dataset.with_normalizer(Normalizer::new(Scaling::mean_std(&[mean], &[2.0]).unwrap(), TargetScaling::Skip))
}

fn flipped(dataset: Dataset, probability: f64) -> Dataset {
    let augmentation = Augmentation::XyFlip(XyFlip::new(true, true, probability).unwrap());
    dataset.with_augmentations(vec![AugmentationStep { augmentation, seed: None }]).unwrap()
}

/// Streams of equal counts and seed that differ in one thing.
#[test]
fn what_differs_between_streams_of_equal_counts_is_named() {
    let usual = |dataset: Dataset| flipped(normalised(dataset, 10.0), 0.5);
    let loader = |part: MixPart| Loader::mixed(vec![part], LoaderOptions::default()).unwrap();
    let state = loader(MixPart::new(usual(random("x/a.tif")))).epoch(0).unwrap().state();
    let marked = StreamMarks { patching: 7, ..StreamMarks::default() };
    for (part, expected) in [
        (MixPart::new(usual(random("x/a.tif"))), vec![]),
        // Data may be moved, and lies elsewhere on another machine.
        (MixPart::new(usual(random("/elsewhere/a.tif"))), vec![]),
        (MixPart::new(usual(random("x/b.tif"))), vec!["images"]),
        (MixPart::new(usual(stratified("x/a.tif"))), vec!["places of patches"]),
        (MixPart::new(usual(random("x/a.tif")).repeating()), vec!["places of patches"]),
        (MixPart::new(usual(random("x/a.tif"))).with_marks(marked), vec!["patching"]),
        (MixPart::new(flipped(normalised(random("x/a.tif"), 10.5), 0.5)), vec!["normalization"]),
        (MixPart::new(flipped(random("x/a.tif"), 0.25)), vec!["normalization", "augmentations"]),
        (MixPart::new(flipped(normalised(random("x/a.tif"), 10.0), 0.25)), vec!["augmentations"]),
    ] {
        match (loader(part).resume(&state).map(drop), expected.is_empty()) {
            (Ok(()), true) => {}
            (Err(LoaderError::OtherStream { differences }), false) => {
                let names: Vec<&str> =
                    differences.iter().map(|what| what.split(" (").next().unwrap()).collect();
                assert_eq!(names, expected);
            }
            (other, _) => panic!("{other:?} instead of {expected:?}"),
        }
    }
}
