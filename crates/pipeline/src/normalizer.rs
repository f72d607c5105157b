//! The statistics of a run: as a normaliser, as numbers and as a block of a configuration.

use patchweave_config::{
    InputStatistics, MeanStd, MinMax, NormalizationPlan, QuantileLevels, QuantileMethod, TargetStatistics,
};
use patchweave_transform::{NormalizeError, Normalizer, Scaling, TargetScaling};

use crate::PipelineError;

/// The statistics a run normalises by, in raw intensity units: a normalisation that lacks none.
#[derive(Debug, Clone, PartialEq)]
pub struct Statistics {
    normalization: NormalizationPlan,
    origin: StatisticsOrigin,
    warnings: Vec<String>,
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
    /// A prediction that was begun with them.
    Begun,
}

impl Statistics {
    /// Statistics that a configuration gives.
    pub(crate) fn given(normalization: NormalizationPlan) -> Self {
        Statistics { normalization, origin: StatisticsOrigin::Given, warnings: Vec::new() }
    }

    /// Statistics of which some were computed, and what to know about those.
    pub(crate) fn computed(
        normalization: NormalizationPlan,
        origin: StatisticsOrigin,
        warnings: Vec<String>,
    ) -> Self {
        Statistics { normalization, origin, warnings }
    }

    /// What people should know about statistics that were computed, a sentence each; what is to be known about given
    /// ones stands among the warnings of the plan.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The normalisation with every statistic given.
    pub fn normalization(&self) -> &NormalizationPlan {
        &self.normalization
    }

    /// Where they come from.
    pub fn origin(&self) -> StatisticsOrigin {
        self.origin
    }

    /// All numbers with all of their digits.
    pub(crate) fn exactly(&self) -> String {
        let number = |value: &f64| format!(" {value:?}");
        let column = |(key, values): (String, Vec<f64>)| {
            format!("{key}{}", values.iter().map(number).collect::<String>())
        };
        let columns: Vec<String> = self.columns().into_iter().map(column).collect();
        if columns.is_empty() { "none".to_owned() } else { columns.join(", ") }
    }

    /// The numbers that [`exactly`](Self::exactly) has told, for the normalisation of a plan; `None` if they are no such.
    pub(crate) fn recalled(plan: &NormalizationPlan, text: &str) -> Option<Self> {
        let mut columns = Vec::new();
        for column in text.split(", ").filter(|_| text != "none") {
            let mut words = column.split(' ');
            let key = words.next()?;
            let values: Option<Vec<f64>> = words.map(|value| value.parse().ok()).collect();
            columns.push((key, values?));
        }
        let of_role = |role: &str| match columns
            .iter()
            .filter(|(key, _)| key.starts_with(role))
            .collect::<Vec<_>>()[..]
        {
            [(_, first), (_, second)] if first.len() == second.len() && !first.is_empty() => {
                Some(first.iter().copied().zip(second.iter().copied()).collect::<ChannelPairs>())
            }
            _ => None,
        };
        let (input, target) = (of_role("input"), of_role("target"));
        let normalization = with_pairs(plan.clone(), input, target);
        let recalled = Statistics { normalization, origin: StatisticsOrigin::Begun, warnings: Vec::new() };
        (recalled.exactly() == text).then_some(recalled)
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
        if self.normalization.skips_target() {
            yaml += "  skip_target: true\n";
        }
        if columns.iter().all(|(_, values)| values.len() <= 1) {
            yaml += "  per_channel: false\n";
        }
        if let NormalizationPlan::Quantile { levels, method, .. } = &self.normalization {
            if *method != QuantileMethod::default() {
                yaml += &format!("  method: {}\n", method.name());
            }
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

pub(crate) fn pairs<T>(
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

/// A normalisation with these numbers in the place of those that it does not give.
pub(crate) fn with_pairs(
    plan: NormalizationPlan,
    input: Option<ChannelPairs>,
    target: Option<ChannelPairs>,
) -> NormalizationPlan {
    fn fill<T>(
        (input, target): (InputStatistics<T>, TargetStatistics<T>),
        (inputs, targets): (Option<ChannelPairs>, Option<ChannelPairs>),
        of_pair: impl Fn((f64, f64)) -> T,
    ) -> (InputStatistics<T>, TargetStatistics<T>) {
        let list = |pairs: ChannelPairs| pairs.into_iter().map(&of_pair).collect();
        let input = match inputs {
            Some(pairs) if matches!(input, InputStatistics::Fit) => InputStatistics::Given(list(pairs)),
            _ => input,
        };
        let target = match targets {
            Some(pairs) if matches!(target, TargetStatistics::NotGiven) => {
                TargetStatistics::Given(list(pairs))
            }
            _ => target,
        };
        (input, target)
    }
    let range = |(min, max)| MinMax { min, max };
    match plan {
        NormalizationPlan::None => NormalizationPlan::None,
        NormalizationPlan::MeanStd { per_channel, input: i, target: t } => {
            let (input, target) = fill((i, t), (input, target), |(mean, std)| MeanStd { mean, std });
            NormalizationPlan::MeanStd { per_channel, input, target }
        }
        NormalizationPlan::MinMax { per_channel, input: i, target: t } => {
            let (input, target) = fill((i, t), (input, target), range);
            NormalizationPlan::MinMax { per_channel, input, target }
        }
        NormalizationPlan::Quantile { per_channel, levels, method, input: i, target: t } => {
            let (input, target) = fill((i, t), (input, target), range);
            NormalizationPlan::Quantile { per_channel, levels, method, input, target }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With targets and without, channel by channel or not.
    #[test]
    fn numbers_are_recalled_as_they_were() {
        let numbers = [0.1, -3.25e-7, 12345.678901234567, f64::from(f32::MAX)];
        let pairs: ChannelPairs = numbers.iter().map(|number| (*number, number.abs() + 1e-3)).collect();
        let mean_std = NormalizationPlan::MeanStd {
            per_channel: true,
            input: InputStatistics::Fit,
            target: TargetStatistics::NotGiven,
        };
        let min_max = NormalizationPlan::MinMax {
            per_channel: false,
            input: InputStatistics::Fit,
            target: TargetStatistics::NotGiven,
        };
        for plan in [mean_std, min_max] {
            for target in [None, Some(pairs[..2].to_vec())] {
                let normalization = with_pairs(plan.clone(), Some(pairs.clone()), target);
                let told = Statistics::computed(normalization.clone(), StatisticsOrigin::Images, Vec::new())
                    .exactly();
                let recalled = Statistics::recalled(&plan, &told).unwrap();
                assert_eq!(recalled.normalization, normalization);
                assert_eq!(Statistics::recalled(&NormalizationPlan::None, &told), None);
            }
        }
        let none = Statistics::given(NormalizationPlan::None);
        assert_eq!(
            Statistics::recalled(&NormalizationPlan::None, &none.exactly()).unwrap().exactly(),
            "none"
        );
    }
}
