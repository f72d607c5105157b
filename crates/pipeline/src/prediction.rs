//! The prediction side of a plan: every image through every model, written in every format.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use patchweave_config::{BadTilePlan, DataPlan, PredictPlan, RunPlan, SkipPlan, TilingPlan};
use patchweave_construct::{ConstructError, Dataset, PatchConstr, PatchConstrExt};
use patchweave_formats::inside;
use patchweave_geometry::{GeometryError, ImageShape};
use patchweave_model::{Model, ModelInfo, OutputInfo};
use patchweave_pixel::{PixelMap, PixelType};
use patchweave_predict::{OnBadTile, PredictOptions, Skip, Tiling, cut_shape, output_shape};
use patchweave_sink::{Fingerprint, ImageSpec};
use patchweave_stack::StackInfo;

use crate::constructors::prediction_constructor;
use crate::fingerprint::fingerprint;
use crate::fitting::{Effort, of_patches};
use crate::models::{LabelledModel, n_channels_shown, open_models};
use crate::output::outputs_of;
use crate::outputs::{picture_ending, result_path};
use crate::pictures::{PicturedResult, prediction_picture};
use crate::prediction_image::{PredictionImage, named};
use crate::result_form::ResultForm;
use crate::results::{ResultLabel, result_labels};
use crate::tiling::{blend, patching, tiling};
use crate::written::ResultPlace;
use crate::{Images, KeepGoing, Output, OutputFolder, PipelineError, Statistics};

/// Batches that are made larger than asked for take at most this part of the memory for batches.
const SHARE_OF_PREFETCH: usize = 8;

/// A prediction ready to run.
pub struct Prediction {
    /// What tiles are normalised by.
    pub statistics: Statistics,
    /// Every image, in the order it is predicted.
    pub images: Vec<PredictionImage>,
    pub(crate) models: Vec<LabelledModel>,
    pub(crate) results: Vec<ResultLabel>,
    pub(crate) dataset: Dataset,
    /// Channels that models are shown.
    n_channels: usize,
    pub(crate) tiling: Tiling,
    pub(crate) options: PredictOptions,
    pub(crate) folder: OutputFolder,
    pub(crate) outputs: Vec<Output>,
    pub(crate) form: ResultForm,
    /// What results are made of.
    pub(crate) about: Fingerprint,
}

/// Builds the prediction of a plan.
///
/// `statistics` are those of a training; without them, and if the plan gives none, they are computed over
/// the tiles.
///
/// # Errors
/// [`PipelineError`] if an image cannot be read or the parts do not fit, or a format is not known.
pub fn prediction(
    plan: &RunPlan,
    predict: &PredictPlan,
    images: &Images,
    statistics: Option<&Statistics>,
    keep_going: KeepGoing<'_>,
) -> Result<Prediction, PipelineError> {
    let (outputs, problems) = outputs_of(plan, &images.sinks);
    if !problems.is_empty() {
        return Err(plan.errors(problems).into());
    }
    let data = &plan.data;
    let (models, problems) = open_models(plan);
    if !problems.is_empty() {
        return Err(plan.errors(problems).into());
    }
    let infos = || models.iter().map(|model| model.model.info());
    let inputs = images.roles.predict_inputs.stacks.iter().map(|stack| stack.info());
    let n_channels = inputs.clone().map(|info| n_channels_shown(data, predict, info)).max().unwrap_or(1);
    let input_shapes: Vec<ImageShape> = inputs.map(StackInfo::shape).collect();
    let all: Vec<&dyn Model> = models.iter().map(|model| model.model.as_ref()).collect();
    let tiling = tiling(predict, &all, &input_shapes, n_channels)?;
    let shapes = images
        .roles
        .predict_inputs
        .stacks
        .iter()
        .map(|stack| cut_shape(&tiling, infos(), stack.info().shape()));
    let shapes = shapes.collect::<Result<Vec<_>, GeometryError>>()?;
    let strategy = patching(&tiling, &shapes)?;
    let constr =
        prediction_constructor(data, predict.channels.clone(), strategy, &images.roles.predict_inputs)?;
    let options = options(data, predict, &models, constr.as_ref())?;
    let statistics = match statistics {
        Some(statistics) => statistics.clone(),
        None => {
            let effort =
                Effort { tolerance: None, max_bytes: predict.prefetch_bytes, n_threads: options.n_workers };
            of_patches(data, &constr, effort, keep_going).map_err(|error| match error {
                PipelineError::Construct(ConstructError::Stack(error)) => {
                    PipelineError::StatisticsOfAll(error)
                }
                error => error,
            })?
        }
    };
    let dataset = Dataset::new(Arc::new(constr), data.seed)
        .with_normalizer(statistics.normalizer()?)
        .failing_not_finite(images.fails_not_finite);
    let named = named(images);
    let about = fingerprint(plan, predict, (&statistics, &tiling), &named);
    Ok(Prediction {
        statistics,
        images: named,
        results: result_labels(&models, predict),
        models,
        n_channels: if dataset.n_patches() == 0 { 1 } else { dataset.layout(0)?.input.n_channels },
        dataset,
        tiling,
        options,
        folder: OutputFolder::with_sinks(plan, &images.sinks),
        outputs: outputs.into_iter().map(|(_, output)| output).collect(),
        form: ResultForm::of(plan, predict),
        about,
    })
}

fn options(
    data: &DataPlan,
    predict: &PredictPlan,
    models: &[LabelledModel],
    constr: &dyn PatchConstr,
) -> Result<PredictOptions, PipelineError> {
    let n_threads = data.n_threads(&data.pred_loader);
    let is_parallel = models.iter().any(|model| model.model.info().is_parallel);
    // Models that one call keeps only one core busy with get a sample for every core, if that needs little memory.
    // Tiles that were made as large as memory allows have no room for more.
    let is_free = matches!(predict.patching, TilingPlan::Tiled { .. });
    let batch_size = if is_parallel && is_free && constr.n_patches() > 0 {
        let fitting = predict.prefetch_bytes / SHARE_OF_PREFETCH / constr.layout(0)?.n_bytes().max(1);
        let n_cores = std::thread::available_parallelism().map_or(1, usize::from);
        predict.batch_size.max(n_cores.min(fitting))
    } else {
        predict.batch_size
    };
    Ok(PredictOptions {
        batch_size,
        n_workers: n_threads,
        prefetch_bytes: predict.prefetch_bytes,
        n_writers: n_threads,
        blend: blend(predict.blend),
        leaves_unfinished: true,
        skip: predict.skip.as_ref().map(skip),
        on_bad_tile: on_bad_tile(predict.on_failure),
        ..PredictOptions::default()
    })
}

#[expect(clippy::cast_possible_truncation, reason = "pixels are f32")]
fn on_bad_tile(plan: BadTilePlan) -> OnBadTile {
    match plan {
        BadTilePlan::Fail => OnBadTile::Fail,
        BadTilePlan::Skip => OnBadTile::SkipImage,
        BadTilePlan::Fill(value) => OnBadTile::Fill(value as f32),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "pixels are f32")]
fn skip(plan: &SkipPlan) -> Skip {
    Skip { below: plan.below.map(|below| below as f32), value: plan.value as f32 }
}

impl Prediction {
    /// The models, in order.
    pub fn models(&self) -> &[LabelledModel] {
        &self.models
    }

    /// What is made of every image: the outputs of all models, in order.
    pub fn results(&self) -> &[ResultLabel] {
        &self.results
    }

    /// How images are cut.
    pub fn tiling(&self) -> Tiling {
        self.tiling
    }

    /// How many tiles all images have together.
    pub fn n_tiles(&self) -> usize {
        self.dataset.n_patches()
    }

    /// The bytes of all images and masks whose chunks are decoded to be read.
    pub fn decoded_bytes(&self) -> usize {
        let stacks = self
            .images
            .iter()
            .flat_map(|image| std::iter::once(&image.stack).chain(image.mask.as_ref().map(|(mask, _)| mask)));
        let infos = stacks.map(|stack| stack.info()).filter(|info| !info.is_in_place);
        let bytes = infos.map(|info| {
            let pixels = info.layout.shape().iter().fold(1_usize, |n, size| n.saturating_mul(*size));
            pixels.saturating_mul(info.pixel_type.n_bytes())
        });
        bytes.fold(0, usize::saturating_add)
    }

    /// The overlap a model needs for tiles to give what the whole image would, where the plan has less.
    pub fn missing_overlap(&self, model: &ModelInfo) -> Option<usize> {
        let Tiling::Tiles { size, overlaps } = &self.tiling else { return None };
        let halo = overlaps.of_zyx(model.halo());
        let shapes = self.dataset.constr().input_shapes();
        let needed = overlaps.map_indexed(|axis, overlap| {
            // Nothing is cut along an axis that a tile has all of.
            if shapes.iter().all(|shape| shape.extent.as_slice()[axis] <= size.as_slice()[axis]) {
                return 0;
            }
            let needed = 2 * halo[axis].before.max(halo[axis].after);
            if overlap < needed { needed } else { 0 }
        });
        needed.iter().max().filter(|needed| *needed > 0)
    }

    /// The file of an image that is written as an output for the result of a label.
    pub fn path(&self, name: &str, label: &str, output: &Output) -> PathBuf {
        result_path(self.folder.path(), name, label, output.ending())
    }

    /// The picture of an image beside the result of a label; `None` if no output can be read.
    pub fn picture_path(&self, name: &str, label: &str) -> Option<PathBuf> {
        picture_ending(&self.outputs).map(|ending| result_path(self.folder.path(), name, label, ending))
    }

    /// Makes the picture of a result of an image, of the first output that can be read, and says where it is.
    ///
    /// # Errors
    /// [`PipelineError`] if something cannot be read, drawn or written.
    pub fn picture(
        &self,
        image: &PredictionImage,
        result: &ResultLabel,
    ) -> Result<Option<PathBuf>, PipelineError> {
        let picture = self.picture_path(&image.name, &result.label);
        let (Some(place), Some(picture)) = (self.read_again(image, result)?, picture) else {
            return Ok(None);
        };
        let ResultPlace { path, output, layout, info, .. } = &place;
        let shown = PicturedResult { path, output, layout, scale: info.scale };
        let is_made =
            prediction_picture(image.stack.as_ref(), self.channels(), &shown, (&picture, &self.folder))?;
        Ok(is_made.then_some(picture))
    }

    /// The first file of a result of an image that can be read again.
    pub(crate) fn read_again(
        &self,
        image: &PredictionImage,
        result: &ResultLabel,
    ) -> Result<Option<ResultPlace<'_>>, PipelineError> {
        let Some(output) = self.outputs.iter().find(|output| output.is_readable()) else { return Ok(None) };
        let Some((spec, _, info)) = self.form_of(image, result)? else { return Ok(None) };
        let path = self.path(&image.name, &result.label, output);
        Ok(Some(ResultPlace { path, output, layout: spec.layout, info }))
    }

    /// Every folder below the output folder that results are written into.
    pub fn subfolders(&self) -> BTreeSet<PathBuf> {
        let folders = self.images.iter().filter_map(|image| image.name.rsplit_once('/'));
        folders.map(|(folder, _)| inside(self.folder.path(), folder.as_ref())).collect()
    }

    /// The type of the pixels that are written for an image.
    pub fn written_type(&self, info: &StackInfo) -> PixelType {
        self.form.pixel_type(info)
    }

    /// Whether values are spread over the pixel type.
    pub fn is_scaled(&self) -> bool {
        self.form.is_scaled()
    }

    /// The outputs that are written for every image, in order.
    pub fn outputs(&self) -> &[Output] {
        &self.outputs
    }

    /// The input channels that are predicted; `None` means all.
    pub fn channels(&self) -> Option<&[usize]> {
        self.form.channels.as_deref()
    }

    /// What is written of a result of an image, without what is said of a format, and how values become its pixels.
    pub(crate) fn form_of(
        &self,
        image: &PredictionImage,
        result: &ResultLabel,
    ) -> Result<Option<(ImageSpec, PixelMap, &OutputInfo)>, GeometryError> {
        let (model_idx, output_idx) = result.place;
        let model = self.models.get(model_idx).map(|model| model.model.info());
        let Some(info) = model.and_then(|model| model.outputs.get(output_idx)) else { return Ok(None) };
        let stack = image.stack.info();
        let shape = output_shape(info, stack.shape(), self.n_channels)?;
        let (spec, map) = self.form.result(stack, &image.name, info, shape, &result.content)?;
        Ok(Some((spec, map, info)))
    }
}
