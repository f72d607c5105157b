//! The key `formats` of `predict`: names of formats, or blocks with settings.

use patchweave_geometry::Axis;

use crate::plan::{AxisSizes, CompressionPlan, LevelAxesPlan, LevelCount, OutputPlan};
use crate::read::values::{Block, Names, Reader, Value, count, positive};
use crate::text::{ConfigValue, Kind, quoted};

/// The keys that every format has; all others are settings of its own.
const GENERAL: &[&str] = &["name", "levels", "level_axes", "chunks", "shards", "compression"];

/// More levels than any image has.
const MAX_LEVELS: usize = 32;

/// The keys of sizes by axis.
const AXES: &[&str] = &["s", "t", "c", "z", "y", "x"];

const LEVEL_AXES: Names<'_, LevelAxesPlan> = Names {
    known: &[("auto", LevelAxesPlan::Auto), ("yx", LevelAxesPlan::Yx), ("zyx", LevelAxesPlan::Zyx)],
    refused: &[],
};

/// Reads a format or a non-empty list of formats, each once.
pub(crate) fn outputs(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<Vec<OutputPlan>> {
    let entries = match (value.kind, value.entries()) {
        (Kind::Text(_) | Kind::Map(_), _) => vec![value.clone()],
        (_, Some(entries)) if !entries.is_empty() => entries,
        _ => return reader.refuse(value, "a non-empty list of formats, names or blocks with a name"),
    };
    let mut outputs: Vec<OutputPlan> = Vec::new();
    let mut all_read = true;
    for entry in &entries {
        match output(reader, entry) {
            Some(output) if outputs.iter().any(|other| other.format == output.format) => {
                let found = format!("got {} twice", quoted(&output.format));
                reader.refuse_found::<()>(entry, found, "each format once");
            }
            Some(output) => outputs.push(output),
            None => all_read = false,
        }
    }
    all_read.then_some(outputs)
}

fn output(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<OutputPlan> {
    if let Kind::Text(name) = value.kind {
        return Some(OutputPlan::named(name));
    }
    let Some(block) = value.as_block() else {
        return reader.refuse(value, "a format, or a block with the name of one");
    };
    let format = block.need(reader, "name", "the name of a format", name);
    let levels = block.or(reader, "levels", LevelCount::Given(1), levels);
    let level_axes = block
        .or(reader, "level_axes", LevelAxesPlan::default(), |reader, value| LEVEL_AXES.read(reader, value));
    let chunks = block.maybe(reader, "chunks", sizes);
    let shards = block.maybe(reader, "shards", sizes);
    let compression = block.maybe(reader, "compression", compression);
    Some(OutputPlan {
        format: format?,
        levels: levels?,
        level_axes: level_axes?,
        chunks: chunks?,
        shards: shards?,
        compression: compression?,
        settings: settings(&block),
    })
}

/// The keys that no format shares; `null` counts as absent, as everywhere.
fn settings(block: &Block<'_>) -> Vec<(String, ConfigValue)> {
    let is_own = |(key, value): &(String, ConfigValue)| {
        !GENERAL.contains(&key.as_str()) && *value != ConfigValue::Null
    };
    block.to_values().into_iter().filter(is_own).collect()
}

fn name(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<String> {
    match value.as_text() {
        Some(name) => Some(name.to_owned()),
        None => reader.refuse(value, "the name of a format"),
    }
}

fn levels(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<LevelCount> {
    match value.kind {
        Kind::Text(text) if text == "auto" => Some(LevelCount::Auto),
        Kind::Int(_) => count(reader, value, 1..=MAX_LEVELS).map(LevelCount::Given),
        _ => reader.refuse(value, format!("auto or an integer from 1 to {MAX_LEVELS}")),
    }
}

/// Reads sizes by axis.
fn sizes(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<AxisSizes> {
    let block = match value.as_block() {
        Some(block) if !block.to_values().is_empty() => block.only(reader, AXES),
        _ => return reader.refuse(value, "a block of sizes by axis, as in {z: 32, y: 128, x: 128}"),
    };
    let mut sizes = Vec::new();
    for letter in AXES {
        let Some(size) = block.maybe(reader, letter, positive)? else { continue };
        let axis = letter.chars().next().and_then(|letter| Axis::from_letter(letter.to_ascii_uppercase()));
        sizes.extend(axis.map(|axis| (axis, size)));
    }
    Some(AxisSizes(sizes))
}

/// Reads `codec` or `codec:level`.
fn compression(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<CompressionPlan> {
    const EXPECTED: &str = "a codec, or a codec and its level as in zstd:9";
    let Some(text) = value.as_text() else { return reader.refuse(value, EXPECTED) };
    let (codec, level) = match text.split_once(':') {
        None => (text, None),
        Some((codec, level)) => match level.trim().parse() {
            Ok(level) => (codec, Some(level)),
            Err(_) => return reader.refuse(value, EXPECTED),
        },
    };
    Some(CompressionPlan { codec: codec.trim().to_owned(), level })
}
