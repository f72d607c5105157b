//! The training side of a plan: a loader over normalised, augmented patches.

use std::sync::Arc;

use patchweave_config::{AugmentationPlan, DataPlan, FitSource, TrainPlan};
use patchweave_construct::{AugmentationStep, Dataset};
use patchweave_loader::{Loader, LoaderOptions, Order};
use patchweave_patching::Patching;
use patchweave_transform::{AugmentError, Augmentation, XyFlip, XyRandomRotate90};

use crate::split::{Split, shared};
use crate::{Images, KeepGoing, PipelineError, Statistics};

/// What a training needs.
pub struct Training {
    /// Delivers the batches.
    pub loader: Loader,
    /// Delivers the batches of the validation, if there is one: the same ones in every epoch, not augmented.
    pub validation: Option<Loader>,
    /// What both are normalised by.
    pub statistics: Statistics,
    /// How many images patches are drawn from.
    pub n_images: usize,
}

/// Builds the loaders of a training; computes statistics that the plan does not give.
///
/// Statistics are those of the training before validation patches were split off, as CAREamics has it; if the
/// split is to be free of leaks, those of what is left.
///
/// # Errors
/// [`PipelineError`] if an image cannot be read or the parts do not fit.
pub fn training(
    data: &DataPlan,
    train: &TrainPlan,
    images: &Images,
    keep_going: KeepGoing<'_>,
) -> Result<Training, PipelineError> {
    let split = Split::new(data, train, images, keep_going)?;
    let parts = &split.parts;
    let constr = parts.constructor(data, shared(&split.train), true)?;
    let statistics = match train.statistics {
        FitSource::Images => Statistics::of_images(data, parts, train.prefetch_bytes, keep_going)?,
        FitSource::Patches { tolerance } => {
            let fitted_on = match train.leak_free {
                true => Arc::clone(&constr),
                false => parts.constructor(data, shared(&split.whole), true)?,
            };
            Statistics::of(data, &*fitted_on, tolerance, train.prefetch_bytes, keep_going)?
        }
    };
    let augmentations: Vec<AugmentationStep> =
        data.augmentations.iter().map(augmentation).collect::<Result<_, _>>()?;
    let dataset = Dataset::new(constr, data.seed)
        .with_normalizer(statistics.normalizer()?)
        .with_augmentations(augmentations)?;
    let options = LoaderOptions {
        batch_size: data.batch_size,
        order: if data.shuffle() { Order::Shuffled } else { Order::Sequential },
        drop_last: data.train_loader.drop_last().unwrap_or(false),
        n_workers: data.n_threads(&data.train_loader),
        prefetch_batches: train.prefetch_batches,
        prefetch_bytes: train.prefetch_bytes,
        ..LoaderOptions::default()
    };
    let validation = split.validation.as_ref().map(|validation| {
        let strategies =
            validation.strategies.iter().map(|fixed| Arc::new(fixed.clone()) as Arc<dyn Patching>);
        let constr = validation.parts.constructor(data, strategies.collect(), false)?;
        let dataset = Dataset::new(constr, data.seed).with_normalizer(statistics.normalizer()?).repeating();
        let options = LoaderOptions {
            order: if data.val_loader.shuffle().unwrap_or(false) {
                Order::Shuffled
            } else {
                Order::Sequential
            },
            drop_last: data.val_loader.drop_last().unwrap_or(false),
            n_workers: data.n_threads(&data.val_loader),
            ..options
        };
        Ok::<_, PipelineError>(Loader::new(dataset, options)?)
    });
    let n_images = parts.drawn().iter().map(|source| source.shapes().len()).sum();
    Ok(Training {
        loader: Loader::new(dataset, options)?,
        validation: validation.transpose()?,
        statistics,
        n_images,
    })
}

pub(crate) fn augmentation(plan: &AugmentationPlan) -> Result<AugmentationStep, AugmentError> {
    Ok(match *plan {
        AugmentationPlan::XyFlip { flip_x, flip_y, p, seed } => {
            AugmentationStep { augmentation: Augmentation::XyFlip(XyFlip::new(flip_x, flip_y, p)?), seed }
        }
        AugmentationPlan::XyRandomRotate90 { p, seed } => {
            AugmentationStep { augmentation: Augmentation::XyRandomRotate90(XyRandomRotate90::new(p)?), seed }
        }
    })
}
