//! The block `normalization`: which statistics are given and which are fitted.

use crate::plan::{
    InputStatistics, MeanStd, MinMax, NormalizationPlan, QuantileLevels, QuantileMethod, TargetStatistics,
};
use crate::read::rules::Rules;
use crate::read::values::{Block, Fractions, Names, Reader, Value, fraction, truth};
use crate::text::counted;

#[derive(Debug, Clone, Copy)]
enum Name {
    None,
    MeanStd,
    MinMax,
    Quantile,
}

const NAMES: Names<'_, Name> = Names {
    known: &[
        ("mean_std", Name::MeanStd),
        ("min_max", Name::MinMax),
        ("quantile", Name::Quantile),
        ("none", Name::None),
    ],
    refused: &[],
};

const METHODS: Names<'_, QuantileMethod> = Names {
    known: &[("exact", QuantileMethod::Exact), ("streaming", QuantileMethod::Streaming)],
    refused: &[],
};

/// Reads the block `normalization`. The reference refuses unknown keys here, unless the name is `none`.
pub(crate) fn normalization(
    reader: &mut Reader<'_>,
    value: &Value<'_>,
    rules: Rules,
) -> Option<NormalizationPlan> {
    let (name, block) = NAMES.block(reader, value)?;
    match name {
        Name::None => {
            rules.only(reader, block, &["name", "per_channel", "skip_target"]);
            Some(NormalizationPlan::None)
        }
        Name::MeanStd => mean_std(reader, block, rules),
        Name::MinMax => min_max(reader, block, rules),
        Name::Quantile => quantile(reader, block, rules),
    }
}

fn mean_std(reader: &mut Reader<'_>, block: Block<'_>, rules: Rules) -> Option<NormalizationPlan> {
    const KEYS: &[&str] =
        &["name", "per_channel", "skip_target", "input_means", "input_stds", "target_means", "target_stds"];
    let block = block.only(reader, KEYS);
    let frame = Frame::read(reader, &block);
    let join = |reader: &mut Reader<'_>, place: &Value<'_>, mean, std| {
        let channel = MeanStd { mean, std };
        channel.warning().into_iter().for_each(|warning| reader.warn(place, warning));
        Some(channel)
    };
    let stds = if rules.refuses_unusable { Fractions::NotNegative } else { Fractions::Finite };
    let pair = |keys| Pair { keys, accepted: [Fractions::Finite, stds] };
    let input = frame.pairs(reader, &block, pair(["input_means", "input_stds"]), join);
    let target = frame.pairs(reader, &block, pair(["target_means", "target_stds"]), join);
    Some(NormalizationPlan::MeanStd {
        per_channel: frame.per_channel?,
        input: of_input(input?),
        target: frame.of_target(reader, &block, "target_means", target?)?,
    })
}

fn min_max(reader: &mut Reader<'_>, block: Block<'_>, rules: Rules) -> Option<NormalizationPlan> {
    const KEYS: &[&str] =
        &["name", "per_channel", "skip_target", "input_mins", "input_maxes", "target_mins", "target_maxes"];
    let block = block.only(reader, KEYS);
    let frame = Frame::read(reader, &block);
    let pair = |keys| Pair { keys, accepted: [Fractions::Finite; 2] };
    let range = range(rules, QuantileMethod::Exact);
    let input = frame.pairs(reader, &block, pair(["input_mins", "input_maxes"]), &range);
    let target = frame.pairs(reader, &block, pair(["target_mins", "target_maxes"]), &range);
    Some(NormalizationPlan::MinMax {
        per_channel: frame.per_channel?,
        input: of_input(input?),
        target: frame.of_target(reader, &block, "target_mins", target?)?,
    })
}

fn quantile(reader: &mut Reader<'_>, block: Block<'_>, rules: Rules) -> Option<NormalizationPlan> {
    const KEYS: &[&str] = &[
        "name",
        "per_channel",
        "skip_target",
        "method",
        "lower_quantiles",
        "upper_quantiles",
        "input_lower_quantile_values",
        "input_upper_quantile_values",
        "target_lower_quantile_values",
        "target_upper_quantile_values",
    ];
    // `method` is an addition of ours.
    let known: Vec<&str> =
        KEYS.iter().copied().filter(|key| rules.has_additions || *key != "method").collect();
    let block = block.only(reader, &known);
    let frame = Frame::read(reader, &block);
    let levels = levels(reader, &block, &frame);
    let method =
        block.or(reader, "method", QuantileMethod::default(), |reader, value| METHODS.read(reader, value));
    let pair = |keys| Pair { keys, accepted: [Fractions::Finite; 2] };
    let range = range(rules, method.unwrap_or_default());
    let input_keys = ["input_lower_quantile_values", "input_upper_quantile_values"];
    let target_keys = ["target_lower_quantile_values", "target_upper_quantile_values"];
    let input = frame.pairs(reader, &block, pair(input_keys), &range);
    let target = frame.pairs(reader, &block, pair(target_keys), &range);
    Some(NormalizationPlan::Quantile {
        per_channel: frame.per_channel?,
        levels: levels?,
        method: method?,
        input: of_input(input?),
        target: frame.of_target(reader, &block, target_keys[0], target?)?,
    })
}

/// Reads the quantile levels; if one of both lists is missing, it has one default entry.
fn levels(reader: &mut Reader<'_>, block: &Block<'_>, frame: &Frame) -> Option<Vec<QuantileLevels>> {
    let default = QuantileLevels::default();
    let lower = block.given("lower_quantiles");
    let upper = block.given("upper_quantiles");
    if lower.is_none() && upper.is_none() {
        return Some(vec![default]);
    }
    let mut list = |value: &Option<Value<'_>>, accepted, default| match value {
        Some(value) => {
            let numbers = frame.numbers(reader, value, accepted)?;
            Some(numbers.into_iter().map(|(_, number)| number).collect())
        }
        None => Some(vec![default]),
    };
    let lowers: Option<Vec<f64>> = list(&lower, Fractions::BelowOne, default.lower);
    let uppers: Option<Vec<f64>> = list(&upper, Fractions::UpTo(1.0), default.upper);
    let lowers = lowers?;
    let uppers = uppers?;
    let place = upper.or(lower)?;
    if lowers.len() != uppers.len() {
        let found = format!("{} lower and {} upper quantiles", lowers.len(), uppers.len());
        return reader.refuse_found(&place, found, "the same number of both");
    }
    let levels = lowers.into_iter().zip(uppers).map(|(lower, upper)| QuantileLevels { lower, upper });
    let levels: Vec<QuantileLevels> = levels.collect();
    match levels.iter().find(|levels| levels.lower >= levels.upper) {
        None => Some(levels),
        Some(QuantileLevels { lower, upper }) => {
            let found = format!("lower quantile {lower} with upper quantile {upper}");
            reader.refuse_found(&place, found, "a lower quantile below the upper one")
        }
    }
}

/// Joins the limits of a range. Estimates of the reference may be equal as `f32`; other limits may not.
fn range(
    rules: Rules,
    method: QuantileMethod,
) -> impl Fn(&mut Reader<'_>, &Value<'_>, f64, f64) -> Option<MinMax> {
    move |reader, place, min, max| {
        let channel = MinMax { min, max };
        if min >= max {
            return reader.refuse(place, format!("more than {min}, the lower limit"));
        }
        if rules.refuses_unusable && method == QuantileMethod::Exact && !channel.is_range() {
            let expected =
                format!("more than {min}, the lower limit, also after both are rounded to float32");
            return reader.refuse(place, expected);
        }
        channel.warning().into_iter().for_each(|warning| reader.warn(place, warning));
        Some(channel)
    }
}

fn of_input<T>(given: Option<Vec<T>>) -> InputStatistics<T> {
    given.map_or(InputStatistics::Fit, InputStatistics::Given)
}

/// Two keys with lists of equal length, and the numbers that each accepts.
struct Pair<'k> {
    keys: [&'k str; 2],
    accepted: [Fractions; 2],
}

/// The keys that all blocks with statistics share; `None` for what was refused.
struct Frame {
    per_channel: Option<bool>,
    skip_target: Option<bool>,
}

impl Frame {
    fn read(reader: &mut Reader<'_>, block: &Block<'_>) -> Frame {
        Frame {
            per_channel: block.or(reader, "per_channel", true, truth),
            skip_target: block.or(reader, "skip_target", false, truth),
        }
    }

    fn of_target<T>(
        &self,
        reader: &mut Reader<'_>,
        block: &Block<'_>,
        key: &str,
        given: Option<Vec<T>>,
    ) -> Option<TargetStatistics<T>> {
        Some(match (self.skip_target?, given) {
            (true, unused) => {
                if unused.is_some()
                    && let Some(value) = block.given(key)
                {
                    reader.warn(&value, "has no effect, because skip_target is true");
                }
                TargetStatistics::Skip { unused }
            }
            (false, Some(given)) => TargetStatistics::Given(given),
            (false, None) => TargetStatistics::NotGiven,
        })
    }

    /// Reads two lists of equal length and joins their entries; the inner `None` if neither is given.
    fn pairs<T>(
        &self,
        reader: &mut Reader<'_>,
        block: &Block<'_>,
        Pair { keys: [first_key, second_key], accepted }: Pair<'_>,
        join: impl Fn(&mut Reader<'_>, &Value<'_>, f64, f64) -> Option<T>,
    ) -> Option<Option<Vec<T>>> {
        let first = block.given(first_key);
        let second = block.given(second_key);
        if first.is_none() && second.is_none() {
            return Some(None);
        }
        let as_many = |key: &str| format!("as many values as in {key}");
        let Some(second) = second else { return block.missing(reader, second_key, &as_many(first_key)) };
        let Some(first) = first else { return block.missing(reader, first_key, &as_many(second_key)) };
        let firsts = self.numbers(reader, &first, accepted[0]);
        let seconds = self.numbers(reader, &second, accepted[1]);
        let firsts = firsts?;
        let seconds = seconds?;
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

    /// Reads a number or a non-empty list of numbers, with their places.
    fn numbers<'t>(
        &self,
        reader: &mut Reader<'_>,
        value: &Value<'t>,
        accepted: Fractions,
    ) -> Option<Vec<(Value<'t>, f64)>> {
        let entries = value.entries().unwrap_or_else(|| vec![value.clone()]);
        if entries.is_empty() {
            return reader.refuse(value, "a number or a non-empty list of numbers");
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
