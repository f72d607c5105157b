//! Images that belong together: those of a role, of a pair, of training and validation.

use patchweave_geometry::{Extent, ImageShape};

use super::check::Check;
use super::roles::{Role, has_channels};
use crate::text::counted;

impl Check<'_> {
    /// Checks that the images of a role have the dimensions of the axes and equally many channels, and that images for
    /// validation have as many channels as those for training.
    pub fn forms(&mut self) {
        for role in self.roles.of_images() {
            self.one_kind(&role);
        }
        let roles = self.roles;
        let trained = [roles.of.train_inputs].into_iter().chain(roles.of.train_targets.iter().copied());
        let validated = [roles.of.val_inputs].into_iter().chain(roles.of.val_targets.iter().copied());
        for (trained, validated) in trained.zip(validated) {
            let Some(first) = trained.images.first() else { continue };
            let Some(image) = validated.images.first() else { continue };
            if image.shape.n_channels != first.shape.n_channels {
                let expected =
                    format!("{} as in {}, an image of the training", first.shape.n_channels, first.source);
                self.report(&validated.entry(self.plan, image), has_channels(image), expected);
            }
        }
    }

    fn one_kind(&mut self, role: &Role<'_>) {
        let n_spatial = role.axes.n_spatial();
        for image in role.images {
            let path = role.entry(self.plan, image);
            let n_axes = image.shape.extent.n_axes();
            if n_axes != n_spatial {
                let found = format!("image {} has {n_axes} spatial axes", image.source);
                self.report(&path, found, format!("{n_spatial} as in axes {}", role.axes));
            }
            let first = &role.images[0];
            if image.shape.n_channels != first.shape.n_channels {
                let expected = format!("{} as in {}", first.shape.n_channels, first.source);
                self.report(&path, has_channels(image), expected);
            }
        }
    }

    /// Checks that targets, masks and weights have the number and the sizes of the images that they belong to; of targets of a
    /// prediction the number alone, because their sizes are those of results.
    pub fn pairs(&mut self) {
        let roles = self.roles;
        if self.constructor().has_inputs() {
            for (inputs, targets) in [
                (&roles.of.train_inputs, &roles.of.train_targets),
                (&roles.of.val_inputs, &roles.of.val_targets),
            ] {
                for targets in targets {
                    self.paired(inputs, targets, ["target", "targets", "input"]);
                }
            }
        }
        self.paired(&roles.of.train_inputs, &roles.of.masks, ["mask", "masks", "input"]);
        self.one_channel(&roles.of.masks, "because a mask has a single channel");
        if let [drawn] = roles.drawn().as_slice() {
            self.paired(drawn, &roles.of.weights, ["image", "images", "image"]);
        }
        self.one_channel(&roles.of.weights, "because weights have a single channel");
        self.as_many(&roles.of.predict_inputs, &roles.of.predict_targets, ["target", "targets", "input"]);
        self.paired(&roles.of.predict_inputs, &roles.of.predict_masks, ["mask", "masks", "input"]);
        self.one_channel(&roles.of.predict_masks, "because a mask has a single channel");
    }

    /// Checks that `images` and `others` are pairs of equal size. `names`: one and many of `others`, one of `images`.
    fn paired(&mut self, images: &Role<'_>, others: &Role<'_>, names: [&str; 3]) {
        let [one, _, partner] = names;
        if !self.as_many(images, others, names) {
            return;
        }
        for (image, other) in images.images.iter().zip(others.images) {
            if pairing(&image.shape) != pairing(&other.shape) {
                let found = format!("{one} {} has {}", other.source, samples_and_size(&other.shape));
                let expected =
                    format!("{} as its {partner} {}", samples_and_size(&image.shape), image.source);
                self.report(&others.entry(self.plan, other), found, expected);
            }
        }
    }

    /// Checks that there is one of `others` for each of the `images`; whether there are pairs.
    fn as_many(&mut self, images: &Role<'_>, others: &Role<'_>, [one, many, partner]: [&str; 3]) -> bool {
        if others.images.is_empty() || images.images.is_empty() {
            return false;
        }
        let is_paired = images.images.len() == others.images.len();
        if !is_paired {
            let found = counted(others.images.len(), one, many);
            let expected = format!("{}, one per {partner}", images.images.len());
            self.report(others.key, found, expected);
        }
        is_paired
    }

    /// Checks that the images of a role have one channel; `reason` says why.
    pub fn one_channel(&mut self, role: &Role<'_>, reason: &str) {
        if let Some(image) = role.images.iter().find(|image| image.shape.n_channels != 1) {
            self.report(&role.entry(self.plan, image), has_channels(image), format!("1, {reason}"));
        }
    }
}

fn pairing(shape: &ImageShape) -> (usize, Extent) {
    (shape.n_samples, shape.extent)
}

fn samples_and_size(shape: &ImageShape) -> String {
    format!("{} of size {}", counted(shape.n_samples, "sample", "samples"), shape.extent)
}
