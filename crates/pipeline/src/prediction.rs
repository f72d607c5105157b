//! The prediction side of a plan: every image through every model, written in every format.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use patchweave_config::{DataPlan, ModelPlan, PredictPlan, RunPlan, TilingPlan};
use patchweave_construct::Dataset;
use patchweave_loader::{Batch, Loader, LoaderOptions, Order};
use patchweave_pixel::{Lost, PixelType};
use patchweave_predict::{Gaussian, Identity, Model, NativeScale, PredictError, Predictor, Progress};
use patchweave_sink::{BlockSink, Blocks, Job, Location, SinkFormats};
use patchweave_stack::{ImageStack, StackInfo};

use crate::constructors::prediction_constructor;
use crate::counted::{Counted, LostPixels};
use crate::fitting::{Effort, of_patches};
use crate::output::outputs_of;
use crate::output_names::{ImageSource, image_names};
use crate::outputs::{labels, picture_ending, result_path};
use crate::result_form::ResultForm;
use crate::tiling::tiling;
use crate::{Images, KeepGoing, Output, PipelineError, Statistics};

/// A prediction ready to run.
pub struct Prediction {
    /// What tiles are normalised by.
    pub statistics: Statistics,
    /// Every image, in the order it is predicted.
    pub images: Vec<PredictionImage>,
    models: Vec<LabelledModel>,
    loader: Loader,
    overlaps: Option<Vec<usize>>,
    folder: PathBuf,
    outputs: Vec<Output>,
    sinks: SinkFormats,
    form: ResultForm,
}

/// What a model has given for all images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Predicted {
    /// What was written, image by image, format by format.
    pub files: Vec<PathBuf>,
    /// What was lost of each image where its values became pixels.
    pub lost: Vec<Lost>,
}

/// A model and what its files are called after.
pub struct LabelledModel {
    /// The model's name, with its settings where several models share it.
    pub label: String,
    /// The model.
    pub model: Box<dyn Model>,
    /// Whether the model is the identity; its outputs are then compared with the inputs.
    pub is_identity: bool,
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
    let shapes: Vec<_> =
        images.roles.predict_inputs.stacks.iter().map(|stack| stack.info().shape()).collect();
    let strategy = tiling(&predict.patching, &shapes)?;
    let constr =
        prediction_constructor(data, predict.channels.clone(), strategy, &images.roles.predict_inputs)?;
    let statistics = match statistics {
        Some(statistics) => statistics.clone(),
        None => {
            let n_threads = data.n_threads(&data.pred_loader);
            let effort = Effort { tolerance: None, max_bytes: predict.prefetch_bytes, n_threads };
            of_patches(data, &constr, effort, keep_going)?
        }
    };
    let dataset = Dataset::new(Arc::new(constr), data.seed)
        .with_normalizer(statistics.normalizer()?)
        .failing_not_finite(images.fails_not_finite);
    let loader = Loader::new(dataset, loader_options(data, predict))?;
    let labels = labels(&predict.models);
    let labelled = |(plan, label)| {
        let model = model(plan)?;
        // The models that are built in look at one scale.
        let model = if data.lateral.is_some() { Box::new(NativeScale(model)) } else { model };
        Ok(LabelledModel { label, model, is_identity: matches!(plan, ModelPlan::Identity) })
    };
    let models = predict.models.iter().zip(labels).map(labelled).collect::<Result<_, PipelineError>>()?;
    let overlaps = match &predict.patching {
        TilingPlan::Tiled { overlaps, .. } => Some(overlaps.as_slice().to_vec()),
        TilingPlan::Whole => None,
    };
    Ok(Prediction {
        statistics,
        images: named(images),
        models,
        loader,
        overlaps,
        folder: plan.output.clone(),
        outputs: outputs.into_iter().map(|(_, output)| output).collect(),
        sinks: images.sinks.clone(),
        form: ResultForm::of(plan, predict),
    })
}

fn loader_options(data: &DataPlan, predict: &PredictPlan) -> LoaderOptions {
    LoaderOptions {
        batch_size: predict.batch_size,
        order: Order::Sequential,
        n_workers: data.n_threads(&data.pred_loader),
        prefetch_bytes: predict.prefetch_bytes,
        ..LoaderOptions::default()
    }
}

fn model(plan: &ModelPlan) -> Result<Box<dyn Model>, PipelineError> {
    Ok(match *plan {
        ModelPlan::Identity => Box::new(Identity),
        ModelPlan::Gaussian { sigma } => Box::new(Gaussian::new(sigma)?),
    })
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

    /// How many tiles all images have together.
    pub fn n_tiles(&self) -> usize {
        self.loader.dataset().n_patches()
    }

    /// The overlap a model needs for tiles to give what the whole image would, where the plan has less.
    pub fn missing_overlap(&self, model: &dyn Model) -> Option<usize> {
        let needed = 2 * model.halo();
        let least = self.overlaps.as_ref()?.iter().min()?;
        (*least < needed).then_some(needed)
    }

    /// Runs one model over all images; returns what was written, image by image, format by format.
    ///
    /// # Errors
    /// [`PipelineError::Predict`]; an image that is not finished then leaves nothing behind.
    pub fn run(
        &self,
        model: &LabelledModel,
        keep_going: impl FnMut(Progress) -> bool,
    ) -> Result<Predicted, PipelineError> {
        self.run_watched(model, keep_going, |_| ())
    }

    /// As [`run`](Self::run), and shows every batch that was loaded to `watch`.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_watched(
        &self,
        model: &LabelledModel,
        keep_going: impl FnMut(Progress) -> bool,
        watch: impl FnMut(&Batch),
    ) -> Result<Predicted, PipelineError> {
        let lost = LostPixels::of_images(self.images.len());
        let sinks =
            |data_idx: usize, n_channels: usize| self.sinks(&model.label, data_idx, n_channels, &lost);
        let predictor = Predictor::new(&self.loader, model.model.as_ref());
        let written = predictor.run_watched(sinks, keep_going, watch)?;
        let files = written.iter().filter_map(Location::path).map(Path::to_owned).collect();
        Ok(Predicted { files, lost: lost.all() })
    }

    /// The file of an image that [`run`](Self::run) writes as an output for the model of a label.
    pub fn path(&self, name: &str, label: &str, output: &Output) -> PathBuf {
        result_path(&self.folder, name, label, output.ending())
    }

    /// The picture of an image beside what the model of a label gave; `None` if no output can be read.
    pub fn picture_path(&self, name: &str, label: &str) -> Option<PathBuf> {
        picture_ending(&self.outputs).map(|ending| result_path(&self.folder, name, label, ending))
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

    fn sinks(
        &self,
        label: &str,
        data_idx: usize,
        n_channels: usize,
        lost: &LostPixels,
    ) -> Result<Vec<Box<dyn BlockSink>>, PredictError> {
        let Some(image) = self.images.get(data_idx) else { return Ok(Vec::new()) };
        let info = image.stack.info();
        let spec = self.form.spec(info, &image.name, n_channels);
        let spec = spec.map_err(|source| PredictError::Layout { data_idx, source })?;
        let map = self.form.map(info);
        let mut sinks: Vec<Box<dyn BlockSink>> = Vec::with_capacity(self.outputs.len());
        for output in &self.outputs {
            let path = self.path(&image.name, label, output);
            let job = Job::start(&self.sinks, &path, Some(output.name()), output.spec(spec.clone()))?;
            let blocks = Blocks::new(job).with_map(map);
            // All of them lose the same.
            sinks.push(match sinks.is_empty() {
                true => Box::new(Counted { blocks, data_idx, lost: lost.clone() }),
                false => Box::new(blocks),
            });
        }
        Ok(sinks)
    }
}
