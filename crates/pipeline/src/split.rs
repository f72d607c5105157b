//! Training and validation apart: which patches are for which; that they share no pixel is proven elsewhere.

use std::sync::Arc;

use patchweave_config::{DataPlan, TrainPlan};
use patchweave_patching::{FixedPatching, FixedRandomPatching, PatchRng, Patching};

use crate::parts::Parts;
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
        let guides = Guides {
            masks: images.roles.masks.extractor_if_any()?,
            weights: images.roles.weights.extractor_if_any()?,
        };
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
        if train.leak_free {
            split.leak(data, images)?.forbid()?;
        }
        Ok(split)
    }
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

/// The strategies as constructors take them.
pub(crate) fn shared(strategies: &[Strategy]) -> Vec<Arc<dyn Patching>> {
    strategies.iter().map(Strategy::shared).collect()
}
