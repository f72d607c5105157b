//! Training and validation apart: which patches are for which, and the proof that they share no pixel.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use patchweave_config::{ContextSource, DataPlan, TrainPlan};
use patchweave_geometry::Context;
use patchweave_patching::{FixedPatching, FixedRandomPatching, Leak, LeakSearch, PatchRng, Patching};

use patchweave_stack::ImageStack;

use crate::constructors::{Parts, context};
use crate::images::NamedImages;
use crate::sources::{Guides, Strategy, strategy};
use crate::splitting::Splitting;
use crate::{Images, KeepGoing, Notice, PipelineError};

/// The strategies of a training and of its validation.
pub(crate) struct Split {
    pub parts: Parts,
    /// One for every source, before validation patches were split off.
    pub whole: Vec<Strategy>,
    /// The same after that.
    pub train: Vec<Strategy>,
    /// Where validation patches come from, if there are any.
    pub validation: Option<Validation>,
    /// What is to be known about the selection of patches.
    pub notices: Vec<Notice>,
}

pub(crate) struct Validation {
    pub parts: Parts,
    pub strategies: Vec<FixedPatching>,
    /// Whether the patches lie in the training images.
    pub is_split_off: bool,
}

impl Split {
    pub fn new(
        data: &DataPlan,
        train: &TrainPlan,
        images: &Images,
        keep_going: KeepGoing<'_>,
    ) -> Result<Self, PipelineError> {
        let parts = Parts::of_training(data, train, images)?;
        let guides =
            Guides { masks: images.masks.extractor_if_any()?, weights: images.weights.extractor_if_any()? };
        let mut notices = Vec::new();
        let whole = parts
            .drawn()
            .into_iter()
            .map(|source| strategy(data, source, &guides, &mut notices, keep_going))
            .collect::<Result<Vec<_>, _>>()?;
        let mut left = whole.clone();
        let validation = match own_validation(data, train, images)? {
            Some(validation) => Some(validation),
            None => match left.as_mut_slice() {
                [Strategy::Stratified(stratified)] if train.n_val_patches > 0 => {
                    let shapes = parts.drawn().first().map_or(&[][..], |source| source.shapes());
                    let splitting = Splitting { data, train, shapes };
                    splitting.split_off(stratified, &mut notices)?.map(|val| Validation {
                        parts: parts.clone(),
                        strategies: vec![val],
                        is_split_off: true,
                    })
                }
                _ => None,
            },
        };
        let split = Split { parts, whole, train: left, validation, notices };
        if train.leak_free
            && let LeakReport::Shared { path, leak } = split.leak(data, images)?
        {
            return Err(PipelineError::Leak { path, leak });
        }
        Ok(split)
    }
}

/// What surrounds a patch and is used with it.
pub(crate) fn used_context(data: &DataPlan) -> Result<Context, PipelineError> {
    Ok(data.lateral.as_ref().map(context).transpose()?.unwrap_or(Context::none()))
}

/// Validation patches from images of their own: at random places that stay the same.
fn own_validation(
    data: &DataPlan,
    train: &TrainPlan,
    images: &Images,
) -> Result<Option<Validation>, PipelineError> {
    let (false, Some(patch_size)) = (images.validation().is_empty(), data.patching.training_size()) else {
        return Ok(None);
    };
    let parts = Parts::of_validation(data, train, images)?;
    let strategies = parts.drawn().into_iter().map(|source| {
        let random = FixedRandomPatching::new(source.shapes(), patch_size, data.seed)?;
        // Listed, so that they can be compared with those of training one by one.
        let spec = |index| random.spec(index, &mut PatchRng::for_patch(0, 0, index));
        Ok(FixedPatching::new((0..random.n_patches()).map(spec).collect::<Result<_, _>>()?))
    });
    let strategies = strategies.collect::<Result<_, PipelineError>>()?;
    Ok(Some(Validation { parts, strategies, is_split_off: false }))
}

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
    /// An image is used by both, and nobody knows from which of its pixels the levels of its pyramid were made.
    Unknown,
    /// A pixel of both.
    Shared {
        /// The image.
        path: PathBuf,
        /// Where, and which patches use it.
        leak: Box<Leak>,
    },
}

/// Looks for a pixel that validation and training share, or proves that there is none.
///
/// Inputs and targets count alike; an image that stands in both lists is one image. Data sets that are mixed in are
/// trained with, too. Background is judged as in a training, so that images with filters are read once.
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
    let report = split.leak(data, images)?;
    let (Some(validation), LeakReport::Proven { .. }) = (&split.validation, &report) else {
        return Ok(report);
    };
    for mixed in &images.mixed {
        let other = Split::new(&mixed.data, &mixed.train, &mixed.images, keep_going)
            .map_err(|error| error.at(&mixed.plan))?;
        let trained = Trained { split: &other, data: &mixed.data, images: &mixed.images };
        if let Some(found) = trained.leak_into(validation, data, images)? {
            return Ok(found);
        }
    }
    Ok(report)
}

impl Split {
    fn leak(&self, data: &DataPlan, images: &Images) -> Result<LeakReport, PipelineError> {
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
        match self.leak_into(validation, data, images)? {
            Some(LeakReport::Shared { path, leak }) => Err(PipelineError::Leak { path, leak }),
            Some(_) => Err(PipelineError::UnknownLeak),
            None => Ok(()),
        }
    }

    /// A pixel that a validation uses too, or that this cannot be ruled out; `data` and `images` are those of the
    /// validation, which may be that of another data set.
    fn leak_into(
        &self,
        validation: &Validation,
        data: &DataPlan,
        images: &Images,
    ) -> Result<Option<LeakReport>, PipelineError> {
        let context = used_context(self.data)?;
        let of_validation = match validation.is_split_off {
            true => images.training(),
            false => images.validation(),
        };
        let from_levels = [self.data, data].iter().any(|data| {
            data.lateral.as_ref().is_some_and(|lateral| lateral.source == ContextSource::Pyramid)
        });
        let is_unknown = from_levels || context != used_context(data)?;
        let (n_drawn, n_val_drawn) = (self.split.train.len(), validation.strategies.len());
        for (train_role, train_images) in self.images.training().iter().enumerate() {
            for (val_role, val_images) in of_validation.iter().enumerate() {
                // Roles beyond the sources are targets that are cut where their input is, without context.
                let (train_idx, val_idx) = (train_role.min(n_drawn - 1), val_role.min(n_val_drawn - 1));
                let of_drawn = train_role < n_drawn || val_role < n_val_drawn;
                let context = if of_drawn { context } else { Context::none() };
                let shapes: Vec<_> = train_images.stacks.iter().map(|stack| stack.info().shape()).collect();
                for stacks in same_stacks(val_images, train_images) {
                    if is_unknown {
                        return Ok(Some(LeakReport::Unknown));
                    }
                    let search = LeakSearch::new(&shapes, context).with_stacks(&stacks);
                    let found = search
                        .find(&*self.split.train[train_idx].shared(), &validation.strategies[val_idx])?;
                    if let Some(leak) = found {
                        let path = train_images.paths.get(leak.train.data_idx).cloned().unwrap_or_default();
                        return Ok(Some(LeakReport::Shared { path, leak: Box::new(leak) }));
                    }
                }
            }
        }
        Ok(None)
    }
}

/// For every stack of `images` one of `others` that is the same array of the same file; as many such lists as it
/// takes to name all of them, for an image may be listed several times.
fn same_stacks(images: &NamedImages, others: &NamedImages) -> Vec<Vec<Option<usize>>> {
    let key = |stack: &Arc<dyn ImageStack>| {
        let source = Path::new(&stack.info().source);
        source.canonicalize().unwrap_or_else(|_| source.to_owned())
    };
    let known: Vec<_> = others.stacks.iter().map(key).collect();
    let of_each: Vec<Vec<usize>> = images
        .stacks
        .iter()
        .map(|stack| {
            let own = key(stack);
            (0..known.len()).filter(|&at| known[at] == own).collect()
        })
        .collect();
    let n_lists = of_each.iter().map(Vec::len).max().unwrap_or(0);
    (0..n_lists).map(|nth| of_each.iter().map(|same| same.get(nth).copied()).collect()).collect()
}

impl Images {
    /// Everything that training reads, sources that are drawn from first.
    fn training(&self) -> Vec<&NamedImages> {
        roles(&self.train_inputs, &self.train_targets)
    }

    fn validation(&self) -> Vec<&NamedImages> {
        roles(&self.val_inputs, &self.val_targets)
    }
}

fn roles<'a>(inputs: &'a NamedImages, targets: &'a [NamedImages]) -> Vec<&'a NamedImages> {
    std::iter::once(inputs).chain(targets).filter(|images| !images.stacks.is_empty()).collect()
}

/// The strategies as constructors take them.
pub(crate) fn shared(strategies: &[Strategy]) -> Vec<Arc<dyn Patching>> {
    strategies.iter().map(Strategy::shared).collect()
}
