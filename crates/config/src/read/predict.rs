//! The section `predict`.

use patchweave_pixel::PixelType;

use super::formats::formats;
use super::models::models;
use crate::plan::{OutputFormat, PatchingPlan, PixelTypeChoice, PredictPlan, Space, TilingPlan};
use crate::read::data::patching::tiling;
use crate::read::values::{Reader, Value, paths, positive, prefetch_bytes};
use crate::text::{Kind, alternatives};

const KEYS: &[&str] = &["input", "patching", "models", "batch_size", "formats", "pixel_type", "prefetch_mib"];

/// The defaults that `data_config` gives for a prediction; `None` for what was refused or is missing.
pub(crate) struct Defaults<'a> {
    pub space: Option<Space<'a>>,
    pub batch_size: Option<usize>,
    pub patching: Option<&'a PatchingPlan>,
    /// Whether `patching` is for prediction by its name, even if it was refused.
    pub is_tiling: bool,
    /// The channels that are read.
    pub channels: Option<Vec<usize>>,
}

/// Reads the section `predict`, with stand-ins for refused values; `None` without inputs.
pub(crate) fn predict(
    reader: &mut Reader<'_>,
    value: &Value<'_>,
    defaults: &Defaults<'_>,
) -> Option<PredictPlan> {
    let block = value.block(reader)?.only(reader, KEYS);
    let inputs = block.need(reader, "input", "a path or a list of paths", paths);
    let patching = match (block.given("patching"), defaults.patching) {
        (Some(value), _) => tiling(reader, &value, defaults.space),
        (None, Some(PatchingPlan::Tiling(tiling))) => Some(tiling.clone()),
        (None, _) if defaults.is_tiling => None,
        (None, _) => block.missing(reader, "patching", "a block with name tiled or whole"),
    };
    let models = block.need(reader, "models", "a list of models", models);
    let batch_size = match block.given("batch_size") {
        Some(value) => positive(reader, &value),
        None => defaults.batch_size,
    };
    let all_formats = vec![OutputFormat::Tiff, OutputFormat::OmeZarr];
    let formats = block.or(reader, "formats", all_formats, formats);
    let pixel_type = block.or(reader, "pixel_type", PixelTypeChoice::Given(PixelType::F32), pixel_type);
    let prefetch_bytes = prefetch_bytes(reader, &block);
    // A stand-in must not cause problems: whole images of different sizes fit only batches of one.
    let stand_in = patching.is_none();
    Some(PredictPlan {
        inputs: inputs?,
        channels: defaults.channels.clone(),
        patching: patching.unwrap_or(TilingPlan::Whole),
        models: models.unwrap_or_default(),
        batch_size: batch_size.filter(|_| !stand_in).unwrap_or(1),
        formats: formats.unwrap_or_default(),
        prefetch_bytes: prefetch_bytes.filter(|_| !stand_in).unwrap_or(usize::MAX),
        pixel_type: pixel_type.unwrap_or(PixelTypeChoice::Input),
    })
}

fn pixel_type(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<PixelTypeChoice> {
    let names: Vec<&str> =
        std::iter::once("input").chain(PixelType::ALL.into_iter().map(PixelType::name)).collect();
    match value.kind {
        Kind::Text(written) if written == "input" => Some(PixelTypeChoice::Input),
        Kind::Text(written) => match PixelType::from_name(written) {
            Some(pixel_type) => Some(PixelTypeChoice::Given(pixel_type)),
            None => reader.refuse_name(value, alternatives(&names), names.iter().copied()),
        },
        _ => reader.refuse(value, alternatives(&names)),
    }
}
