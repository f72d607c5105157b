//! Patches and images: room for a patch, enough patches to split some off, whole images in one batch.

use patchweave_geometry::{Extent, ImageShape};

use super::check::Check;
use super::facts::ImageFacts;
use crate::patching::{PatchingPlan, TilingPlan};
use crate::reader::counted;

impl Check<'_> {
    /// Every image that patches are drawn from has room for one, and there are enough to split some off.
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

    /// The patches that are split off leave at least one for training, and each has a cell of its own.
    fn split(&mut self, images: &[ImageFacts], patch: Extent) {
        let n_val_patches = self.plan.train.as_ref().map_or(0, |train| train.n_val_patches);
        let is_stratified = matches!(self.plan.data.patching, PatchingPlan::Stratified { .. });
        let fits = |image: &ImageFacts| {
            image.shape.extent.n_axes() == patch.n_axes() && image.shape.extent.covers(&patch)
        };
        if n_val_patches == 0 || !is_stratified || images.is_empty() || !images.iter().all(fits) {
            return;
        }
        let total = |of_image: fn(&ImageShape, &Extent) -> usize| {
            images.iter().map(|image| of_image(&image.shape, &patch)).fold(0, usize::saturating_add)
        };
        let (n_patches, n_cells) = (total(n_patches), total(n_cells));
        let most = n_cells.min(n_patches.saturating_sub(1));
        if n_val_patches > most {
            let found = format!(
                "{n_val_patches} validation patches, but the training images have {} in {}",
                counted(n_patches, "patch", "patches"),
                counted(n_cells, "cell", "cells"),
            );
            let expected = format!("at most {most}, or images for validation");
            self.report("data_config.n_val_patches", found, expected);
        }
    }

    /// Images that are predicted whole share a batch only if they have one size.
    pub fn whole_batches(&mut self) {
        let Some(predict) = &self.plan.predict else { return };
        if predict.patching != TilingPlan::Whole || predict.batch_size == 1 {
            return;
        }
        let Some((first, rest)) = self.roles.predicted.images.split_first() else { return };
        if let Some(other) = rest.iter().find(|image| image.shape.extent != first.shape.extent) {
            let size = |image: &ImageFacts| format!("{} has size {}", image.source, image.shape.extent);
            let found = format!(
                "batches of {} whole images, but {} and {}",
                predict.batch_size,
                size(first),
                size(other)
            );
            self.report("predict.batch_size", found, "1, or images of one size, or tiles");
        }
    }
}

/// How many stratified patches an image has in an epoch, if none are left out.
fn n_patches(shape: &ImageShape, patch: &Extent) -> usize {
    let quotients = shape.extent.iter().zip(patch.iter()).map(|(size, patch)| as_f64(size) / as_f64(patch));
    let n_of_sample = quotients.product::<f64>().ceil();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, and not negative")]
    let n_of_sample = n_of_sample as usize;
    shape.n_samples.saturating_mul(n_of_sample)
}

/// How many whole grid cells an image has.
fn n_cells(shape: &ImageShape, patch: &Extent) -> usize {
    let cells = shape.extent.iter().zip(patch.iter()).map(|(size, patch)| size / patch);
    cells.fold(shape.n_samples, usize::saturating_mul)
}

#[expect(clippy::cast_precision_loss, reason = "image sizes are exact in f64")]
fn as_f64(size: usize) -> f64 {
    size as f64
}
