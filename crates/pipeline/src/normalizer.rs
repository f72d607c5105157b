//! The normalisation that a plan names, with the statistics it lacks computed from the patches.

use patchweave_config::{DataPlan, InputStatistics, MeanStd, MinMax, NormalizationPlan, TargetStatistics};
use patchweave_construct::{FitOptions, PatchConstr, PatchRole, fit_mean_std};
use patchweave_transform::{Normalizer, Scaling, TargetScaling};

use crate::{KeepGoing, PipelineError};

/// The statistics a run normalises by, in raw intensity units.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Statistics {
    /// Pixels stay as they are.
    None,
    /// Means and standard deviations.
    MeanStd {
        /// Whether some of them were computed rather than given.
        is_fitted: bool,
        /// One per channel, or one for all.
        input: Vec<MeanStd>,
        /// Empty if there are no targets, or none that are normalised.
        target: Vec<MeanStd>,
        /// Targets stay as they are.
        skip_target: bool,
    },
    /// Ranges.
    MinMax {
        /// One per channel, or one for all.
        input: Vec<MinMax>,
        /// Empty if there are no targets, or none that are normalised.
        target: Vec<MinMax>,
        /// Targets stay as they are.
        skip_target: bool,
    },
}

impl Statistics {
    /// The statistics of a plan; what it lacks is computed over all patches of `constr`.
    pub(crate) fn of(
        data: &DataPlan,
        constr: &dyn PatchConstr,
        max_sample_bytes: usize,
        keep_going: KeepGoing<'_>,
    ) -> Result<Self, PipelineError> {
        let (per_channel, input, target) = match &data.normalization {
            NormalizationPlan::None => return Ok(Statistics::None),
            NormalizationPlan::MinMax { input, target } => {
                let (target, skip_target) = known(target);
                return Ok(Statistics::MinMax { input: input.clone(), target, skip_target });
            }
            NormalizationPlan::MeanStd { per_channel, input, target } => (*per_channel, input, target),
        };
        let (known_target, skip_target) = known(target);
        let fits_target = *target == TargetStatistics::NotGiven && constr.shapes(PatchRole::Target).is_some();
        let fits_input = *input == InputStatistics::Fit;
        let mut statistics = Statistics::MeanStd {
            is_fitted: fits_input || fits_target,
            input: match input {
                InputStatistics::Fit => Vec::new(),
                InputStatistics::Given(input) => input.clone(),
            },
            target: known_target,
            skip_target,
        };
        if let Statistics::MeanStd { is_fitted: true, input, target, .. } = &mut statistics {
            let (seed, with_target) = (data.seed, fits_target);
            let options = FitOptions { per_channel, with_target, seed, max_sample_bytes };
            let fitted = fit_mean_std(constr, &options, keep_going)?;
            if fits_input {
                *input = pairs(&fitted.input_means, &fitted.input_stds);
            }
            if fits_target {
                *target = pairs(&fitted.target_means, &fitted.target_stds);
            }
        }
        Ok(statistics)
    }

    /// The normalisation by these statistics.
    pub(crate) fn normalizer(&self) -> Result<Normalizer, PipelineError> {
        Ok(match self {
            Statistics::None => Normalizer::none(),
            Statistics::MeanStd { input, target, skip_target, .. } => {
                let scaling = |channels: &[MeanStd]| {
                    let means: Vec<f64> = channels.iter().map(|channel| channel.mean).collect();
                    let stds: Vec<f64> = channels.iter().map(|channel| channel.std).collect();
                    Scaling::mean_std(&means, &stds)
                };
                Normalizer::new(scaling(input)?, target_scaling(target, *skip_target, scaling)?)
            }
            Statistics::MinMax { input, target, skip_target } => {
                let scaling = |channels: &[MinMax]| {
                    let lows: Vec<f64> = channels.iter().map(|channel| channel.min).collect();
                    let highs: Vec<f64> = channels.iter().map(|channel| channel.max).collect();
                    Scaling::range(&lows, &highs)
                };
                Normalizer::new(scaling(input)?, target_scaling(target, *skip_target, scaling)?)
            }
        })
    }

    /// The largest absolute value that normalising adds or takes away.
    pub fn largest_offset(&self) -> f64 {
        let offsets: Vec<f64> = match self {
            Statistics::None => Vec::new(),
            Statistics::MeanStd { input, target, .. } => input.iter().chain(target).map(|c| c.mean).collect(),
            Statistics::MinMax { input, target, .. } => input.iter().chain(target).map(|c| c.min).collect(),
        };
        offsets.into_iter().map(f64::abs).fold(0.0, f64::max)
    }

    /// The `normalization` block of a configuration that gives these statistics.
    pub fn to_yaml(&self) -> String {
        let (name, lists, skip_target) = match self {
            Statistics::None => return "normalization: {name: none}\n".to_owned(),
            Statistics::MeanStd { input, target, skip_target, .. } => {
                let mean = |channels: &[MeanStd]| channels.iter().map(|c| c.mean).collect::<Vec<_>>();
                let std = |channels: &[MeanStd]| channels.iter().map(|c| c.std).collect::<Vec<_>>();
                let lists = [
                    ("input_means", mean(input)),
                    ("input_stds", std(input)),
                    ("target_means", mean(target)),
                    ("target_stds", std(target)),
                ];
                ("mean_std", lists, *skip_target)
            }
            Statistics::MinMax { input, target, skip_target } => {
                let min = |channels: &[MinMax]| channels.iter().map(|c| c.min).collect::<Vec<_>>();
                let max = |channels: &[MinMax]| channels.iter().map(|c| c.max).collect::<Vec<_>>();
                let lists = [
                    ("input_mins", min(input)),
                    ("input_maxes", max(input)),
                    ("target_mins", min(target)),
                    ("target_maxes", max(target)),
                ];
                ("min_max", lists, *skip_target)
            }
        };
        let mut yaml = format!("# belongs into data_config\nnormalization:\n  name: {name}\n");
        if skip_target {
            yaml += "  skip_target: true\n";
        }
        if lists.iter().all(|(_, values)| values.len() <= 1) {
            yaml += "  per_channel: false\n";
        }
        for (key, values) in lists.iter().filter(|(_, values)| !values.is_empty()) {
            yaml += &format!("  {key}: {values:?}\n");
        }
        yaml
    }
}

fn known<T: Clone>(target: &TargetStatistics<T>) -> (Vec<T>, bool) {
    match target {
        TargetStatistics::Skip => (Vec::new(), true),
        TargetStatistics::NotGiven => (Vec::new(), false),
        TargetStatistics::Given(target) => (target.clone(), false),
    }
}

fn pairs(means: &[f64], stds: &[f64]) -> Vec<MeanStd> {
    means.iter().zip(stds).map(|(&mean, &std)| MeanStd { mean, std }).collect()
}

fn target_scaling<T>(
    target: &[T],
    skip_target: bool,
    scaling: impl Fn(&[T]) -> Result<Scaling, patchweave_transform::NormalizeError>,
) -> Result<TargetScaling, patchweave_transform::NormalizeError> {
    Ok(match target {
        _ if skip_target => TargetScaling::Skip,
        [] => TargetScaling::Missing,
        target => TargetScaling::Given(scaling(target)?),
    })
}
