//! Prediction: images, models and outputs.

use std::path::PathBuf;

use patchweave_pixel::PixelType;

use super::bad_tile::BadTilePlan;
use super::blend::{BlendPlan, TileImagesPlan};
use super::model_use::ModelEntry;
use super::output::OutputPlan;
use super::skip::SkipPlan;
use crate::plan::TilingPlan;

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
/// assert_eq!(predict.models[0].model, ModelPlan::Gaussian { sigma: 2.0 });
/// assert_eq!(predict.pixel_type, PixelTypeChoice::Input);
/// # Ok::<(), patchweave_config::ConfigErrors>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct PredictPlan {
    /// The images, at least one entry.
    pub inputs: Vec<PathBuf>,
    /// What the results should be, one image for each input (`target` in the file); none by default. Results are compared with
    /// them.
    pub targets: Vec<PathBuf>,
    /// The channels that are read, or `None` for all: those of `data_config`, unless they select channels of a target
    /// from which a training mixes its input.
    pub channels: Option<Vec<usize>>,
    /// How the images are cut; by default as `data_config` says, if its patching is for prediction.
    pub patching: TilingPlan,
    /// The models, at least one, without repeats.
    pub models: Vec<ModelEntry>,
    /// What becomes of pixels that several tiles have; the tile in whose middle they lie keeps them by default.
    pub blend: BlendPlan,
    /// What is written beside results about the tiles that pixels come from.
    pub tile_images: TileImagesPlan,
    /// The tiles that are left out.
    pub skip: Option<SkipPlan>,
    /// What becomes of images with tiles that cannot be read; the prediction fails by default.
    pub on_failure: BadTilePlan,
    /// Tiles per batch, at least 1; by default the batch size of `data_config`.
    pub batch_size: usize,
    /// The formats of the outputs, at least one, each once; `tiff` and `ome_zarr` by default.
    pub formats: Vec<OutputPlan>,
    /// The budget for batches made ahead in bytes, a multiple of 2²⁰ (`prefetch_mib` in the file, 512 by default).
    pub prefetch_bytes: usize,
    /// The memory in bytes that `patch_size: auto` fits tiles into, a multiple of 2²⁰ (`memory_mib` in the file, 1024 by
    /// default).
    pub memory_bytes: usize,
    /// The pixel type of the outputs; `float32` by default.
    pub pixel_type: PixelTypeChoice,
    /// The values that become the ends of the pixel type, the first below the second; `None` keeps values as they are.
    pub scale: Option<(f64, f64)>,
}

/// The pixel type of the outputs.
///
/// ```
/// use patchweave_config::PixelTypeChoice;
/// use patchweave_pixel::PixelType;
///
/// assert_ne!(PixelTypeChoice::Input, PixelTypeChoice::Given(PixelType::F32));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PixelTypeChoice {
    /// The pixel type of the input image.
    Input,
    /// This pixel type.
    Given(PixelType),
}
