//! From an array to batches: random patches, normalised by the statistics of the data, flipped and turned.
//!
//! Run it with: cargo run --release --example load_patches
#![allow(clippy::print_stdout, reason = "an example shows what it found")]

use std::error::Error;
use std::sync::Arc;

use patchweave::construct::{
    AugmentationStep, BasicPatchConstr, Dataset, FitOptions, PatchExtractor, Statistic, fit,
};
use patchweave::geometry::Extent;
use patchweave::loader::{Loader, LoaderOptions, Order};
use patchweave::patching::RandomPatching;
use patchweave::simulate::{Simulation, simulate};
use patchweave::stack::ArrayStack;
use patchweave::transform::{
    Augmentation, Moments, Normalizer, Scaling, TargetScaling, XyFlip, XyRandomRotate90,
};

const SEED: u64 = 42;

fn main() -> Result<(), Box<dyn Error>> {
    // Any `ArrayD` of integers, floats or truth values will do; its pixels become f32 as patches are cut.
    let image = simulate(&Simulation::default())?.mixed;
    let input = PatchExtractor::new(vec![Arc::new(ArrayStack::new(image, &"YX".parse()?)?)])?;

    let patching = RandomPatching::new(input.shapes(), Extent::new(&[64, 64])?)?;
    let constr = BasicPatchConstr::new(patching, input, None, None)?;

    let options = FitOptions {
        statistic: Statistic::MeanStd,
        per_channel: true,
        with_input: true,
        with_target: false,
        seed: SEED,
        tolerance: None,
        max_bytes: 1 << 30,
    };
    let statistics = fit(&constr, &options, &|| true)?.input.ok_or("statistics of inputs")?;
    let scaling = Scaling::mean_std(&statistics.first, &statistics.second)?;
    println!("mean {:.1}, standard deviation {:.1}", statistics.first[0], statistics.second[0]);

    let augmentations = [
        Augmentation::XyFlip(XyFlip::new(true, true, 0.5)?),
        Augmentation::XyRandomRotate90(XyRandomRotate90::new(0.5)?),
    ];
    let steps = augmentations.map(|augmentation| AugmentationStep { augmentation, seed: None });
    let dataset = Dataset::new(Arc::new(constr), SEED)
        .with_normalizer(Normalizer::new(scaling, TargetScaling::Missing))
        .with_augmentations(steps.to_vec())?;

    let one_thread = LoaderOptions { batch_size: 16, order: Order::Shuffled, ..Default::default() };
    let two_threads = LoaderOptions { n_workers: 2, ..one_thread };
    let loader = Loader::new(dataset.clone(), two_threads)?;
    let again = Loader::new(dataset, one_thread)?;
    assert_eq!(loader.n_batches(), 4);

    // The statistics were computed over the patches of epoch 0, so they fit that epoch exactly.
    let mut seen = Moments::default();
    for (batch, same) in loader.epoch(0)?.zip(again.epoch(0)?) {
        let batch = batch?;
        let same = same?;
        assert_eq!(batch.inputs().shape(), [16, 1, 1, 64, 64], "BCZYX; planes have depth 1");
        assert_eq!(batch.inputs(), same.inputs(), "the number of threads changes nothing");
        seen.merge(&Moments::of(batch.inputs().as_slice().unwrap_or_default()));
    }
    assert_eq!(seen.count(), 64 * 64 * 64);
    assert!(seen.mean().abs() < 1e-3 && (seen.std() - 1.0).abs() < 1e-3);
    println!("{} normalised pixels: mean {:.4}, deviation {:.4}", seen.count(), seen.mean(), seen.std());

    // Another epoch has other patches in another order.
    let first_places = |epoch| -> Result<Vec<_>, Box<dyn Error>> {
        let batch = loader.epoch(epoch)?.next().ok_or("an epoch has batches")??;
        Ok(batch.specs().cloned().collect())
    };
    assert_ne!(first_places(0)?, first_places(1)?);
    Ok(())
}
