//! How a model of a prediction is used: keys that every model has.

use crate::plan::{AugmentPlan, RepeatsPlan, ResultPlan, ResultsPlan, ValuesPlan};
use crate::read::values::{Block, Fractions, Names, Reader, Value, channel, count, fraction, truth};
use crate::text::Kind;

/// The keys that every model has beside its own.
pub(crate) const KEYS: &[&str] =
    &["augment", "samples", "deviation", "channels", "argmax", "threshold", "outputs"];

/// The keys of an output.
const OUTPUT_KEYS: &[&str] = &["channels", "argmax", "threshold"];

const AUGMENT: Names<'_, AugmentPlan> = Names {
    known: &[("none", AugmentPlan::None), ("flips", AugmentPlan::Flips), ("all", AugmentPlan::All)],
    refused: &[],
};

/// More samples than anybody waits for.
const MAX_SAMPLES: usize = 1 << 16;

/// Reads how often a model is asked for a tile.
pub(crate) fn repeats(reader: &mut Reader<'_>, block: &Block<'_>) -> Option<RepeatsPlan> {
    let augment = block.or(reader, "augment", AugmentPlan::None, |reader, value| AUGMENT.read(reader, value));
    let samples = block.or(reader, "samples", 1, |reader, value| count(reader, value, 1..=MAX_SAMPLES));
    let deviation = block.or(reader, "deviation", false, truth);
    let plan = RepeatsPlan { augment: augment?, samples: samples?, deviation: deviation? };
    match block.given("deviation") {
        Some(value) if plan.deviation && (plan.augment, plan.samples) == (AugmentPlan::None, 1) => reader
            .refuse(&value, "several predictions to deviate from each other: samples above 1, or augment"),
        _ => Some(plan),
    }
}

/// Reads what is written of the outputs of a model.
pub(crate) fn results(reader: &mut Reader<'_>, block: &Block<'_>) -> Option<ResultsPlan> {
    let of_all = result(reader, block, &ResultPlan::default())?;
    let named = block.maybe(reader, "outputs", |reader, value| outputs(reader, value, &of_all))?;
    Some(ResultsPlan { of_all, named })
}

/// Reads a list of names of outputs, or a block of what is written of each.
fn outputs(
    reader: &mut Reader<'_>,
    value: &Value<'_>,
    of_all: &ResultPlan,
) -> Option<Vec<(String, ResultPlan)>> {
    const EXPECTED: &str = "a list of names of outputs, or a block as in {NAME: {argmax: true}}";
    if let Some(block) = value.as_block() {
        let mut named = Vec::new();
        let mut all_read = true;
        for (name, _) in block.to_values() {
            let result = match block.given(&name) {
                None => Some(of_all.clone()),
                Some(value) => value.block(reader).and_then(|block| {
                    let block = block.only(reader, OUTPUT_KEYS);
                    result(reader, &block, of_all)
                }),
            };
            all_read &= result.is_some();
            named.extend(result.map(|result| (name, result)));
        }
        return if named.is_empty() && all_read {
            reader.refuse(value, EXPECTED)
        } else {
            all_read.then_some(named)
        };
    }
    let entries = match (value.kind, value.entries()) {
        (Kind::Text(_), _) => vec![value.clone()],
        (_, Some(entries)) if !entries.is_empty() => entries,
        _ => return reader.refuse(value, EXPECTED),
    };
    let mut named: Vec<(String, ResultPlan)> = Vec::new();
    for entry in &entries {
        let Some(name) = entry.as_text() else { return reader.refuse(entry, "the name of an output") };
        if named.iter().any(|(other, _)| other == name) {
            return reader.refuse(entry, "each output once");
        }
        named.push((name.to_owned(), of_all.clone()));
    }
    Some(named)
}

/// Reads what is written of an output, with what holds unless it says otherwise.
fn result(reader: &mut Reader<'_>, block: &Block<'_>, default: &ResultPlan) -> Option<ResultPlan> {
    let channels = block
        .or(reader, "channels", default.channels.clone(), |reader, value| channels(reader, value).map(Some));
    let argmax = block.maybe(reader, "argmax", truth);
    let threshold =
        block.maybe(reader, "threshold", |reader, value| fraction(reader, value, Fractions::Finite));
    let values = match (argmax?, threshold?) {
        (Some(true), Some(_)) => {
            let value = block.given("threshold")?;
            return reader.refuse(&value, "argmax or threshold, not both");
        }
        (Some(true), None) => ValuesPlan::Argmax,
        (_, Some(limit)) => ValuesPlan::Threshold(limit),
        (Some(false), None) => ValuesPlan::Predicted,
        (None, None) => default.values,
    };
    Some(ResultPlan { channels: channels?, values })
}

fn channels(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<Vec<usize>> {
    let Some(entries) = value.entries().filter(|entries| !entries.is_empty()) else {
        return reader.refuse(value, "a non-empty list of channels, as in [0, 2]");
    };
    let mut channels = Vec::new();
    for entry in &entries {
        let number = channel(reader, entry)?;
        if channels.contains(&number) {
            return reader.refuse(entry, "each channel once");
        }
        channels.push(number);
    }
    Some(channels)
}
