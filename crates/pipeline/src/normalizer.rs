//! The normalisation that a plan names, with the statistics it lacks computed from the data.

use patchweave_config::{
    DataPlan, InputStatistics, MeanStd, MinMax, NormalizationPlan, QuantileLevels, TargetStatistics,
};
use patchweave_construct::{
    ChannelStatistics, FitOptions, FittedStatistics, PatchConstr, PatchRole, Statistic, fit, fit_images,
};
use patchweave_transform::{NormalizeError, Normalizer, Scaling, TargetScaling};

use crate::constructors::Parts;
use crate::{KeepGoing, PipelineError};

/// The statistics a run normalises by, in raw intensity units: a normalisation that lacks none.
#[derive(Debug, Clone, PartialEq)]
pub struct Statistics {
    normalization: NormalizationPlan,
    origin: StatisticsOrigin,
}

/// The two numbers of every channel: mean and standard deviation, or lower and upper limit.
pub type ChannelPairs = Vec<(f64, f64)>;

/// Where statistics come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatisticsOrigin {
    /// The configuration gives them all.
    Given,
    /// So many patches of the first epoch.
    Patches(usize),
    /// Every pixel of the images.
    Images,
}

impl Statistics {
    /// The statistics of a plan; what it lacks is computed over the patches of `constr`.
    pub(crate) fn of(
        data: &DataPlan,
        constr: &dyn PatchConstr,
        tolerance: Option<f64>,
        max_sample_bytes: usize,
        keep_going: KeepGoing<'_>,
    ) -> Result<Self, PipelineError> {
        let has_targets = constr.shapes(PatchRole::Target).is_some();
        let fitting = |options: &FitOptions| {
            let tolerance = tolerance.filter(|_| options.statistic == Statistic::MeanStd);
            Ok(fit(constr, &FitOptions { tolerance, ..options.clone() }, keep_going)?)
        };
        Self::complete(data, has_targets, max_sample_bytes, fitting, StatisticsOrigin::Patches)
    }

    /// The statistics of a plan; what it lacks is computed over all pixels of the training images.
    pub(crate) fn of_images(
        data: &DataPlan,
        parts: &Parts,
        max_sample_bytes: usize,
        keep_going: KeepGoing<'_>,
    ) -> Result<Self, PipelineError> {
        let target = parts.targets.first();
        let fitting = |options: &FitOptions| {
            let input = parts.input.clone().ok_or(PipelineError::MixedInputs)?;
            Ok(fit_images(input, target.cloned(), data.channels.clone(), options, keep_going)?)
        };
        Self::complete(data, target.is_some(), max_sample_bytes, fitting, |_| StatisticsOrigin::Images)
    }

    fn complete(
        data: &DataPlan,
        has_targets: bool,
        max_sample_bytes: usize,
        fitting: impl FnOnce(&FitOptions) -> Result<FittedStatistics, PipelineError>,
        origin: fn(usize) -> StatisticsOrigin,
    ) -> Result<Self, PipelineError> {
        let given = data.normalization.clone();
        let lacking = Lacking::of(&given, has_targets);
        let (Some((statistic, per_channel)), true) = (statistic(&given), lacking.any()) else {
            return Ok(Statistics { normalization: given, origin: StatisticsOrigin::Given });
        };
        let options = FitOptions {
            statistic,
            per_channel,
            with_target: lacking.target,
            seed: data.seed,
            tolerance: None,
            max_sample_bytes,
        };
        let fitted = fitting(&options)?;
        let normalization = filled(given, &lacking, &fitted)?;
        Ok(Statistics { normalization, origin: origin(fitted.n_patches) })
    }

    /// The normalisation with every statistic given.
    pub fn normalization(&self) -> &NormalizationPlan {
        &self.normalization
    }

    /// Where they come from.
    pub fn origin(&self) -> StatisticsOrigin {
        self.origin
    }

    /// The normalisation by these statistics.
    pub(crate) fn normalizer(&self) -> Result<Normalizer, PipelineError> {
        Ok(match &self.normalization {
            NormalizationPlan::None => Normalizer::none(),
            NormalizationPlan::MeanStd { input, target, .. } => normalizer(input, target, |channels| {
                let (means, stds): (Vec<f64>, Vec<f64>) = channels.iter().map(|c| (c.mean, c.std)).unzip();
                Scaling::mean_std(&means, &stds)
            })?,
            NormalizationPlan::MinMax { input, target, .. }
            | NormalizationPlan::Quantile { input, target, .. } => normalizer(input, target, |channels| {
                let (lows, highs): (Vec<f64>, Vec<f64>) = channels.iter().map(|c| (c.min, c.max)).unzip();
                Scaling::range(&lows, &highs)
            })?,
        })
    }

    /// The largest absolute value that normalising adds or takes away.
    pub fn largest_offset(&self) -> f64 {
        let columns = self.columns();
        let offsets = columns.iter().step_by(2).flat_map(|(_, values)| values.iter().copied());
        offsets.map(f64::abs).fold(0.0, f64::max)
    }

    /// The keys of a configuration and the values that belong there, two keys for each role.
    fn columns(&self) -> Vec<(String, Vec<f64>)> {
        let endings = match &self.normalization {
            NormalizationPlan::None => return Vec::new(),
            NormalizationPlan::MeanStd { .. } => ["means", "stds"],
            NormalizationPlan::MinMax { .. } => ["mins", "maxes"],
            NormalizationPlan::Quantile { .. } => ["lower_quantile_values", "upper_quantile_values"],
        };
        let (input, target) = self.pairs();
        let of_role = |role: &str, pairs: Vec<(f64, f64)>| {
            let (first, second): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
            endings.iter().map(|ending| format!("{role}_{ending}")).zip([first, second]).collect::<Vec<_>>()
        };
        [of_role("input", input), of_role("target", target)].concat()
    }

    /// The two numbers of every channel of input and target.
    pub fn pairs(&self) -> (ChannelPairs, ChannelPairs) {
        let of_mean_std = |c: &MeanStd| (c.mean, c.std);
        let of_range = |c: &MinMax| (c.min, c.max);
        match &self.normalization {
            NormalizationPlan::None => (Vec::new(), Vec::new()),
            NormalizationPlan::MeanStd { input, target, .. } => pairs(input, target, of_mean_std),
            NormalizationPlan::MinMax { input, target, .. }
            | NormalizationPlan::Quantile { input, target, .. } => pairs(input, target, of_range),
        }
    }

    /// The `normalization` block of a configuration that gives these statistics.
    pub fn to_yaml(&self) -> String {
        let name = self.normalization.name();
        let columns = self.columns();
        if columns.is_empty() {
            return format!("normalization: {{name: {name}}}\n");
        }
        let mut yaml = format!("# belongs into data_config\nnormalization:\n  name: {name}\n");
        if skips_target(&self.normalization) {
            yaml += "  skip_target: true\n";
        }
        if columns.iter().all(|(_, values)| values.len() <= 1) {
            yaml += "  per_channel: false\n";
        }
        if let NormalizationPlan::Quantile { levels, .. } = &self.normalization {
            let list = |level: fn(&QuantileLevels) -> f64| levels.iter().map(level).collect::<Vec<_>>();
            yaml += &format!("  lower_quantiles: {:?}\n", list(|level| level.lower));
            yaml += &format!("  upper_quantiles: {:?}\n", list(|level| level.upper));
        }
        for (key, values) in columns.iter().filter(|(_, values)| !values.is_empty()) {
            yaml += &format!("  {key}: {values:?}\n");
        }
        yaml
    }
}

/// Which statistics a plan does not give.
struct Lacking {
    input: bool,
    target: bool,
}

impl Lacking {
    fn of(plan: &NormalizationPlan, has_targets: bool) -> Self {
        fn of<T>(input: &InputStatistics<T>, target: &TargetStatistics<T>, has_targets: bool) -> Lacking {
            let target = has_targets && matches!(target, TargetStatistics::NotGiven);
            Lacking { input: matches!(input, InputStatistics::Fit), target }
        }
        match plan {
            NormalizationPlan::None => Lacking { input: false, target: false },
            NormalizationPlan::MeanStd { input, target, .. } => of(input, target, has_targets),
            NormalizationPlan::MinMax { input, target, .. }
            | NormalizationPlan::Quantile { input, target, .. } => of(input, target, has_targets),
        }
    }

    fn any(&self) -> bool {
        self.input || self.target
    }
}

/// What is computed for a plan, and whether channel by channel.
fn statistic(plan: &NormalizationPlan) -> Option<(Statistic, bool)> {
    match plan {
        NormalizationPlan::None => None,
        NormalizationPlan::MeanStd { per_channel, .. } => Some((Statistic::MeanStd, *per_channel)),
        NormalizationPlan::MinMax { per_channel, .. } => Some((Statistic::MinMax, *per_channel)),
        NormalizationPlan::Quantile { per_channel, levels, .. } => {
            let (lower, upper) = levels.iter().map(|level| (level.lower, level.upper)).unzip();
            Some((Statistic::Quantile { lower, upper }, *per_channel))
        }
    }
}

/// The plan with what was found in the places that were empty.
fn filled(
    plan: NormalizationPlan,
    lacking: &Lacking,
    fitted: &FittedStatistics,
) -> Result<NormalizationPlan, PipelineError> {
    let mean_std = |(mean, std)| MeanStd { mean, std };
    let range = |(min, max)| MinMax { min, max };
    let plan = match plan {
        NormalizationPlan::None => NormalizationPlan::None,
        NormalizationPlan::MeanStd { per_channel, input, target } => {
            let (input, target) = fill(input, target, lacking, fitted, mean_std);
            NormalizationPlan::MeanStd { per_channel, input, target }
        }
        NormalizationPlan::MinMax { per_channel, input, target } => {
            let (input, target) = fill(input, target, lacking, fitted, range);
            NormalizationPlan::MinMax { per_channel, input, target }
        }
        NormalizationPlan::Quantile { per_channel, levels, input, target } => {
            let (input, target) = fill(input, target, lacking, fitted, range);
            NormalizationPlan::Quantile { per_channel, levels, input, target }
        }
    };
    check_ranges(&plan)?;
    Ok(plan)
}

fn fill<T>(
    input: InputStatistics<T>,
    target: TargetStatistics<T>,
    lacking: &Lacking,
    fitted: &FittedStatistics,
    of_pair: impl Fn((f64, f64)) -> T,
) -> (InputStatistics<T>, TargetStatistics<T>) {
    let list = |statistics: &ChannelStatistics| -> Vec<T> {
        statistics.first.iter().copied().zip(statistics.second.iter().copied()).map(&of_pair).collect()
    };
    let input = if lacking.input { InputStatistics::Given(list(&fitted.input)) } else { input };
    let target = match &fitted.target {
        Some(found) if lacking.target => TargetStatistics::Given(list(found)),
        _ => target,
    };
    (input, target)
}

/// A channel whose values are all the same has no range to scale by.
fn check_ranges(plan: &NormalizationPlan) -> Result<(), PipelineError> {
    let (NormalizationPlan::MinMax { input, target, .. } | NormalizationPlan::Quantile { input, target, .. }) =
        plan
    else {
        return Ok(());
    };
    let (input, target) = pairs(input, target, |c: &MinMax| (c.min, c.max));
    for (role, pairs) in [("input", input), ("target", target)] {
        if let Some((channel, &(low, high))) = pairs.iter().enumerate().find(|(_, (low, high))| low >= high) {
            return Err(PipelineError::NoRange { role, channel, low, high });
        }
    }
    Ok(())
}

fn pairs<T>(
    input: &InputStatistics<T>,
    target: &TargetStatistics<T>,
    of: impl Fn(&T) -> (f64, f64),
) -> (ChannelPairs, ChannelPairs) {
    let input = match input {
        InputStatistics::Given(input) => input.iter().map(&of).collect(),
        InputStatistics::Fit => Vec::new(),
    };
    let target = match target {
        TargetStatistics::Given(target) => target.iter().map(&of).collect(),
        TargetStatistics::NotGiven | TargetStatistics::Skip { .. } => Vec::new(),
    };
    (input, target)
}

fn skips_target(plan: &NormalizationPlan) -> bool {
    match plan {
        NormalizationPlan::None => false,
        NormalizationPlan::MeanStd { target, .. } => matches!(target, TargetStatistics::Skip { .. }),
        NormalizationPlan::MinMax { target, .. } | NormalizationPlan::Quantile { target, .. } => {
            matches!(target, TargetStatistics::Skip { .. })
        }
    }
}

fn normalizer<T>(
    input: &InputStatistics<T>,
    target: &TargetStatistics<T>,
    scaling: impl Fn(&[T]) -> Result<Scaling, NormalizeError>,
) -> Result<Normalizer, NormalizeError> {
    let input = match input {
        InputStatistics::Given(input) => scaling(input)?,
        InputStatistics::Fit => scaling(&[])?,
    };
    let target = match target {
        TargetStatistics::Skip { .. } => TargetScaling::Skip,
        TargetStatistics::NotGiven => TargetScaling::Missing,
        TargetStatistics::Given(target) => TargetScaling::Given(scaling(target)?),
    };
    Ok(Normalizer::new(input, target))
}
