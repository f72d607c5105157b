//! The training side of a plan: a loader over normalised, augmented patches.

use std::path::PathBuf;
use std::sync::Arc;

use patchweave_config::{AugmentationPlan, DataPlan, FitSource, OrderPlan, TrainPlan, Warning};
use patchweave_construct::{AugmentationStep, Dataset};
use patchweave_loader::{Loader, MixPart};
use patchweave_patching::Patching;
use patchweave_transform::{AugmentError, Augmentation, XyFlip, XyRandomRotate90};

use crate::fitting::{Effort, of_images, of_patches};
use crate::label_like::label_like;
use crate::leaks::Trained;
use crate::marks::marks;
use crate::split::{Split, shared};
use crate::stream::{loader_options, order, patch_bytes, validation_options, weights};
use crate::{Images, KeepGoing, Notice, PipelineError, Statistics};

/// What a training needs.
pub struct Training {
    /// Delivers the batches, those of a mixture included.
    pub loader: Loader,
    /// Delivers the batches of the validation, if there is one: the same ones in every epoch, not augmented. A mixture
    /// is validated by the validation of the first configuration alone.
    pub validation: Option<Loader>,
    /// What both are normalised by.
    pub statistics: Statistics,
    /// How many images patches are drawn from.
    pub n_images: usize,
    /// Bytes that the largest patch takes as it is stored.
    pub patch_bytes: u64,
    /// The data sets of other configurations that share the batches, in the order of the loader, which counts them from
    /// 1.
    pub mixed: Vec<MixedData>,
    /// What pixels told about the configuration; that of mixed data sets stands with them.
    pub notices: Vec<Notice>,
}

/// A data set of another configuration that shares the batches of a training.
pub struct MixedData {
    /// The configuration.
    pub file: PathBuf,
    /// What its samples are normalised by.
    pub statistics: Statistics,
    /// How many images its patches are drawn from.
    pub n_images: usize,
    /// What pixels told about it, at the lines of its configuration.
    pub warnings: Vec<Warning>,
}

/// Builds the loaders of a training; computes statistics that the plan does not give.
///
/// Statistics are those of the training before validation patches were split off, as CAREamics has it; if the
/// split is to be free of leaks, those of what is left. Every configuration of a mixture has its own.
///
/// # Errors
/// [`PipelineError`] if an image cannot be read or the parts do not fit; [`PipelineError::Unusable`] where thresholds,
/// filters or weights leave nothing.
pub fn training(
    data: &DataPlan,
    train: &TrainPlan,
    images: &Images,
    keep_going: KeepGoing<'_>,
) -> Result<Training, PipelineError> {
    let by_weight = train.loading.order.is_some_and(OrderPlan::is_by_weight);
    let own = Source::new(data, train, images, by_weight, keep_going)?;
    let mixed = images.mixed.iter().map(|mixed| {
        let source = Source::new(&mixed.data, &mixed.train, &mixed.images, by_weight, keep_going)
            .map_err(|error| error.at(&mixed.plan))?;
        Ok((mixed, source))
    });
    let mixed: Vec<_> = mixed.collect::<Result<_, PipelineError>>()?;
    for (mixed, source) in mixed.iter().filter(|_| train.leak_free) {
        let trained = Trained { split: &source.split, data: &mixed.data, images: &mixed.images };
        if let Some(validation) = &own.split.validation {
            trained.forbid_leak_into(validation, data, images)?;
        }
    }
    let patch_bytes = mixed
        .iter()
        .map(|(_, source)| source.patch_bytes)
        .fold(own.patch_bytes, |most, bytes| most.max(bytes));
    let options = loader_options(data, train, order(data, train, images.cache.budget(), patch_bytes));
    let validation = own.split.validation.as_ref().map(|validation| {
        let strategies =
            validation.strategies.iter().map(|fixed| Arc::new(fixed.clone()) as Arc<dyn Patching>);
        let constr = validation.parts.constructor(data, strategies.collect(), false)?;
        let dataset = Dataset::new(constr, data.seed)
            .with_normalizer(own.statistics.normalizer()?)
            .failing_not_finite(images.fails_not_finite)
            .repeating();
        Ok::<_, PipelineError>(Loader::new(dataset, validation_options(data, options))?)
    });
    let validation = validation.transpose()?;
    let mut parts = vec![own.part.with_ratio(train.mix.as_ref().map_or(1, |mix| mix.ratio))];
    let mut others = Vec::new();
    for (mixed, Source { part, statistics, n_images, notices, .. }) in mixed {
        parts.push(part.with_ratio(mixed.ratio));
        let warnings = notices.iter().map(|notice| notice.at(&mixed.plan)).collect();
        others.push(MixedData { file: mixed.file.clone(), statistics, n_images, warnings });
    }
    Ok(Training {
        loader: Loader::mixed(parts, options)?,
        validation,
        statistics: own.statistics,
        n_images: own.n_images,
        patch_bytes,
        mixed: others,
        notices: own.notices,
    })
}

/// The training data of one configuration.
struct Source {
    split: Split,
    part: MixPart,
    statistics: Statistics,
    n_images: usize,
    /// Bytes of a patch as it is stored.
    patch_bytes: u64,
    notices: Vec<Notice>,
}

impl Source {
    fn new(
        data: &DataPlan,
        train: &TrainPlan,
        images: &Images,
        by_weight: bool,
        keep_going: KeepGoing<'_>,
    ) -> Result<Self, PipelineError> {
        let mut split = Split::new(data, train, images, keep_going)?;
        let mut notices = std::mem::take(&mut split.notices);
        let parts = &split.parts;
        let constr = parts.constructor(data, shared(&split.train), true)?;
        let effort = |tolerance| {
            let n_threads = data.n_threads(&data.train_loader);
            Effort { tolerance, max_bytes: train.prefetch_bytes, n_threads }
        };
        let statistics = match train.statistics {
            FitSource::Images => of_images(data, parts, effort(None), keep_going)?,
            FitSource::Patches { tolerance } => {
                let drawn = if train.leak_free { &split.train } else { &split.whole };
                let fitted_on = parts.fitting_constructor(data, shared(drawn), true)?;
                of_patches(data, &*fitted_on, effort(tolerance), keep_going)?
            }
        };
        let augmentations: Vec<AugmentationStep> =
            data.augmentations.iter().map(augmentation).collect::<Result<_, _>>()?;
        let dataset = Dataset::new(constr, data.seed)
            .with_normalizer(statistics.normalizer()?)
            .failing_not_finite(images.fails_not_finite)
            .with_augmentations(augmentations)?;
        let weights = match train.loading.order.filter(|_| by_weight) {
            Some(order) => weights(order, data, &dataset, images, &mut notices, keep_going)?,
            None => None,
        };
        notices.extend(label_like(data, train, images, &dataset, keep_going)?);
        let part = MixPart::new(dataset).with_marks(marks(data, train, images));
        let part = match weights {
            Some(weights) => part.with_weights(weights),
            None => part,
        };
        let n_images = parts.drawn().iter().map(|source| source.shapes().len()).sum();
        let patch_bytes = patch_bytes(data, parts);
        Ok(Source { split, part, statistics, n_images, patch_bytes, notices })
    }
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
