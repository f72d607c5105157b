//! The prediction side of a plan: every image through every model, written in every format.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use patchweave_config::{DataPlan, PredictPlan, RunPlan, SkipPlan, TilingPlan};
use patchweave_construct::{Dataset, PatchConstr, PatchConstrExt};
use patchweave_geometry::GeometryError;
use patchweave_loader::Batch;
use patchweave_model::{Model, ModelInfo};
use patchweave_pixel::{Lost, PixelType};
use patchweave_predict::{
    Finished, OutputImage, PredictError, PredictOptions, Predictor, Progress, Skip, Target, Tiling,
    cut_shape, output_shape,
};
use patchweave_sink::{Durability, Job, SinkFormats};
use patchweave_stack::{ImageStack, StackInfo};

use crate::constructors::prediction_constructor;
use crate::fitting::{Effort, of_patches};
use crate::models::{LabelledModel, open_models};
use crate::output::outputs_of;
use crate::output_names::{ImageSource, image_names};
use crate::outputs::{picture_ending, result_path};
use crate::pictures::{PicturedResult, prediction_picture};
use crate::result_form::ResultForm;
use crate::results::{ResultLabel, result_labels};
use crate::tiling::{blend, patching, tiling};
use crate::{Images, KeepGoing, Output, PipelineError, Statistics};

/// Batches that are made larger than asked for take at most this part of the memory for batches.
const SHARE_OF_PREFETCH: usize = 8;

/// A prediction ready to run.
pub struct Prediction {
    /// What tiles are normalised by.
    pub statistics: Statistics,
    /// Every image, in the order it is predicted.
    pub images: Vec<PredictionImage>,
    models: Vec<LabelledModel>,
    results: Vec<ResultLabel>,
    dataset: Dataset,
    tiling: Tiling,
    options: PredictOptions,
    folder: PathBuf,
    outputs: Vec<Output>,
    sinks: SinkFormats,
    form: ResultForm,
}

/// What an output of a model has given for all images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Predicted {
    /// What was written, image by image, format by format.
    pub files: Vec<PathBuf>,
    /// What was lost of each image where its values became pixels.
    pub lost: Vec<Lost>,
}

/// One image to predict.
pub struct PredictionImage {
    /// The image.
    pub stack: Arc<dyn ImageStack>,
    /// Its name, unique among the images of the run; outputs are called after it. `/` stands between subfolders of the output
    /// folder.
    pub name: String,
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
    let tiling = tiling(&predict.patching);
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
            of_patches(data, &constr, effort, keep_going)?
        }
    };
    let dataset = Dataset::new(Arc::new(constr), data.seed)
        .with_normalizer(statistics.normalizer()?)
        .failing_not_finite(images.fails_not_finite);
    Ok(Prediction {
        statistics,
        images: named(images),
        results: result_labels(&models, predict),
        models,
        dataset,
        tiling,
        options,
        folder: plan.output.clone(),
        outputs: outputs.into_iter().map(|(_, output)| output).collect(),
        sinks: images.sinks.clone(),
        form: ResultForm::of(plan, predict),
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
    let batch_size = if is_parallel && predict.patching != TilingPlan::Whole && constr.n_patches() > 0 {
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
        skip: predict.skip.map(skip),
        ..PredictOptions::default()
    })
}

#[expect(clippy::cast_possible_truncation, reason = "pixels are f32")]
fn skip(plan: SkipPlan) -> Skip {
    Skip { below: plan.below as f32, value: plan.value as f32 }
}

/// The images under the names of their results.
fn named(images: &Images) -> Vec<PredictionImage> {
    let inputs = &images.roles.predict_inputs;
    let source = |(stack, path): (&Arc<dyn ImageStack>, &PathBuf)| ImageSource {
        path: path.clone(),
        source: stack.info().source.clone(),
    };
    let names = image_names(&inputs.stacks.iter().zip(&inputs.paths).map(source).collect::<Vec<_>>());
    let stacks = inputs.stacks.iter();
    stacks.zip(names).map(|(stack, name)| PredictionImage { stack: Arc::clone(stack), name }).collect()
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

    /// How many tiles all images have together.
    pub fn n_tiles(&self) -> usize {
        self.dataset.n_patches()
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

    /// Runs all models over all images; returns for each of the [`results`](Self::results) what was written, image by image,
    /// format by format.
    ///
    /// # Errors
    /// [`PipelineError::Predict`]; images that are not finished then leave nothing behind.
    pub fn run(&self, keep_going: impl FnMut(Progress) -> bool) -> Result<Vec<Predicted>, PipelineError> {
        self.run_watched(keep_going, |_| ())
    }

    /// As [`run`](Self::run), and shows every batch that was loaded to `watch`.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_watched(
        &self,
        keep_going: impl FnMut(Progress) -> bool,
        watch: impl FnMut(&Batch),
    ) -> Result<Vec<Predicted>, PipelineError> {
        let models = self.models.iter().map(|model| model.model.as_ref() as &dyn Model).collect();
        let predictor = Predictor::new(&self.dataset, self.tiling, models, self.options.clone());
        let finished = predictor.run(&mut |image| self.targets(image), keep_going, watch)?;
        Ok(self.results.iter().map(|result| self.predicted(result, &finished)).collect())
    }

    /// What was written of one result.
    fn predicted(&self, result: &ResultLabel, finished: &[Finished]) -> Predicted {
        // An output has the targets of all formats for one of its results after the other.
        let n_formats = self.outputs.len().max(1);
        let of_output = self.results.iter().filter(|other| other.place == result.place);
        let result_idx = of_output.take_while(|other| other.content != result.content).count();
        let own = finished.iter().filter(|one| {
            (one.model_idx, one.output_idx) == result.place && one.target_idx / n_formats == result_idx
        });
        // All targets of a result lose the same.
        let first = own.clone().filter(|one| one.target_idx % n_formats == 0);
        Predicted {
            files: own.filter_map(|one| one.location.path().map(Path::to_owned)).collect(),
            lost: first.map(|one| one.lost).collect(),
        }
    }

    /// The file of an image that [`run`](Self::run) writes as an output for the result of a label.
    pub fn path(&self, name: &str, label: &str, output: &Output) -> PathBuf {
        result_path(&self.folder, name, label, output.ending())
    }

    /// The picture of an image beside the result of a label; `None` if no output can be read.
    pub fn picture_path(&self, name: &str, label: &str) -> Option<PathBuf> {
        picture_ending(&self.outputs).map(|ending| result_path(&self.folder, name, label, ending))
    }

    /// Makes the picture of a result of an image, of the first output that can be read, and says where it is.
    ///
    /// # Errors
    /// [`PipelineError`] if something cannot be read, drawn or written.
    pub fn picture(
        &self,
        image: &PredictionImage,
        result: &ResultLabel,
        durability: Durability,
    ) -> Result<Option<PathBuf>, PipelineError> {
        let readable = self.outputs.iter().find(|output| output.is_readable());
        let picture = self.picture_path(&image.name, &result.label);
        let (Some(output), Some(picture)) = (readable, picture) else { return Ok(None) };
        let (model_idx, output_idx) = result.place;
        let Some(info) =
            self.models.get(model_idx).and_then(|model| model.model.info().outputs.get(output_idx))
        else {
            return Ok(None);
        };
        let stack = image.stack.info();
        let n_channels = self.dataset.layout(0)?.input.n_channels;
        let shape = output_shape(info, stack.shape(), n_channels)?;
        let layout = self.form.result(stack, &image.name, info, shape, &result.content)?.0.layout;
        let path = self.path(&image.name, &result.label, output);
        let shown = PicturedResult { path: &path, output, layout: &layout, scale: info.scale };
        let is_made =
            prediction_picture(image.stack.as_ref(), self.channels(), &shown, &picture, durability)?;
        Ok(is_made.then_some(picture))
    }

    /// Every folder below the output folder that results are written into.
    pub fn subfolders(&self) -> BTreeSet<PathBuf> {
        let folders = self.images.iter().filter_map(|image| image.name.rsplit_once('/'));
        folders.map(|(folder, _)| self.folder.join(folder)).collect()
    }

    /// The type of the pixels that are written for an image.
    pub fn written_type(&self, info: &StackInfo) -> PixelType {
        self.form.pixel_type(info)
    }

    /// Whether values are spread over the pixel type.
    pub fn is_scaled(&self) -> bool {
        self.form.is_scaled()
    }

    /// The outputs that [`run`](Self::run) writes for every image, in order.
    pub fn outputs(&self) -> &[Output] {
        &self.outputs
    }

    /// The input channels that are predicted; `None` means all.
    pub fn channels(&self) -> Option<&[usize]> {
        self.form.channels.as_deref()
    }

    /// Where an output of a model for an image is written to: one result after the other, each in all formats.
    fn targets(&self, output: &OutputImage<'_>) -> Result<Vec<Target>, PredictError> {
        let Some(image) = self.images.get(output.data_idx) else { return Ok(Vec::new()) };
        let info = image.stack.info();
        let mut targets = Vec::new();
        let place = (output.model_idx, output.output_idx);
        for result in self.results.iter().filter(|result| result.place == place) {
            let form = self.form.result(info, &image.name, output.info, output.shape, &result.content);
            let (spec, map) =
                form.map_err(|source| PredictError::Layout { data_idx: output.data_idx, source })?;
            for format in &self.outputs {
                let path = self.path(&image.name, &result.label, format);
                let job = Job::start(&self.sinks, &path, Some(format.name()), format.spec(spec.clone()))?;
                targets.push(Target::new(job, map).with_content(result.content.clone()));
            }
        }
        Ok(targets)
    }
}
