//! The `models` of a prediction.

use crate::plan::ModelPlan;
use crate::read::values::{Block, Fractions, Names, Reader, Value, fraction};
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

const MAX_SIGMA: f64 = 100.0;

/// Reads a model or a non-empty list of models without repeats.
pub(crate) fn models(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<Vec<ModelPlan>> {
    let entries = match (value.kind, value.entries()) {
        (Kind::Text(_) | Kind::Map(_), _) => vec![value.clone()],
        (_, Some(entries)) if !entries.is_empty() => entries,
        _ => return reader.refuse(value, "a non-empty list of models (identity, gaussian, channel_mean)"),
    };
    let read: Vec<_> = entries.iter().map(|entry| model(reader, entry)).collect();
    for (idx, entry) in entries.iter().enumerate() {
        if let Some(model) = read[idx]
            && read[..idx].contains(&Some(model))
        {
            let found = format!("{} with the same settings twice", model.name());
            reader.refuse_found::<()>(entry, found, "each model once");
        }
    }
    read.into_iter().collect()
}

/// Reads a block with a name, or a name alone.
fn model(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<ModelPlan> {
    match value.kind {
        Kind::Text(_) => {
            let name = NAMES.read(reader, value)?;
            settings(reader, name, Block::empty(value))
        }
        _ => {
            let (name, block) = NAMES.block(reader, value)?;
            settings(reader, name, block)
        }
    }
}

fn settings(reader: &mut Reader<'_>, name: Name, block: Block<'_>) -> Option<ModelPlan> {
    match name {
        Name::Identity => {
            block.only(reader, &["name"]);
            Some(ModelPlan::Identity)
        }
        Name::ChannelMean => {
            block.only(reader, &["name"]);
            Some(ModelPlan::ChannelMean)
        }
        Name::Gaussian => {
            let block = block.only(reader, &["name", "sigma"]);
            let accepted = Fractions::UpTo(MAX_SIGMA);
            let sigma = block.or(reader, "sigma", 1.0, |reader, value| fraction(reader, value, accepted));
            Some(ModelPlan::Gaussian { sigma: sigma? })
        }
    }
}
