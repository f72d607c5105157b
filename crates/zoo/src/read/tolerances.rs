//! How close outputs have to come to their examples, as `config.bioimageio` says.

use patchweave_config::ConfigValue;

use super::field::{Field, Reader};
use crate::Tolerance;

/// An entry of `reproducibility_tolerance`.
struct Entry {
    tolerance: Tolerance,
    outputs: Outputs,
    is_for_onnx: bool,
}

enum Outputs {
    All,
    Named(Vec<String>),
    Discrete,
    Continuous,
}

/// What a description says of tolerances.
pub(super) struct Tolerances {
    entries: Vec<Entry>,
    earlier: Option<Tolerance>,
}

const KEYS: [&str; 3] = ["relative_tolerance", "absolute_tolerance", "mismatched_elements_per_million"];

impl Tolerances {
    /// Reads `config.bioimageio.reproducibility_tolerance`, and `test_kwargs`, which stood there before.
    pub fn read<'t>(reader: &mut Reader<'t>, root: &Field<'t>) -> Option<Self> {
        let config = root.get("config").and_then(|config| config.get("bioimageio"));
        let earlier = config.as_ref().and_then(|config| config.get("test_kwargs")?.get("onnx"));
        let earlier = match earlier {
            None => Some(None),
            Some(earlier) => tolerance(reader, &earlier, Tolerance::CONTINUOUS).map(Some),
        };
        let entries = match config.and_then(|config| config.get("reproducibility_tolerance")) {
            None => Some(Vec::new()),
            Some(list) => list.entries(reader, "a list of tolerances").and_then(|entries| {
                let read: Vec<_> = entries.iter().map(|field| entry(reader, field)).collect();
                read.into_iter().collect()
            }),
        };
        Some(Tolerances { entries: entries?, earlier: earlier? })
    }

    /// The tolerance of an output: the first entry that is for it, or else that of its type.
    pub fn of(&self, id: &str, is_discrete: bool) -> Tolerance {
        let applies = |entry: &&Entry| {
            entry.is_for_onnx
                && match &entry.outputs {
                    Outputs::All => true,
                    Outputs::Named(ids) => ids.iter().any(|own| own == id),
                    Outputs::Discrete => is_discrete,
                    Outputs::Continuous => !is_discrete,
                }
        };
        let own = self.entries.iter().find(applies).map(|entry| entry.tolerance);
        let of_type = if is_discrete { Tolerance::DISCRETE } else { Tolerance::CONTINUOUS };
        own.or(self.earlier).unwrap_or(of_type)
    }
}

fn entry<'t>(reader: &mut Reader<'t>, field: &Field<'t>) -> Option<Entry> {
    let texts = |value: &ConfigValue| match value {
        ConfigValue::List(values) => values
            .iter()
            .map(|value| match value {
                ConfigValue::Text(text) => Some(text.clone()),
                _ => None,
            })
            .collect::<Option<Vec<String>>>(),
        _ => None,
    };
    let expected = "a list of names of outputs";
    let outputs = match field.get("output_ids") {
        None => Some(Outputs::All),
        Some(ids) => match ids.value {
            ConfigValue::Text(text) if text == "any_discrete_output" => Some(Outputs::Discrete),
            ConfigValue::Text(text) if text == "any_continuous_output" => Some(Outputs::Continuous),
            value => match texts(value) {
                Some(ids) if ids.is_empty() => Some(Outputs::All),
                Some(named) => Some(Outputs::Named(named)),
                None => reader.refuse(&ids, expected),
            },
        },
    };
    let formats = match field.get("weights_formats") {
        None => Some(Vec::new()),
        Some(formats) => {
            texts(formats.value).or_else(|| reader.refuse(&formats, "a list of formats of weights"))
        }
    };
    let default = match outputs {
        Some(Outputs::Discrete) => Tolerance::DISCRETE,
        _ => Tolerance::CONTINUOUS,
    };
    let tolerance = tolerance(reader, field, default);
    let is_for_onnx = formats.map(|formats| formats.is_empty() || formats.iter().any(|own| own == "onnx"));
    Some(Entry { tolerance: tolerance?, outputs: outputs?, is_for_onnx: is_for_onnx? })
}

fn tolerance<'t>(reader: &mut Reader<'t>, field: &Field<'t>, default: Tolerance) -> Option<Tolerance> {
    let defaults = [default.relative, default.absolute, default.per_million];
    let mut read = defaults.into_iter().zip(KEYS).map(|(default, key)| match field.get(key) {
        None => Some(default),
        Some(number) => number.number(reader, 0.0..=1e6, "a number from 0 on"),
    });
    let (relative, absolute, per_million) = (read.next()?, read.next()?, read.next()?);
    Some(Tolerance { relative: relative?, absolute: absolute?, per_million: per_million? })
}
