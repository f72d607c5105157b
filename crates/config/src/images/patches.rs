//! Patches: whether images have room for one, and for those of the validation; whole images in one batch.

use std::fmt;

use patchweave_geometry::{Extent, ImageShape};

use super::check::Check;
use super::facts::ImageFacts;
use crate::plan::{PatchingPlan, TilingPlan};
use crate::text::counted;

impl Check<'_> {
    /// Checks that every image that patches are drawn from has room for one, and enough for those of the validation.
    pub fn patches(&mut self) {
        let Some(patch) = self.plan.data.patching.training_size() else { return };
        let drawn = self.roles.drawn();
        for role in drawn.iter().chain(&self.roles.val_drawn()) {
            for image in role.images {
                let size = image.shape.extent;
                if size.n_axes() == patch.n_axes() && !size.covers(&patch) {
                    let found = format!("image {} has size {size}", image.source);
                    let expected = format!("at least the patch size {patch}");
                    self.report("data_config.patching.patch_size", found, expected);
                }
            }
        }
        if let [drawn] = drawn.as_slice() {
            self.split(drawn.images, patch);
        }
    }

    /// Checks that every validation patch has a grid cell of its own and that at least one patch is left for training.
    fn split(&mut self, images: &[ImageFacts], patch: Extent) {
        let n_val_patches = self.plan.train.as_ref().map_or(0, |train| train.n_val_patches);
        let is_stratified = matches!(self.plan.data.patching, PatchingPlan::Stratified { .. });
        let fits = |image: &ImageFacts| {
            image.shape.extent.n_axes() == patch.n_axes() && image.shape.extent.covers(&patch)
        };
        if n_val_patches == 0 || !is_stratified || images.is_empty() || !images.iter().all(fits) {
            return;
        }
        let shapes: Vec<ImageShape> = images.iter().map(|image| image.shape).collect();
        let room = ValidationRoom::of(&shapes, &patch);
        let most = room.most();
        if n_val_patches <= most {
            return;
        }
        let train = self.plan.train.as_ref();
        let is_default = train.is_some_and(|train| train.n_val_is_default);
        let leak_free = train.is_some_and(|train| train.leak_free);
        let key = "data_config.n_val_patches";
        if is_default && !(leak_free && most == 0) {
            self.findings.warnings.push(self.plan.warning_at(key, fewer(n_val_patches, room)));
            return;
        }
        let written = if is_default { "the default of " } else { "" };
        let found =
            format!("{written}{n_val_patches} validation patches, but the training images have {room}");
        let expected = match is_default && leak_free {
            true => "larger images, smaller patches, or no leak_free".to_owned(),
            false => format!("at most {most}, or separate validation images"),
        };
        self.report(key, found, expected);
    }

    /// Checks that images that are predicted whole have one size if they share batches.
    pub fn whole_batches(&mut self) {
        let Some(predict) = &self.plan.predict else { return };
        if predict.patching != TilingPlan::Whole || predict.batch_size == 1 {
            return;
        }
        let Some((first, rest)) = self.roles.of.predict_inputs.images.split_first() else { return };
        if let Some(other) = rest.iter().find(|image| image.shape.extent != first.shape.extent) {
            let size = |image: &ImageFacts| format!("{} has size {}", image.source, image.shape.extent);
            let found = format!(
                "batches of {} whole images, but {} and {}",
                predict.batch_size,
                size(first),
                size(other)
            );
            self.report("predict.batch_size", found, "1, images of the same size, or tiles");
        }
    }
}

/// The warning about a default number of validation patches that is too large.
fn fewer(n_default: usize, room: ValidationRoom) -> String {
    match room.most() {
        0 => format!(
            "the run has no validation patches, because the training images have {room}; use smaller patches, larger \
             images or train.val_input, or write n_val_patches: 0 to train without validation"
        ),
        most => format!(
            "the default of {n_default} validation patches is lowered to at most {most}, because the training images \
             have {room}; write n_val_patches to choose the number yourself"
        ),
    }
}

/// How many validation patches images can give with stratified patching, if none is filtered out.
///
/// ```
/// use patchweave_config::ValidationRoom;
/// use patchweave_geometry::{Extent, ImageShape};
///
/// let room = ValidationRoom::of(&[ImageShape::from_slice(&[1, 1, 64, 40])?], &Extent::new(&[32, 32])?);
/// assert_eq!((room.n_patches, room.n_cells, room.most()), (3, 2, 2));
/// assert_eq!(room.to_string(), "3 patches in 2 cells");
/// # Ok::<(), patchweave_geometry::GeometryError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValidationRoom {
    /// Patches per epoch, over all images.
    pub n_patches: usize,
    /// Complete grid cells, over all images.
    pub n_cells: usize,
}

impl ValidationRoom {
    /// The room in images of these shapes for patches of one size.
    pub fn of(shapes: &[ImageShape], patch: &Extent) -> Self {
        let total = |of_image: fn(&ImageShape, &Extent) -> usize| {
            shapes.iter().map(|shape| of_image(shape, patch)).fold(0, usize::saturating_add)
        };
        ValidationRoom { n_patches: total(n_patches), n_cells: total(n_cells) }
    }

    /// The most validation patches: every one has a cell of its own, and one patch is left for training.
    pub fn most(&self) -> usize {
        self.n_cells.min(self.n_patches.saturating_sub(1))
    }
}

impl fmt::Display for ValidationRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n_patches = counted(self.n_patches, "patch", "patches");
        let n_cells = counted(self.n_cells, "cell", "cells");
        write!(f, "{n_patches} in {n_cells}")
    }
}

/// The number of stratified patches of an image per epoch, if none is filtered out.
fn n_patches(shape: &ImageShape, patch: &Extent) -> usize {
    let quotients = shape.extent.iter().zip(patch.iter()).map(|(size, patch)| as_f64(size) / as_f64(patch));
    let n_of_sample = quotients.product::<f64>().ceil();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, and not negative")]
    let n_of_sample = n_of_sample as usize;
    shape.n_samples.saturating_mul(n_of_sample)
}

/// The number of complete grid cells of an image.
fn n_cells(shape: &ImageShape, patch: &Extent) -> usize {
    let cells = shape.extent.iter().zip(patch.iter()).map(|(size, patch)| size / patch);
    cells.fold(shape.n_samples, usize::saturating_mul)
}

#[expect(clippy::cast_precision_loss, reason = "image sizes are exact in f64")]
fn as_f64(size: usize) -> f64 {
    size as f64
}
