//! Statistics that a plan does not give, computed from the data.

use std::fmt;

use patchweave_config::{DataPlan, MeanStd, MinMax, NormalizationPlan, QuantileMethod};
use patchweave_construct::{
    self as construct, ChannelStatistics, FitOptions, FittedStatistics, PatchConstr, PatchConstrExt,
    PatchExtractor, PatchRole, Statistic, fit, fit_images,
};
use patchweave_geometry::{Coords, PatchSpec};
use patchweave_loader::on_threads;

use crate::lacking::Lacking;
use crate::normalizer::{pairs, with_pairs};
use crate::parts::Parts;
use crate::{ChannelPairs, KeepGoing, PipelineError, Statistics, StatisticsOrigin};

/// What computing statistics may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    /// How well means and deviations have to be known, where not all patches are to be looked at.
    pub tolerance: Option<f64>,
    /// Bytes of samples and counts.
    pub max_bytes: usize,
    pub n_threads: usize,
}

/// The statistics of a plan; what it lacks is computed over the patches of `constr`.
pub(crate) fn of_patches(
    data: &DataPlan,
    constr: &dyn PatchConstr,
    effort: Effort,
    keep_going: KeepGoing<'_>,
) -> Result<Statistics, PipelineError> {
    let has_targets = constr.target_shapes().is_some();
    let sources = |role| sources_of(constr, role);
    let fitting = |options: &FitOptions| {
        let tolerance = effort.tolerance.filter(|_| options.statistic == Statistic::MeanStd);
        Ok(fit(constr, &FitOptions { tolerance, ..options.clone() }, keep_going)?)
    };
    complete(data, has_targets, effort, fitting, StatisticsOrigin::Patches, sources)
}

/// The statistics of a plan; what it lacks is computed over all pixels of the training images.
pub(crate) fn of_images(
    data: &DataPlan,
    parts: &Parts,
    effort: Effort,
    keep_going: KeepGoing<'_>,
) -> Result<Statistics, PipelineError> {
    let target = parts.targets.first();
    let sources = |role| {
        let images = match role {
            PatchRole::Input => parts.input.as_ref(),
            PatchRole::Target => target,
        };
        images.map_or_else(Sources::default, sources_in)
    };
    let fitting = |options: &FitOptions| {
        let input = parts.input.clone().ok_or(PipelineError::MixedInputs)?;
        Ok(fit_images(input, target.cloned(), data.channels.clone(), options, keep_going)?)
    };
    complete(data, target.is_some(), effort, fitting, |_| StatisticsOrigin::Images, sources)
}

fn complete(
    data: &DataPlan,
    has_targets: bool,
    effort: Effort,
    fitting: impl FnOnce(&FitOptions) -> Result<FittedStatistics, PipelineError> + Send,
    origin: fn(usize) -> StatisticsOrigin,
    sources: impl Fn(PatchRole) -> Sources,
) -> Result<Statistics, PipelineError> {
    let given = data.normalization.clone();
    let lacking = Lacking::of(&given, has_targets);
    let (Some((statistic, per_channel)), true) = (statistic(&given), lacking.any()) else {
        return Ok(Statistics::given(given));
    };
    let options = FitOptions {
        statistic,
        per_channel,
        with_input: lacking.input,
        with_target: lacking.target,
        seed: data.seed,
        tolerance: None,
        max_bytes: effort.max_bytes,
    };
    let fitted = on_threads(effort.n_threads, || fitting(&options))??;
    let normalization = filled(given, &lacking, &fitted);
    check_ranges(&normalization, &lacking, &sources)?;
    let warnings = warnings(&normalization, &lacking, &sources);
    Ok(Statistics::computed(normalization, origin(fitted.n_patches), warnings))
}

/// The images that statistics come from: the first one, and how many there are.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Sources {
    first: String,
    n: usize,
}

impl fmt::Display for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.n {
            0 => write!(f, "images that are mixed"),
            1 => write!(f, "{}", self.first),
            2 => write!(f, "{} and 1 more image", self.first),
            n => write!(f, "{} and {} more images", self.first, n - 1),
        }
    }
}

fn sources_in(images: &PatchExtractor) -> Sources {
    let first = images.info(0).map_or_else(String::new, |info| info.source.clone());
    Sources { first, n: images.shapes().len() }
}

/// The images that a constructor cuts patches from, as far as it tells.
fn sources_of(constr: &dyn PatchConstr, role: PatchRole) -> Sources {
    let first = || {
        let images = constr.sources().of(role)?;
        let shapes = images.shapes();
        let patch_size = shapes.first()?.extent;
        let coords = Coords::new(&vec![0; patch_size.n_axes()]).ok()?;
        let spec = PatchSpec { data_idx: 0, sample_idx: 0, coords, patch_size };
        let image = images.metadata(&spec.into())?;
        Some(Sources { first: image.source.clone(), n: shapes.len() })
    };
    first().unwrap_or_default()
}

/// A channel whose values are all the same has no range to scale by; the estimate of the reference has one by chance,
/// which is used as the reference does.
fn check_ranges(
    plan: &NormalizationPlan,
    lacking: &Lacking,
    sources: &impl Fn(PatchRole) -> Sources,
) -> Result<(), PipelineError> {
    let (input, target, method) = match plan {
        NormalizationPlan::MinMax { input, target, .. } => (input, target, None),
        NormalizationPlan::Quantile { input, target, method, .. } => (input, target, Some(*method)),
        NormalizationPlan::None | NormalizationPlan::MeanStd { .. } => return Ok(()),
    };
    let has_no_range = |&(min, max): &(f64, f64)| match method {
        Some(QuantileMethod::Streaming) => min >= max,
        Some(QuantileMethod::Exact) | None => !MinMax { min, max }.is_range(),
    };
    let (input, target) = pairs(input, target, |c: &MinMax| (c.min, c.max));
    let roles = [
        (PatchRole::Input, "input", lacking.input, input),
        (PatchRole::Target, "target", lacking.target, target),
    ];
    for (patch_role, role, _, pairs) in roles.into_iter().filter(|(_, _, is_lacking, _)| *is_lacking) {
        if let Some((channel, &(low, high))) = pairs.iter().enumerate().find(|(_, pair)| has_no_range(pair)) {
            let images = sources(patch_role).to_string();
            return Err(match method {
                None => PipelineError::NoRange { role, channel, images, low, high },
                Some(_) => PipelineError::EqualQuantiles { role, channel, images, low, high },
            });
        }
    }
    Ok(())
}

/// What to know about statistics that were computed.
fn warnings(
    plan: &NormalizationPlan,
    lacking: &Lacking,
    sources: &impl Fn(PatchRole) -> Sources,
) -> Vec<String> {
    let (input, target): (Vec<_>, Vec<_>) = match plan {
        NormalizationPlan::None => return Vec::new(),
        NormalizationPlan::MeanStd { input, target, .. } => {
            let (input, target) = pairs(input, target, |c: &MeanStd| (c.mean, c.std));
            let warning = |(mean, std)| MeanStd { mean, std }.warning();
            (input.into_iter().map(warning).collect(), target.into_iter().map(warning).collect())
        }
        NormalizationPlan::MinMax { input, target, .. }
        | NormalizationPlan::Quantile { input, target, .. } => {
            let (input, target) = pairs(input, target, |c: &MinMax| (c.min, c.max));
            let warning = |(min, max)| MinMax { min, max }.warning();
            (input.into_iter().map(warning).collect(), target.into_iter().map(warning).collect())
        }
    };
    let roles = [
        (PatchRole::Input, "input", lacking.input, input),
        (PatchRole::Target, "target", lacking.target, target),
    ];
    let mut all = Vec::new();
    for (patch_role, role, _, warnings) in roles.into_iter().filter(|(_, _, is_lacking, _)| *is_lacking) {
        let found =
            warnings.into_iter().enumerate().filter_map(|(channel, warning)| Some((channel, warning?)));
        all.extend(found.map(|(channel, warning)| {
            format!("channel {channel} of the {role}, from {}: {warning}", sources(patch_role))
        }));
    }
    all
}

/// What is computed for a plan, and whether channel by channel.
fn statistic(plan: &NormalizationPlan) -> Option<(Statistic, bool)> {
    match plan {
        NormalizationPlan::None => None,
        NormalizationPlan::MeanStd { per_channel, .. } => Some((Statistic::MeanStd, *per_channel)),
        NormalizationPlan::MinMax { per_channel, .. } => Some((Statistic::MinMax, *per_channel)),
        NormalizationPlan::Quantile { per_channel, levels, method, .. } => {
            let (lower, upper) = levels.iter().map(|level| (level.lower, level.upper)).unzip();
            let method = match method {
                QuantileMethod::Exact => construct::QuantileMethod::Exact,
                QuantileMethod::Streaming => construct::QuantileMethod::Streaming,
            };
            Some((Statistic::Quantile { lower, upper, method }, *per_channel))
        }
    }
}

/// The plan with what was found in the places that were empty.
fn filled(plan: NormalizationPlan, lacking: &Lacking, fitted: &FittedStatistics) -> NormalizationPlan {
    let pairs = |statistics: &ChannelStatistics| -> ChannelPairs {
        statistics.first.iter().copied().zip(statistics.second.iter().copied()).collect()
    };
    let input = fitted.input.as_ref().filter(|_| lacking.input).map(pairs);
    let target = fitted.target.as_ref().filter(|_| lacking.target).map(pairs);
    with_pairs(plan, input, target)
}
