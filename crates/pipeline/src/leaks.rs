//! The proof that training and validation share no pixel, whatever names their images have.

use std::path::PathBuf;
use std::sync::Arc;

use patchweave_config::{ConstructorPlan, ContextSource, DataPlan, TrainPlan};
use patchweave_geometry::{Context, ImageShape};
use patchweave_patching::{FixedPatching, Leak, LeakSearch, Patching, SharedSample, SharedSamples};
use patchweave_stack::{Doubt, ImageStack, SharedPlanes, StackInfo};

use crate::NamedImages;
use crate::constructors::used_context;
use crate::parts::Parts;
use crate::role::with_identity;
use crate::split::{Split, Validation};
use crate::{Images, KeepGoing, LeakDoubt, PipelineError};

/// What is known about pixels that training and validation share.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LeakReport {
    /// The run has no validation patches.
    NoValidation,
    /// No pixel that a validation patch uses can be used by a training patch, at any scale and after padding.
    Proven {
        /// How many validation patches there are.
        n_val_patches: usize,
        /// Whether they lie in the training images.
        is_split_off: bool,
    },
    /// Nobody knows whether images of both have pixels in common.
    Unknown {
        /// Why.
        doubt: LeakDoubt,
    },
    /// A pixel of both.
    Shared {
        /// The training image.
        path: PathBuf,
        /// The image as validation calls it.
        val_path: PathBuf,
        /// Where, and which patches use it.
        leak: Box<Leak>,
    },
}

impl LeakReport {
    /// Refuses all but a proof.
    ///
    /// # Errors
    /// [`PipelineError::Leak`], [`PipelineError::UnknownLeak`].
    pub(crate) fn forbid(self) -> Result<(), PipelineError> {
        match self {
            LeakReport::Shared { path, leak, .. } => Err(PipelineError::Leak { path, leak }),
            LeakReport::Unknown { doubt } => Err(PipelineError::UnknownLeak { doubt }),
            LeakReport::NoValidation | LeakReport::Proven { .. } => Ok(()),
        }
    }
}

/// Looks for a pixel that validation and training share, or proves that there is none.
///
/// Inputs and targets count alike; images are the same if their pixels are, whatever names and links lead to them. Data
/// sets that are mixed in are trained with, too. Background is judged as in a training, so that images with filters are
/// read once.
///
/// # Errors
/// [`PipelineError`] if the data sets cannot be built.
pub fn find_leak(
    data: &DataPlan,
    train: &TrainPlan,
    images: &Images,
    keep_going: KeepGoing<'_>,
) -> Result<LeakReport, PipelineError> {
    let split = Split::new(data, train, images, keep_going)?;
    let mut report = split.leak(data, images)?;
    let Some(validation) = &split.validation else { return Ok(report) };
    for mixed in &images.mixed {
        if matches!(report, LeakReport::Shared { .. }) {
            break;
        }
        let other = Split::new(&mixed.data, &mixed.train, &mixed.images, keep_going)
            .map_err(|error| error.at(&mixed.plan))?;
        let trained = Trained { split: &other, data: &mixed.data, images: &mixed.images };
        match trained.leak_into(validation, data, images)? {
            Some(shared @ LeakReport::Shared { .. }) => report = shared,
            // A doubt that is there already is as good.
            Some(doubt) if matches!(report, LeakReport::Proven { .. }) => report = doubt,
            _ => {}
        }
    }
    Ok(report)
}

impl Split {
    /// What training and validation of one data set share.
    pub fn leak(&self, data: &DataPlan, images: &Images) -> Result<LeakReport, PipelineError> {
        let Some(validation) = &self.validation else { return Ok(LeakReport::NoValidation) };
        let trained = Trained { split: self, data, images };
        if let Some(found) = trained.leak_into(validation, data, images)? {
            return Ok(found);
        }
        let n_val_patches = validation.strategies.iter().map(Patching::n_patches).max().unwrap_or(0);
        Ok(LeakReport::Proven { n_val_patches, is_split_off: validation.is_split_off })
    }
}

/// What is trained with.
pub(crate) struct Trained<'a> {
    pub split: &'a Split,
    pub data: &'a DataPlan,
    pub images: &'a Images,
}

/// The images of a role: what patches of them use.
struct Used<'a> {
    images: &'a NamedImages,
    infos: Vec<StackInfo>,
    shapes: Vec<ImageShape>,
    channels: Option<&'a [usize]>,
    context: Context,
    /// Which of the strategies cuts its patches.
    strategy: usize,
}

impl Trained<'_> {
    /// Refuses a pixel that this shares with the validation of another data set.
    ///
    /// # Errors
    /// [`PipelineError::Leak`], [`PipelineError::UnknownLeak`].
    pub fn forbid_leak_into(
        &self,
        validation: &Validation,
        data: &DataPlan,
        images: &Images,
    ) -> Result<(), PipelineError> {
        self.leak_into(validation, data, images)?.map_or(Ok(()), LeakReport::forbid)
    }

    /// A pixel that a validation uses too, or that this cannot be ruled out; `data` and `images` are those of the
    /// validation, which may be that of another data set.
    fn leak_into(
        &self,
        validation: &Validation,
        data: &DataPlan,
        images: &Images,
    ) -> Result<Option<LeakReport>, PipelineError> {
        let of_training = used(self.images.training(), &self.split.parts, self.data, self.split.train.len())?;
        let val_images = match validation.is_split_off {
            true => images.training(),
            false => images.validation(),
        };
        let of_validation = used(val_images, &validation.parts, data, validation.strategies.len())?;
        let from_levels = [self.data, data].into_iter().any(reads_levels);
        let mut doubt = None;
        for train in &of_training {
            let index = SharedPlanes::new(&train.infos);
            for val in &of_validation {
                let strategy = &validation.strategies[val.strategy];
                if from_levels {
                    let shared = shared_level(train.images, val.images);
                    doubt = doubt.or(shared.map(|image| LeakDoubt::Levels { image }));
                }
                let (shared, doubted) = shared_samples(&index, train, val, strategy);
                doubt = doubt.or(doubted.map(LeakDoubt::from));
                if from_levels {
                    continue;
                }
                let search = LeakSearch::new(&train.shapes, train.context);
                let search = search.with_samples(&val.shapes, val.context, &shared);
                let found = search.find(&*self.split.train[train.strategy].shared(), strategy)?;
                if let Some(leak) = found {
                    let path =
                        |used: &Used<'_>, at: usize| used.images.paths.get(at).cloned().unwrap_or_default();
                    let (path, val_path) = (path(train, leak.train.data_idx), path(val, leak.val.data_idx));
                    return Ok(Some(LeakReport::Shared { path, val_path, leak: Box::new(leak) }));
                }
            }
        }
        Ok(doubt.map(|doubt| LeakReport::Unknown { doubt }))
    }
}

/// The roles of a data set with `n_drawn` strategies; those beyond are targets that are cut where their input is, without
/// context.
fn used<'a>(
    roles: Vec<&'a NamedImages>,
    parts: &Parts,
    data: &'a DataPlan,
    n_drawn: usize,
) -> Result<Vec<Used<'a>>, PipelineError> {
    let context = used_context(data)?;
    let has_channels = parts.constructor != ConstructorPlan::IndependentTargets;
    let used = |(role, images): (usize, &'a NamedImages)| {
        let stacks = images.stacks.iter().zip(&images.identities);
        Used {
            images,
            infos: stacks.map(|(stack, identity)| with_identity(stack.info(), identity)).collect(),
            shapes: images.stacks.iter().map(|stack| stack.info().shape()).collect(),
            channels: data.channels.as_deref().filter(|_| role == 0 && has_channels),
            context: if role < n_drawn { context } else { Context::none() },
            strategy: role.min(n_drawn.saturating_sub(1)),
        }
    };
    Ok(roles.into_iter().enumerate().map(used).collect())
}

/// Where the samples of validation patches are in the training, and why that may not be all.
fn shared_samples(
    index: &SharedPlanes,
    train: &Used<'_>,
    val: &Used<'_>,
    strategy: &FixedPatching,
) -> (SharedSamples, Option<Doubt>) {
    let mut shared = SharedSamples::new();
    let mut doubt = None;
    let mut looked_up = None;
    for (data_idx, sample_idx) in strategy.samples() {
        let Some(info) = val.infos.get(data_idx) else { continue };
        let with = match looked_up.take() {
            Some((known, with)) if known == data_idx => with,
            _ => {
                let with = index.with(info);
                doubt = doubt.or_else(|| with.doubt());
                with
            }
        };
        let links = with.samples(sample_idx, val.channels, train.channels);
        let samples = links.into_iter().map(|link| SharedSample {
            data_idx: link.image,
            sample_idx: link.sample_idx,
            depths: link.depths,
        });
        let samples: Vec<_> = samples.collect();
        if !samples.is_empty() {
            shared.insert((data_idx, sample_idx), samples);
        }
        looked_up = Some((data_idx, with));
    }
    (shared, doubt)
}

/// Whether larger scales come from the levels of a pyramid.
fn reads_levels(data: &DataPlan) -> bool {
    data.lateral.as_ref().is_some_and(|lateral| lateral.source == ContextSource::Pyramid)
}

/// An image of validation of which training reads a level, full resolution counted.
fn shared_level(train: &NamedImages, val: &NamedImages) -> Option<String> {
    let info = |stack: &Arc<dyn ImageStack>| stack.info().clone();
    let of_training: Vec<StackInfo> = train.levels.iter().flatten().map(info).collect();
    let index = SharedPlanes::new(&of_training);
    let shared = val.levels.iter().flatten().find(|level| index.with(level.info()).is_shared());
    shared.map(|level| level.info().source.clone())
}
