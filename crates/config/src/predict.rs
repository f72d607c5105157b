//! The `predict` section: which images, which models, what is written.

use std::path::PathBuf;

use patchweave_pixel::PixelType;

use crate::axes::Space;
use crate::format::{OutputFormat, formats};
use crate::model::{ModelPlan, models};
use crate::patching::{PatchingPlan, TilingPlan};
use crate::patching_block::tiling;
use crate::paths::paths;
use crate::reader::{Reader, Value};
use crate::scalar::{alternatives, positive};
use crate::train::prefetch_bytes;
use crate::yaml::Kind;

/// Prediction of whole images.
///
/// ```
/// use std::path::Path;
///
/// use patchweave_config::{ModelPlan, PixelTypeChoice, TilingPlan};
///
/// let text = "
/// output: out
/// data_config:
///   {mode: predicting, data_type: tiff, axes: YX, patching: {name: whole}, normalization: {name: none}}
/// predict: {input: a.tiff, models: [{name: gaussian, sigma: 2}], pixel_type: input}
/// ";
/// let predict = patchweave_config::parse(text, Path::new("a.yaml"), &|_| None)?.predict.unwrap();
/// assert_eq!(predict.patching, TilingPlan::Whole);
/// assert_eq!(predict.models, [ModelPlan::Gaussian { sigma: 2.0 }]);
/// assert_eq!(predict.pixel_type, PixelTypeChoice::Input);
/// # Ok::<(), patchweave_config::ConfigErrors>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct PredictPlan {
    /// The images, at least one.
    pub inputs: Vec<PathBuf>,
    /// Which channels of them are read; those of `data_config`, unless these select channels of a target that
    /// the input of the training is mixed from.
    pub channels: Option<Vec<usize>>,
    /// How they are cut; that of `data_config` by default, if it is for prediction.
    pub patching: TilingPlan,
    /// The models, at least one, none twice.
    pub models: Vec<ModelPlan>,
    /// Tiles per batch, at least 1; that of `data_config` by default.
    pub batch_size: usize,
    /// The formats that are written, at least one, none twice; all by default.
    pub formats: Vec<OutputFormat>,
    /// The most bytes of batches made ahead, a multiple of 2²⁰ (the file counts in MiB, 512 by default).
    pub prefetch_bytes: usize,
    /// The type of the pixels that are written; `float32` by default.
    pub pixel_type: PixelTypeChoice,
}

/// Which type the written pixels have.
///
/// ```
/// use patchweave_config::PixelTypeChoice;
/// use patchweave_pixel::PixelType;
///
/// assert_ne!(PixelTypeChoice::Input, PixelTypeChoice::Given(PixelType::F32));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PixelTypeChoice {
    /// That of the image predicted from.
    Input,
    /// Always the same.
    Given(PixelType),
}

const KEYS: &[&str] = &["input", "patching", "models", "batch_size", "formats", "pixel_type", "prefetch_mib"];

/// What `data_config` says about prediction, as far as it could be read.
pub(crate) struct Defaults<'a> {
    pub space: Option<Space<'a>>,
    pub batch_size: Option<usize>,
    pub patching: Option<&'a PatchingPlan>,
    /// Whether `patching` is for prediction, which is known even where it could not be read.
    pub is_tiling: bool,
    /// Which channels are read.
    pub channels: Option<Vec<usize>>,
}

/// The section `predict`, with stand-ins for refused values; nothing without inputs.
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
    // A stand-in must not cause problems of its own: whole images go in batches of one.
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
