//! The training side of a plan: a loader over normalised, augmented patches.

use std::sync::Arc;

use patchweave_config::{AugmentationPlan, DataPlan, TrainPlan};
use patchweave_construct::{AugmentationStep, BasicPatchConstr, Dataset};
use patchweave_loader::{Loader, LoaderOptions, Order};
use patchweave_transform::{AugmentError, Augmentation, XyFlip, XyRandomRotate90};

use crate::patching::patching;
use crate::{Images, KeepGoing, PipelineError, Statistics};

/// What a training needs.
pub struct Training {
    /// Delivers the batches.
    pub loader: Loader,
    /// What they are normalised by.
    pub statistics: Statistics,
}

/// Builds the loader of a training; computes statistics that the plan does not give.
///
/// # Errors
/// [`PipelineError`] if an image cannot be read or the parts do not fit.
pub fn training(
    data: &DataPlan,
    train: &TrainPlan,
    images: &Images,
    keep_going: KeepGoing<'_>,
) -> Result<Training, PipelineError> {
    let input = images.train_inputs.extractor()?;
    let target = match images.train_targets.stacks.is_empty() {
        true => None,
        false => Some(images.train_targets.extractor()?),
    };
    let strategy = patching(&data.patching, input.shapes())?;
    let constr = BasicPatchConstr::new(strategy, input, target, data.channels.clone())?;
    let statistics = Statistics::of(data, &constr, train.prefetch_bytes, keep_going)?;
    let augmentations: Vec<AugmentationStep> =
        data.augmentations.iter().map(augmentation).collect::<Result<_, _>>()?;
    let dataset = Dataset::new(Arc::new(constr), data.seed)
        .with_normalizer(statistics.normalizer()?)
        .with_augmentations(augmentations)?;
    let options = LoaderOptions {
        batch_size: data.batch_size,
        order: if data.shuffle { Order::Shuffled } else { Order::Sequential },
        drop_last: false,
        n_workers: data.num_workers,
        prefetch_batches: train.prefetch_batches,
        prefetch_bytes: train.prefetch_bytes,
    };
    Ok(Training { loader: Loader::new(dataset, options)?, statistics })
}

fn augmentation(plan: &AugmentationPlan) -> Result<AugmentationStep, AugmentError> {
    Ok(match *plan {
        AugmentationPlan::XyFlip { flip_x, flip_y, p, seed } => {
            AugmentationStep { augmentation: Augmentation::XyFlip(XyFlip::new(flip_x, flip_y, p)?), seed }
        }
        AugmentationPlan::XyRandomRotate90 { p, seed } => {
            AugmentationStep { augmentation: Augmentation::XyRandomRotate90(XyRandomRotate90::new(p)?), seed }
        }
    })
}
