//! Statistics: one per channel, or one for all channels.

use super::check::Check;
use super::facts::ImageFacts;
use super::roles::has_channels;
use crate::plan::{InputStatistics, NormalizationPlan, TargetStatistics};
use crate::text::counted;

/// The numbers of statistics in a normalization.
struct Given {
    per_channel: bool,
    fits_input: bool,
    fits_target: bool,
    input: Option<(usize, &'static str)>,
    target: Option<(usize, &'static str)>,
    /// The number of quantile levels, which are used for fitted quantiles.
    levels: Option<usize>,
}

impl Given {
    fn new<T>(
        per_channel: bool,
        input: &InputStatistics<T>,
        target: &TargetStatistics<T>,
        keys: [&'static str; 2],
    ) -> Given {
        Given {
            per_channel,
            fits_input: matches!(input, InputStatistics::Fit),
            fits_target: matches!(target, TargetStatistics::NotGiven),
            input: match input {
                InputStatistics::Given(given) => Some((given.len(), keys[0])),
                InputStatistics::Fit => None,
            },
            target: match target {
                TargetStatistics::Given(given) => Some((given.len(), keys[1])),
                TargetStatistics::Skip { .. } | TargetStatistics::NotGiven => None,
            },
            levels: None,
        }
    }

    fn of(normalization: &NormalizationPlan) -> Option<Given> {
        Some(match normalization {
            NormalizationPlan::None => return None,
            NormalizationPlan::MeanStd { per_channel, input, target } => {
                Given::new(*per_channel, input, target, ["input_means", "target_means"])
            }
            NormalizationPlan::MinMax { per_channel, input, target } => {
                Given::new(*per_channel, input, target, ["input_mins", "target_mins"])
            }
            NormalizationPlan::Quantile { per_channel, levels, input, target, .. } => {
                let keys = ["input_lower_quantile_values", "target_lower_quantile_values"];
                Given { levels: Some(levels.len()), ..Given::new(*per_channel, input, target, keys) }
            }
        })
    }
}

impl Check<'_> {
    /// Checks that given statistics and quantile levels fit the channels, and that statistics that are fitted in the training
    /// fit the images that are predicted.
    pub fn statistics(&mut self) {
        let Some(given) = Given::of(&self.plan.data.normalization) else { return };
        let trained = self.trained();
        let predicted = self.predicted();
        for (n_channels, source) in [&trained, &predicted].into_iter().flatten() {
            if let Some((n_given, key)) = given.input {
                self.one_or_all(key, n_given, *n_channels, source);
            }
        }
        let fitted = trained.as_ref().or(predicted.as_ref()).filter(|_| given.fits_input);
        if let Some((n_channels, source)) = fitted
            && let Some(n_levels) = given.levels
        {
            self.one_or_all("lower_quantiles", n_levels, *n_channels, source);
        }
        let n_target_channels = self.n_target_channels();
        if let Some(source) = self.target_source().filter(|_| n_target_channels > 0) {
            if let Some((n_given, key)) = given.target {
                self.one_or_all(key, n_given, n_target_channels, &source);
            }
            if let Some(n_levels) = given.levels.filter(|_| given.fits_target) {
                self.one_or_all("lower_quantiles", n_levels, n_target_channels, &source);
            }
        }
        if given.fits_input
            && given.per_channel
            && let Some((n_fitted, source)) = trained
            && let Some((n_predicted, _)) = predicted
            && n_fitted != 1
            && n_fitted != n_predicted
            && let Some(image) = self.roles.of.predict_inputs.images.first()
        {
            let expected = format!("{n_fitted} as in {source}, on which the statistics are fitted");
            self.report(&self.roles.of.predict_inputs.entry(self.plan, image), has_channels(image), expected);
        }
    }

    /// The number of channels of a training input that have statistics of their own, and the name of an image.
    ///
    /// All scales of lateral context share the statistics of one channel.
    fn trained(&self) -> Option<(usize, String)> {
        let image = self.roles.drawn().first().and_then(|role| role.images.first())?;
        let n_channels = if self.lateral().is_some() { 1 } else { self.n_trained(image) };
        Some((n_channels, image.source.clone()))
    }

    fn predicted(&self) -> Option<(usize, String)> {
        let image = self.roles.of.predict_inputs.images.first()?;
        let n_channels = if self.lateral().is_some() { 1 } else { self.n_predicted(image) };
        Some((n_channels, image.source.clone()))
    }

    fn target_source(&self) -> Option<String> {
        let first: &ImageFacts = self.roles.of.train_targets.first()?.images.first()?;
        Some(first.source.clone())
    }

    fn one_or_all(&mut self, key: &str, n_given: usize, n_channels: usize, source: &str) {
        if n_given != 1 && n_given != n_channels {
            let found = format!("got {n_given} values");
            let channels = counted(n_channels, "channel", "channels");
            let expected = if n_channels == 1 {
                format!("1 (for the {channels} of {source})")
            } else {
                format!("1 or {n_channels} (for the {channels} of {source})")
            };
            self.report(&format!("data_config.normalization.{key}"), found, expected);
        }
    }
}
