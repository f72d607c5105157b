//! Channels: whether those that the configuration names exist, and whether images have a single one where they must.

use super::check::Check;
use super::facts::ImageFacts;
use super::roles::{Role, has_channels};
use crate::plan::{ConstructorPlan, PatchingPlan};
use crate::text::{counted, entry_path};

impl Check<'_> {
    /// Checks that the channels that the configuration names exist, and that inputs with lateral context have one.
    pub fn channels(&mut self) {
        let roles = self.roles;
        let constructor = self.constructor();
        let channels = self.plan.data.channels.as_deref();
        match constructor {
            ConstructorPlan::IndependentTargets => {
                for role in roles.of.train_targets.iter().chain(&roles.of.val_targets) {
                    self.one_channel(role, "because every source of independent_targets is one channel");
                }
            }
            ConstructorPlan::Basic | ConstructorPlan::MultiChannelTarget | ConstructorPlan::Paired => {
                for role in roles.drawn().iter().chain(&roles.val_drawn()) {
                    self.selected(role, channels);
                }
            }
        }
        if constructor == ConstructorPlan::Paired {
            for role in [&roles.of.train_inputs, &roles.of.val_inputs] {
                self.one_read(role, channels, "because lateral context is made of one channel");
            }
        }
        let of_predict = self.plan.predict.as_ref().and_then(|predict| predict.channels.as_deref());
        self.selected(&roles.of.predict_inputs, of_predict);
        if self.lateral().is_some() {
            self.one_read(
                &roles.of.predict_inputs,
                of_predict,
                "because lateral context is made of one channel",
            );
        }
        self.looked_at();
        self.alpha_ranges();
    }

    /// Checks that every selected channel exists in every image.
    fn selected(&mut self, role: &Role<'_>, channels: Option<&[usize]>) {
        for (position, &channel) in channels.unwrap_or_default().iter().enumerate() {
            let listed = entry_path("data_config.channels", position);
            let path = if self.plan.has_key(&listed) { &listed } else { "data_config.channels" };
            self.exists(role, channel, path);
        }
    }

    /// Checks that a channel exists in every image of a role.
    fn exists(&mut self, role: &Role<'_>, channel: usize, path: &str) {
        if let Some(image) = role.images.iter().find(|image| image.shape.n_channels <= channel) {
            let expected = format!("an index below {}", image.shape.n_channels);
            self.report(path, format!("channel {channel}, but image {}", has_channels(image)), expected);
        }
    }

    /// Checks that exactly one channel of every image is read.
    fn one_read(&mut self, role: &Role<'_>, channels: Option<&[usize]>, reason: &str) {
        match channels {
            Some([_]) => {}
            Some(several) if !role.images.is_empty() => {
                let found = format!("{} of {}", counted(several.len(), "channel", "channels"), role.key);
                self.report("data_config.channels", found, format!("1, {reason}"));
            }
            _ => self.one_channel(role, &format!("or one of them selected by channels, {reason}")),
        }
    }

    /// Checks that the channels exist by which patches are filtered or drawn.
    fn looked_at(&mut self) {
        let data = &self.plan.data;
        if let Some(filter) = data.patch_filter {
            self.exists(
                &self.roles.of.train_inputs,
                filter.ref_channel,
                "data_config.patch_filter.ref_channel",
            );
        }
        if let Some(filter) = data.mask_filter {
            self.exists(&self.roles.of.masks, filter.ref_channel, "data_config.mask_filter.ref_channel");
        }
        if let PatchingPlan::Foreground { ref_channel, .. } = data.patching {
            for role in self.roles.drawn() {
                self.exists(&role, ref_channel, "data_config.patching.ref_channel");
            }
        }
    }

    /// Checks that there is a range of weights for every channel that is mixed.
    fn alpha_ranges(&mut self) {
        let Some(ranges) = self.lateral().and_then(|lateral| lateral.alpha_ranges.as_ref()) else { return };
        let n_ranges = ranges.len();
        let path = "data_config.alpha_ranges";
        let found = counted(n_ranges, "range", "ranges");
        match self.constructor() {
            ConstructorPlan::IndependentTargets => {
                let n_sources = self.roles.of.train_targets.len();
                if n_sources > 0 && n_ranges != n_sources {
                    self.report(path, found, format!("{n_sources}, one per source"));
                }
            }
            ConstructorPlan::MultiChannelTarget => {
                let Some(image) = self.roles.of.train_targets.first().and_then(|role| role.images.first())
                else {
                    return;
                };
                let n_channels = image.shape.n_channels;
                let selected = self.plan.data.channels.as_deref();
                let least = selected.map_or(n_channels, |channels| {
                    channels.iter().map(|channel| channel.saturating_add(1)).max().unwrap_or(n_channels)
                });
                if !(least.min(n_channels)..=n_channels).contains(&n_ranges) {
                    let expected = match selected {
                        Some(_) if least < n_channels => {
                            format!(
                                "{least} to {n_channels}, because the ranges belong, by position, to the channels of {}",
                                image.source
                            )
                        }
                        _ => format!("{n_channels}, one for every channel of {}", image.source),
                    };
                    self.report(path, found, expected);
                }
            }
            ConstructorPlan::Basic | ConstructorPlan::Paired => {}
        }
    }

    /// The number of channels of a training input.
    pub fn n_trained(&self, image: &ImageFacts) -> usize {
        n_read(self.plan.data.channels.as_deref(), image)
    }

    /// The number of channels that are read for a prediction.
    pub fn n_predicted(&self, image: &ImageFacts) -> usize {
        n_read(self.plan.predict.as_ref().and_then(|predict| predict.channels.as_deref()), image)
    }

    /// The number of channels of a target; 0 without targets.
    pub fn n_target_channels(&self) -> usize {
        let first = self.roles.of.train_targets.first().and_then(|role| role.images.first());
        match (self.constructor(), first) {
            (_, None) => 0,
            (ConstructorPlan::IndependentTargets, Some(_)) => self.roles.of.train_targets.len(),
            (ConstructorPlan::MultiChannelTarget, Some(image)) => self.n_trained(image),
            (ConstructorPlan::Basic | ConstructorPlan::Paired, Some(image)) => image.shape.n_channels,
        }
    }
}

fn n_read(channels: Option<&[usize]>, image: &ImageFacts) -> usize {
    channels.map_or(image.shape.n_channels, <[usize]>::len)
}
