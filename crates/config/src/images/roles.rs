//! The roles of images in a run, and the keys that name them.

use patchweave_geometry::Axes;

use super::by_role::{ByRole, ImageRole, RoleSource};
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
    pub of: ByRole<Role<'a>>,
    constructor: ConstructorPlan,
}

impl<'a> Roles<'a> {
    pub fn new(plan: &'a RunPlan, images: &'a OpenedImages) -> Roles<'a> {
        let constructor = plan.train.as_ref().map_or(ConstructorPlan::Basic, |train| train.constructor);
        let has_sources = constructor == ConstructorPlan::IndependentTargets;
        let of = images.as_ref().map(|RoleSource { role, source, .. }, images| Role {
            key: role.key(),
            source: (has_sources && matches!(role, ImageRole::TrainTarget | ImageRole::ValTarget))
                .then_some(source),
            images: images.as_slice(),
            axes: if role.is_target() { plan.data.target_axes() } else { &plan.data.axes },
        });
        Roles { of, constructor }
    }

    /// The roles that training patches are drawn from.
    pub fn drawn(&self) -> Vec<Role<'a>> {
        if self.constructor.has_inputs() { vec![self.of.train_inputs] } else { self.of.train_targets.clone() }
    }

    /// The roles that validation patches are drawn from, if there are separate images for them.
    pub fn val_drawn(&self) -> Vec<Role<'a>> {
        if self.constructor.has_inputs() { vec![self.of.val_inputs] } else { self.of.val_targets.clone() }
    }

    /// All roles but masks and weights, whose form follows from other images.
    pub fn of_images(&self) -> Vec<Role<'a>> {
        let ByRole { train_inputs, val_inputs, predict_inputs, predict_targets, .. } = &self.of;
        let single = [*train_inputs, *val_inputs, *predict_inputs, *predict_targets];
        let targets = self.of.train_targets.iter().chain(&self.of.val_targets);
        single.into_iter().chain(targets.copied()).collect()
    }
}

/// `a.tiff has 3 channels`.
pub(super) fn has_channels(image: &ImageFacts) -> String {
    format!("{} has {}", image.source, counted(image.shape.n_channels, "channel", "channels"))
}
