//! The `normalization` block: which statistics are given and which are to be fitted.

use crate::reader::{Block, Reader, Value, counted};
use crate::scalar::{Fractions, Names, fraction, truth};

/// How pixel values are brought to a common scale.
///
/// ```
/// use patchweave_config::{InputStatistics, MeanStd, NormalizationPlan, TargetStatistics};
///
/// let given = NormalizationPlan::MeanStd {
///     per_channel: false,
///     input: InputStatistics::Given(vec![MeanStd { mean: 100.0, std: 20.0 }]),
///     target: TargetStatistics::Skip,
/// };
/// assert_eq!(given.name(), "mean_std");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum NormalizationPlan {
    /// Values stay as they are.
    None,
    /// Mean 0 and standard deviation 1.
    MeanStd {
        /// Whether fitted statistics are one per channel rather than one for all.
        per_channel: bool,
        /// For the input.
        input: InputStatistics,
        /// For the target.
        target: TargetStatistics<MeanStd>,
    },
    /// A range of values to 0 … 1.
    MinMax {
        /// For the input: one range for all channels, or one per channel.
        input: Vec<MinMax>,
        /// For the target.
        target: TargetStatistics<MinMax>,
    },
}

impl NormalizationPlan {
    /// The name in a configuration.
    pub fn name(&self) -> &'static str {
        match self {
            NormalizationPlan::None => "none",
            NormalizationPlan::MeanStd { .. } => "mean_std",
            NormalizationPlan::MinMax { .. } => "min_max",
        }
    }
}

/// Mean and standard deviation of one channel, in raw intensity units.
///
/// ```
/// let channel = patchweave_config::MeanStd { mean: 100.0, std: 20.0 };
/// assert_eq!((140.0 - channel.mean) / channel.std, 2.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeanStd {
    /// Finite.
    pub mean: f64,
    /// Finite and at least 0.
    pub std: f64,
}

/// The range of one channel, in raw intensity units.
///
/// ```
/// let channel = patchweave_config::MinMax { min: 100.0, max: 300.0 };
/// assert_eq!((150.0 - channel.min) / (channel.max - channel.min), 0.25);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MinMax {
    /// Finite.
    pub min: f64,
    /// Finite and above `min`.
    pub max: f64,
}

/// Where the statistics of the input come from.
///
/// ```
/// use patchweave_config::InputStatistics;
///
/// assert_ne!(InputStatistics::Fit, InputStatistics::Given(vec![]));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum InputStatistics {
    /// Computed from the patches before the first epoch.
    Fit,
    /// One entry for all channels, or one per channel.
    Given(Vec<MeanStd>),
}

/// Where the statistics of the target come from.
///
/// ```
/// use patchweave_config::{MeanStd, TargetStatistics};
///
/// assert_ne!(TargetStatistics::<MeanStd>::Skip, TargetStatistics::NotGiven);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum TargetStatistics<T> {
    /// The target keeps its values, and predictions are not scaled back. Values that the file gives all
    /// the same are checked and then dropped.
    Skip,
    /// None in the file: fitted if there are targets; without targets predictions are scaled back as inputs.
    NotGiven,
    /// One entry for all channels, or one per channel.
    Given(Vec<T>),
}

#[derive(Debug, Clone, Copy)]
enum Name {
    None,
    MeanStd,
    MinMax,
}

const NAMES: Names<'_, Name> = Names {
    known: &[("mean_std", Name::MeanStd), ("min_max", Name::MinMax), ("none", Name::None)],
    refused: &[("quantile", "cannot be fitted yet; give its values to min_max")],
};

/// Whether there are targets to normalize.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Targets {
    Given,
    Absent,
}

/// The `normalization` of `data_config`.
pub(crate) fn normalization(
    reader: &mut Reader<'_>,
    value: &Value<'_>,
    targets: Targets,
) -> Option<NormalizationPlan> {
    let (name, block) = NAMES.block(reader, value)?;
    match name {
        Name::None => {
            block.only(reader, &["name", "per_channel", "skip_target"]);
            Some(NormalizationPlan::None)
        }
        Name::MeanStd => mean_std(reader, block),
        Name::MinMax => min_max(reader, block, targets),
    }
}

fn mean_std(reader: &mut Reader<'_>, block: Block<'_>) -> Option<NormalizationPlan> {
    const KEYS: &[&str] =
        &["name", "per_channel", "skip_target", "input_means", "input_stds", "target_means", "target_stds"];
    let block = block.only(reader, KEYS);
    let common = Common::read(reader, &block);
    let join = |_: &mut Reader<'_>, _: &Value<'_>, mean, std| Some(MeanStd { mean, std });
    let input = common.pairs(
        reader,
        &block,
        Pair { keys: ["input_means", "input_stds"], second: Fractions::NotNegative },
        join,
    );
    let target = common.pairs(
        reader,
        &block,
        Pair { keys: ["target_means", "target_stds"], second: Fractions::NotNegative },
        join,
    );
    Some(NormalizationPlan::MeanStd {
        per_channel: common.per_channel?,
        input: input?.map_or(InputStatistics::Fit, InputStatistics::Given),
        target: common.target(target?)?,
    })
}

fn min_max(reader: &mut Reader<'_>, block: Block<'_>, targets: Targets) -> Option<NormalizationPlan> {
    const KEYS: &[&str] =
        &["name", "per_channel", "skip_target", "input_mins", "input_maxes", "target_mins", "target_maxes"];
    let block = block.only(reader, KEYS);
    let common = Common::read(reader, &block);
    let input = match (block.given("input_mins"), block.given("input_maxes")) {
        (None, None) => {
            block.missing(reader, "input_mins", "input_mins and input_maxes, which cannot be fitted yet")
        }
        _ => common
            .pairs(
                reader,
                &block,
                Pair { keys: ["input_mins", "input_maxes"], second: Fractions::Finite },
                range,
            )
            .flatten(),
    };
    let target = common.pairs(
        reader,
        &block,
        Pair { keys: ["target_mins", "target_maxes"], second: Fractions::Finite },
        range,
    );
    if target == Some(None) && targets == Targets::Given && common.skip_target == Some(false) {
        let expected = "target_mins and target_maxes for the targets of `train`, or skip_target: true";
        return block.missing(reader, "target_mins", expected);
    }
    Some(NormalizationPlan::MinMax { input: input?, target: common.target(target?)? })
}

fn range(reader: &mut Reader<'_>, max: &Value<'_>, min: f64, value: f64) -> Option<MinMax> {
    if min < value {
        return Some(MinMax { min, max: value });
    }
    reader.refuse(max, format!("more than the minimum {min}"))
}

/// Two keys whose lists belong together.
struct Pair<'k> {
    keys: [&'k str; 2],
    /// What the second list may hold; the first one holds any number.
    second: Fractions,
}

/// What the blocks with statistics have in common, as far as it could be read.
struct Common {
    per_channel: Option<bool>,
    skip_target: Option<bool>,
}

impl Common {
    fn read(reader: &mut Reader<'_>, block: &Block<'_>) -> Common {
        Common {
            per_channel: block.or(reader, "per_channel", true, truth),
            skip_target: block.or(reader, "skip_target", false, truth),
        }
    }

    fn target<T>(&self, given: Option<Vec<T>>) -> Option<TargetStatistics<T>> {
        Some(match (self.skip_target?, given) {
            (true, _) => TargetStatistics::Skip,
            (false, Some(given)) => TargetStatistics::Given(given),
            (false, None) => TargetStatistics::NotGiven,
        })
    }

    /// Two lists that belong together, joined entry by entry; the inner `None` if neither is given.
    fn pairs<T>(
        &self,
        reader: &mut Reader<'_>,
        block: &Block<'_>,
        Pair { keys: [first_key, second_key], second: accepted }: Pair<'_>,
        join: impl Fn(&mut Reader<'_>, &Value<'_>, f64, f64) -> Option<T>,
    ) -> Option<Option<Vec<T>>> {
        let (first, second) = match (block.given(first_key), block.given(second_key)) {
            (None, None) => return Some(None),
            (Some(first), Some(second)) => (first, second),
            (Some(_), None) => {
                return block.missing(reader, second_key, &format!("as many values as in {first_key}"));
            }
            (None, Some(_)) => {
                return block.missing(reader, first_key, &format!("as many values as in {second_key}"));
            }
        };
        let firsts = self.numbers(reader, &first, Fractions::Finite);
        let seconds = self.numbers(reader, &second, accepted);
        let (firsts, seconds) = (firsts?, seconds?);
        if firsts.len() != seconds.len() {
            let expected = format!("{} as in {first_key}", counted(firsts.len(), "value", "values"));
            let found = format!("got {}", counted(seconds.len(), "value", "values"));
            return reader.refuse_found(&second, found, expected);
        }
        let joined: Vec<_> = firsts
            .iter()
            .zip(&seconds)
            .map(|((_, first), (place, second))| join(reader, place, *first, *second))
            .collect();
        joined.into_iter().collect::<Option<_>>().map(Some)
    }

    /// A list of numbers with their places; a number stands for a list of one.
    fn numbers<'t>(
        &self,
        reader: &mut Reader<'_>,
        value: &Value<'t>,
        accepted: Fractions,
    ) -> Option<Vec<(Value<'t>, f64)>> {
        let entries = value.entries().unwrap_or_else(|| vec![value.clone()]);
        if entries.is_empty() {
            return reader.refuse(value, "a number or a list with at least one");
        }
        if self.per_channel == Some(false) && entries.len() > 1 {
            let found = format!("got {}", counted(entries.len(), "value", "values"));
            return reader.refuse_found(value, found, "one value, because per_channel is false");
        }
        let read: Vec<_> = entries
            .into_iter()
            .map(|entry| fraction(reader, &entry, accepted).map(|number| (entry, number)))
            .collect();
        read.into_iter().collect()
    }
}
