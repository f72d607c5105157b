//! The section `predict`.

use patchweave_pixel::PixelType;

use super::bad_tiles::bad_tiles;
use super::blends::blend;
use super::models::models;
use super::outputs::outputs;
use super::pixel_types::pixel_type;
use super::skip::skip;
use crate::plan::{BadTilePlan, OutputPlan, PatchingPlan, PixelTypeChoice, PredictPlan, Space, TilingPlan};
use crate::read::data::patching::tiling;
use crate::read::values::{Reader, Value, memory_bytes, paths, positive, prefetch_bytes};

const KEYS: &[&str] = &[
    "input",
    "target",
    "patching",
    "models",
    "blend",
    "skip",
    "on_failure",
    "batch_size",
    "formats",
    "pixel_type",
    "prefetch_mib",
    "memory_mib",
];

/// What results are written in where nothing is said.
const DEFAULT_FORMATS: [&str; 2] = ["tiff", "ome_zarr"];

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
    let targets = block.or(reader, "target", Vec::new(), paths);
    let patching = match (block.given("patching"), defaults.patching) {
        (Some(value), _) => tiling(reader, &value, defaults.space),
        (None, Some(PatchingPlan::Tiling(tiling))) => Some(tiling.clone()),
        (None, _) if defaults.is_tiling => None,
        (None, _) => block.missing(reader, "patching", "a block with name tiled or whole"),
    };
    let models = block.need(reader, "models", "a list of models", models);
    let blend = block.or(reader, "blend", Default::default(), blend);
    let skip = block.maybe(reader, "skip", skip);
    let on_failure = block.or(reader, "on_failure", BadTilePlan::Fail, bad_tiles);
    let (blend, tile_images) = blend.unwrap_or_default();
    let batch_size = match block.given("batch_size") {
        Some(value) => positive(reader, &value),
        None => defaults.batch_size,
    };
    let both = DEFAULT_FORMATS.map(OutputPlan::named).to_vec();
    let formats = block.or(reader, "formats", both, outputs);
    let written = (PixelTypeChoice::Given(PixelType::F32), None);
    let written = block.or(reader, "pixel_type", written, pixel_type);
    let (pixel_type, scale) = written.unwrap_or((PixelTypeChoice::Input, None));
    let prefetch_bytes = prefetch_bytes(reader, &block);
    let memory_bytes = memory_bytes(reader, &block);
    // A stand-in must not cause problems: whole images of different sizes fit only batches of one.
    let stand_in = patching.is_none();
    Some(PredictPlan {
        inputs: inputs?,
        targets: targets.unwrap_or_default(),
        channels: defaults.channels.clone(),
        patching: patching.unwrap_or(TilingPlan::Whole),
        models: models.unwrap_or_default(),
        blend,
        tile_images,
        skip: skip.flatten(),
        on_failure: on_failure.unwrap_or_default(),
        batch_size: batch_size.filter(|_| !stand_in).unwrap_or(1),
        formats: formats.unwrap_or_default(),
        prefetch_bytes: prefetch_bytes.filter(|_| !stand_in).unwrap_or(usize::MAX),
        memory_bytes: memory_bytes.unwrap_or(usize::MAX),
        pixel_type,
        scale,
    })
}
