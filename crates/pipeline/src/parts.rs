//! The images of a data set, as constructors are made of them.

use std::sync::Arc;

use patchweave_config::{ConstructorPlan, DataPlan, TrainPlan};
use patchweave_construct::{
    BasicPatchConstr, ConstructError, IndependentTargetsMsPatchConstr, MixOptions,
    MultiChannelTargetMsPatchConstr, PairedInputTargetMsPatchConstr, PatchConstr, PatchExtractor,
};
use patchweave_patching::Patching;

use crate::constructors::{alpha_ranges, input_constructor, lateral_context, n_levels};
use crate::lacking::fits_targets;
use crate::{Images, NamedImages, PipelineError};

/// The images of a data set as constructors take them.
#[derive(Clone)]
pub(crate) struct Parts {
    pub constructor: ConstructorPlan,
    pub input: Option<PatchExtractor>,
    /// One for every source; several only for independent targets.
    pub targets: Vec<PatchExtractor>,
}

impl Parts {
    /// The images of a training.
    pub fn of_training(data: &DataPlan, train: &TrainPlan, images: &Images) -> Result<Self, PipelineError> {
        Self::new(data, train.constructor, &images.roles.train_inputs, &images.roles.train_targets)
    }

    /// The images of its validation.
    pub fn of_validation(data: &DataPlan, train: &TrainPlan, images: &Images) -> Result<Self, PipelineError> {
        Self::new(data, train.constructor, &images.roles.val_inputs, &images.roles.val_targets)
    }

    fn new(
        data: &DataPlan,
        constructor: ConstructorPlan,
        input: &NamedImages,
        targets: &[NamedImages],
    ) -> Result<Self, PipelineError> {
        let n_levels = n_levels(data);
        let input = match constructor.has_inputs() {
            true => Some(input.extractor_with_levels(if constructor.is_lateral() { n_levels } else { 1 })?),
            false => None,
        };
        let n_levels = if constructor.has_inputs() { 1 } else { n_levels };
        let targets = targets.iter().filter(|target| !target.stacks.is_empty());
        let targets = targets.map(|target| target.extractor_with_levels(n_levels));
        Ok(Parts { constructor, input, targets: targets.collect::<Result<_, ConstructError>>()? })
    }

    /// The images that patches are drawn from, source by source.
    pub fn drawn(&self) -> Vec<&PatchExtractor> {
        match &self.input {
            Some(input) => vec![input],
            None => self.targets.iter().collect(),
        }
    }

    /// The constructor over one strategy for each source.
    ///
    /// For validation, channels weigh the same and come from one place, as CAREamics has it.
    pub fn constructor(
        &self,
        data: &DataPlan,
        strategies: Vec<Arc<dyn Patching>>,
        for_training: bool,
    ) -> Result<Arc<dyn PatchConstr>, PipelineError> {
        let mut strategies = strategies.into_iter();
        let mut next = || strategies.next().ok_or(ConstructError::NoImages);
        let no_images = || ConstructError::NoImages;
        let channels = data.channels.clone();
        if self.constructor == ConstructorPlan::Basic {
            let input = self.input.clone().ok_or_else(no_images)?;
            let target = self.targets.first().cloned();
            return Ok(Arc::new(BasicPatchConstr::new(next()?, input, target, channels)?));
        }
        let lateral = data.lateral.as_ref().ok_or(PipelineError::NoContext)?;
        let context = lateral_context(lateral)?;
        let alpha_ranges = if for_training { alpha_ranges(lateral)? } else { None };
        let target = || self.targets.first().cloned().ok_or_else(no_images);
        Ok(match self.constructor {
            ConstructorPlan::MultiChannelTarget => {
                let uncorrelated_prob = if for_training { lateral.uncorrelated_channel_prob } else { 0.0 };
                let options = MixOptions { channels, alpha_ranges, uncorrelated_prob };
                Arc::new(MultiChannelTargetMsPatchConstr::new(next()?, target()?, context, options)?)
            }
            ConstructorPlan::IndependentTargets => {
                let sources = self.targets.iter().map(|images| Ok((next()?, images.clone())));
                let sources = sources.collect::<Result<Vec<_>, ConstructError>>()?;
                Arc::new(IndependentTargetsMsPatchConstr::new(sources, context, alpha_ranges)?)
            }
            ConstructorPlan::Basic | ConstructorPlan::Paired => {
                let input = self.input.clone().ok_or_else(no_images)?;
                Arc::new(PairedInputTargetMsPatchConstr::new(next()?, input, target()?, context, channels)?)
            }
        })
    }

    /// The constructor that statistics are computed over, without targets where they have no part in them.
    pub fn fitting_constructor(
        &self,
        data: &DataPlan,
        strategies: Vec<Arc<dyn Patching>>,
        for_training: bool,
    ) -> Result<Arc<dyn PatchConstr>, PipelineError> {
        match (&self.input, strategies.as_slice()) {
            (Some(input), [strategy]) if !fits_targets(data) => {
                input_constructor(data, data.channels.clone(), Arc::clone(strategy), input.clone())
            }
            _ => self.constructor(data, strategies, for_training),
        }
    }
}
