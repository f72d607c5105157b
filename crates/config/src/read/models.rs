//! The `models` of a prediction.

use std::path::Path;

use super::model_use::{self, repeats, results};
use crate::plan::{
    BioimagePlan, IntensitiesPlan, ModelEntry, ModelPlan, OnnxPlan, RepeatsPlan, ResultsPlan, RuntimePlan,
};
use crate::read::values::{Block, Fractions, Names, Reader, Value, count, fraction, path, truth};
use crate::text::Kind;

#[derive(Debug, Clone, Copy)]
enum Name {
    Identity,
    ChannelMean,
    Gaussian,
}

const NAMES: Names<'_, Name> = Names {
    known: &[("identity", Name::Identity), ("gaussian", Name::Gaussian), ("channel_mean", Name::ChannelMean)],
    refused: &[],
};

const INTENSITIES: Names<'_, IntensitiesPlan> = Names {
    known: &[
        ("target", IntensitiesPlan::Target),
        ("input", IntensitiesPlan::Input),
        ("own", IntensitiesPlan::Own),
    ],
    refused: &[],
};

const MAX_SIGMA: f64 = 100.0;
/// More than any network sees.
const MAX_HALO: usize = 1 << 20;

/// Reads a model or a non-empty list of models without repeats.
pub(crate) fn models(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<Vec<ModelEntry>> {
    let entries = match (value.kind, value.entries()) {
        (Kind::Text(_) | Kind::Map(_), _) => vec![value.clone()],
        (_, Some(entries)) if !entries.is_empty() => entries,
        _ => {
            return reader.refuse(
                value,
                "a non-empty list of models (identity, gaussian, channel_mean, {onnx: FILE}, {bioimage: PATH})",
            );
        }
    };
    let read: Vec<_> = entries.iter().map(|entry| model(reader, entry)).collect();
    for (idx, entry) in entries.iter().enumerate() {
        if let Some(model) = &read[idx]
            && read[..idx]
                .iter()
                .flatten()
                .any(|other| (&other.model, other.repeats) == (&model.model, model.repeats))
        {
            let found = format!("{} with the same settings twice", model.model.name());
            reader.refuse_found::<()>(entry, found, "each model once");
        }
    }
    read.into_iter().collect()
}

/// Reads a block with a name, or a name alone.
fn model(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<ModelEntry> {
    match value.kind {
        Kind::Text(file) if file.to_ascii_lowercase().ends_with(".onnx") => {
            reader.refuse(value, format!("{{onnx: {file}}} for a network in a file"))
        }
        Kind::Text(file) if file.to_ascii_lowercase().ends_with(".zip") => {
            reader.refuse(value, format!("{{bioimage: {file}}} for a package of the BioImage Model Zoo"))
        }
        Kind::Text(_) => {
            let name = NAMES.read(reader, value)?;
            let model = settings(reader, name, &Block::empty(value))?;
            Some(ModelEntry { model, repeats: RepeatsPlan::default(), results: ResultsPlan::default() })
        }
        _ => match value.as_block() {
            Some(block) if block.given("onnx").is_some() => {
                let own = ["onnx", "name", "axes", "halo", "resize", "intensities", "runtime"];
                let block = only(reader, block, &own);
                let model = network(reader, &block);
                entry(reader, &block, model)
            }
            Some(block) if block.given("bioimage").is_some() => {
                let block = only(reader, block, &["bioimage", "name", "runtime"]);
                let model = package(reader, &block);
                entry(reader, &block, model)
            }
            _ => {
                let (name, block) = NAMES.block(reader, value)?;
                let own: &[&str] =
                    if matches!(name, Name::Gaussian) { &["name", "sigma"] } else { &["name"] };
                let block = only(reader, block, own);
                let model = settings(reader, name, &block);
                entry(reader, &block, model)
            }
        },
    }
}

/// Reports keys that are neither those of a model nor those of all models.
fn only<'t>(reader: &mut Reader<'_>, block: Block<'t>, own: &[&'static str]) -> Block<'t> {
    block.only(reader, &[own, model_use::KEYS].concat())
}

/// Reads how a model is used.
fn entry(reader: &mut Reader<'_>, block: &Block<'_>, model: Option<ModelPlan>) -> Option<ModelEntry> {
    let repeats = repeats(reader, block);
    let results = results(reader, block);
    Some(ModelEntry { model: model?, repeats: repeats?, results: results? })
}

/// Reads the block of a network in a file.
fn network(reader: &mut Reader<'_>, block: &Block<'_>) -> Option<ModelPlan> {
    let path = block.need(reader, "onnx", "the path of an ONNX file", path);
    let of_file = path.as_ref().and_then(|path| path.file_stem());
    let of_file = of_file.map(|stem| stem.to_string_lossy().into_owned());
    let name = block.or(reader, "name", of_file, |reader, value| label(reader, value).map(Some));
    let axes = block.maybe(reader, "axes", text);
    let halo = block.maybe(reader, "halo", |reader, value| count(reader, value, 0..=MAX_HALO));
    let resize = block.or(reader, "resize", false, truth);
    let intensities = block.or(reader, "intensities", IntensitiesPlan::default(), |reader, value| {
        INTENSITIES.read(reader, value)
    });
    let runtime = block.or(reader, "runtime", RuntimePlan::default(), runtime);
    Some(ModelPlan::Onnx(OnnxPlan {
        path: path?,
        name: name?.unwrap_or_else(|| "network".to_owned()),
        axes: axes?,
        halo: halo?,
        resize: resize?,
        intensities: intensities?,
        runtime: runtime?,
    }))
}

/// Reads the block of a package of the BioImage Model Zoo.
fn package(reader: &mut Reader<'_>, block: &Block<'_>) -> Option<ModelPlan> {
    let expected = "the path of a package: a folder, an archive, or the file that describes it";
    let path = block.need(reader, "bioimage", expected, path);
    let is_yaml = |path: &Path| path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
    let named = path.as_deref().map(|path| if is_yaml(path) { path.parent().unwrap_or(path) } else { path });
    let of_path = named.and_then(Path::file_stem).map(|stem| stem.to_string_lossy().into_owned());
    let name = block.or(reader, "name", of_path, |reader, value| label(reader, value).map(Some));
    let runtime = block.or(reader, "runtime", RuntimePlan::default(), runtime);
    Some(ModelPlan::Bioimage(BioimagePlan {
        path: path?,
        name: name?.unwrap_or_else(|| "package".to_owned()),
        runtime: runtime?,
    }))
}

/// Reads who runs a network.
fn runtime(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<RuntimePlan> {
    let expected = "tract, onnxruntime or {onnxruntime: LIBRARY}";
    match &value.kind {
        Kind::Map(_) => {
            let block = value.block(reader)?.only(reader, &["onnxruntime"]);
            let library = block.need(reader, "onnxruntime", "the path of a library", path);
            library.map(|library| RuntimePlan::OnnxRuntime { library: Some(library) })
        }
        Kind::Text(name) if name == "tract" => Some(RuntimePlan::Tract),
        Kind::Text(name) if name == "onnxruntime" => Some(RuntimePlan::OnnxRuntime { library: None }),
        _ => reader.refuse(value, expected),
    }
}

/// Reads what files can be called after.
fn label(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<String> {
    let name = text(reader, value)?;
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !name.is_empty() && !name.starts_with('.') && name.chars().all(is_plain) {
        return Some(name);
    }
    reader.refuse(value, "a name of letters, digits, -, _ and ., which files are called after")
}

fn text(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<String> {
    match value.kind {
        Kind::Text(text) => Some(text.clone()),
        _ => reader.refuse(value, "text"),
    }
}

fn settings(reader: &mut Reader<'_>, name: Name, block: &Block<'_>) -> Option<ModelPlan> {
    match name {
        Name::Identity => Some(ModelPlan::Identity),
        Name::ChannelMean => Some(ModelPlan::ChannelMean),
        Name::Gaussian => {
            let accepted = Fractions::UpTo(MAX_SIGMA);
            let sigma = block.or(reader, "sigma", 1.0, |reader, value| fraction(reader, value, accepted));
            Some(ModelPlan::Gaussian { sigma: sigma? })
        }
    }
}
