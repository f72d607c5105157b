//! The roles of images in a run, and the keys that name them.

use patchweave_geometry::Axes;

use super::facts::{ImageFacts, OpenedImages};
use crate::plan::{ConstructorPlan, RunPlan};
use crate::text::{counted, entry_path};

/// The images that one key, or one source in its list, names.
#[derive(Debug, Clone, Copy)]
pub(super) struct Role<'a> {
    pub key: &'static str,
    /// The index of the source, if the key lists several.
    pub source: Option<usize>,
    pub images: &'a [ImageFacts],
    pub axes: &'a Axes,
}

impl Role<'_> {
    /// The path of the key, or of the list entry, that names an image.
    pub fn entry(&self, plan: &RunPlan, image: &ImageFacts) -> String {
        let source = self.source.map(|source| entry_path(self.key, source));
        let in_source = source.as_deref().unwrap_or(self.key);
        let entry = entry_path(in_source, image.entry);
        let paths = [entry, in_source.to_owned()];
        paths.into_iter().find(|path| plan.has_key(path)).unwrap_or_else(|| self.key.to_owned())
    }
}

/// All roles of a run.
pub(super) struct Roles<'a> {
    pub inputs: Role<'a>,
    pub targets: Vec<Role<'a>>,
    pub val_inputs: Role<'a>,
    pub val_targets: Vec<Role<'a>>,
    pub masks: Role<'a>,
    pub weights: Role<'a>,
    pub predicted: Role<'a>,
    constructor: ConstructorPlan,
}

impl<'a> Roles<'a> {
    pub fn new(plan: &'a RunPlan, images: &'a OpenedImages) -> Roles<'a> {
        let constructor = plan.train.as_ref().map_or(ConstructorPlan::Basic, |train| train.constructor);
        let axes = &plan.data.axes;
        let target_axes = plan.data.target_axes();
        let role = |key, images| Role { key, source: None, images, axes };
        let has_sources = constructor == ConstructorPlan::IndependentTargets;
        let sources = |key, lists: &'a [Vec<ImageFacts>]| -> Vec<Role<'a>> {
            let source = |(source, images): (usize, &'a Vec<ImageFacts>)| Role {
                key,
                source: has_sources.then_some(source),
                images,
                axes: target_axes,
            };
            lists.iter().enumerate().map(source).collect()
        };
        Roles {
            inputs: role("train.input", &images.train_inputs),
            targets: sources("train.target", &images.train_targets),
            val_inputs: role("train.val_input", &images.val_inputs),
            val_targets: sources("train.val_target", &images.val_targets),
            masks: role("train.mask", &images.masks),
            weights: role("train.weights", &images.weights),
            predicted: role("predict.input", &images.predict_inputs),
            constructor,
        }
    }

    /// The roles that training patches are drawn from.
    pub fn drawn(&self) -> Vec<Role<'a>> {
        if self.constructor.has_inputs() { vec![self.inputs] } else { self.targets.clone() }
    }

    /// The roles that validation patches are drawn from, if there are separate images for them.
    pub fn val_drawn(&self) -> Vec<Role<'a>> {
        if self.constructor.has_inputs() { vec![self.val_inputs] } else { self.val_targets.clone() }
    }

    /// All roles but masks and weights, whose form follows from other images.
    pub fn of_images(&self) -> Vec<Role<'a>> {
        let single = [self.inputs, self.val_inputs, self.predicted];
        single.into_iter().chain(self.targets.iter().chain(&self.val_targets).copied()).collect()
    }
}

/// `a.tiff has 3 channels`.
pub(super) fn has_channels(image: &ImageFacts) -> String {
    format!("{} has {}", image.source, counted(image.shape.n_channels, "channel", "channels"))
}
