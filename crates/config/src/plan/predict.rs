//! Prediction: which images, which models, what is written.

use std::path::PathBuf;

use patchweave_pixel::PixelType;

use super::format::OutputFormat;
use super::model::ModelPlan;
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
