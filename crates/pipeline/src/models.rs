//! The models of a plan, opened, and what their results are called.

use patchweave_config::{
    AugmentPlan, BioimagePlan, DataPlan, ModelEntry, ModelPlan, NormalizationPlan, OnnxPlan, PredictPlan,
    Problem, RepeatsPlan, ResultsPlan, RunPlan, TilingPlan,
};
#[cfg(feature = "onnx")]
use patchweave_config::{IntensitiesPlan, RuntimePlan};
use patchweave_geometry::ImageShape;
use patchweave_model::{
    ChannelMean, Gaussian, Identity, Model, ModelError, NativeScale, RepeatOptions, Repeated, Symmetries,
};
#[cfg(feature = "onnx")]
use patchweave_onnx::Runtime;
use patchweave_predict::PredictError;
use patchweave_stack::{StackInfo, with_causes};

use crate::tiling::tiling;

/// A model and what its files are called after.
pub struct LabelledModel {
    /// The model's name, with its settings where several models share it.
    pub label: String,
    /// The model.
    pub model: Box<dyn Model>,
    /// Whether the model is the identity; its outputs are then compared with the inputs.
    pub is_identity: bool,
    /// Its place in the plan.
    pub(crate) place: usize,
    /// What is written of its outputs.
    pub(crate) results: ResultsPlan,
}

/// Opens the models of a plan; those that cannot be opened are problems at their place.
pub(crate) fn open_models(plan: &RunPlan) -> (Vec<LabelledModel>, Vec<Problem>) {
    let all = plan.predict.as_ref().map_or(&[][..], |predict| &predict.models);
    let mut models = Vec::with_capacity(all.len());
    let mut problems = Vec::new();
    for (place, entry) in all.iter().enumerate() {
        let ModelEntry { model, repeats, results } = entry;
        match open(model).and_then(|opened| repeated(opened, *repeats)) {
            Ok(opened) => {
                // The models that are built in look at one scale, networks at all of them.
                let is_network = matches!(model, ModelPlan::Onnx(_) | ModelPlan::Bioimage(_));
                let is_native = plan.data.lateral.is_some() && !is_network;
                let opened = if is_native { Box::new(NativeScale::new(opened)) } else { opened };
                let is_identity = *model == ModelPlan::Identity;
                let (label, results) = (label(entry, all), results.clone());
                models.push(LabelledModel { label, model: opened, is_identity, place, results });
            }
            Err(error) => {
                let found = with_causes(&error);
                problems.push(plan.problem_at(&model_key(plan, place), found, "a model that can be opened"));
            }
        }
    }
    (models, problems)
}

fn open(plan: &ModelPlan) -> Result<Box<dyn Model>, ModelError> {
    Ok(match plan {
        ModelPlan::Identity => Box::new(Identity::new()),
        ModelPlan::ChannelMean => Box::new(ChannelMean::new()),
        ModelPlan::Gaussian { sigma } => Box::new(Gaussian::new(*sigma)?),
        ModelPlan::Onnx(network) => open_network(network)?,
        ModelPlan::Bioimage(package) => open_package(package)?,
    })
}

#[cfg(feature = "onnx")]
fn open_network(plan: &OnnxPlan) -> Result<Box<dyn Model>, ModelError> {
    use patchweave_model::{Likeness, Sides};
    use patchweave_onnx::{BadAxes, OnnxModel, OnnxOptions};

    let refused = |source| ModelError::Failed { model: plan.name.clone(), source };
    let axes = plan.axes.as_deref().map(str::parse).transpose();
    let mut options = OnnxOptions::default();
    options.name = Some(plan.name.clone());
    options.axes = axes.map_err(|error: BadAxes| refused(error.into()))?;
    options.halo = plan.halo.map(|halo| [Sides::both(halo); 3]);
    options.resize = plan.resize;
    options.runtime = runtime(&plan.runtime);
    options.likeness = match plan.intensities {
        IntensitiesPlan::Input => Likeness::Input,
        IntensitiesPlan::Target => Likeness::Target,
        IntensitiesPlan::Own => Likeness::Own,
    };
    let opened = OnnxModel::open(&plan.path, &options).map_err(|error| refused(error.into()))?;
    Ok(Box::new(opened))
}

#[cfg(feature = "onnx")]
fn runtime(plan: &RuntimePlan) -> Runtime {
    match plan {
        RuntimePlan::Tract => Runtime::Tract,
        RuntimePlan::OnnxRuntime { library } => Runtime::OnnxRuntime { library: library.clone() },
    }
}

#[cfg(feature = "onnx")]
fn open_package(plan: &BioimagePlan) -> Result<Box<dyn Model>, ModelError> {
    let mut options = patchweave_zoo::ZooOptions::default();
    options.name = Some(plan.name.clone());
    options.runtime = runtime(&plan.runtime);
    let opened = patchweave_zoo::ZooModel::open(&plan.path, &options);
    let refused = |source: patchweave_zoo::ZooError| ModelError::Failed {
        model: plan.name.clone(),
        source: source.into(),
    };
    Ok(Box::new(opened.map_err(refused)?))
}

#[cfg(not(feature = "onnx"))]
fn open_package(plan: &BioimagePlan) -> Result<Box<dyn Model>, ModelError> {
    Err(ModelError::Setting {
        model: plan.name.clone(),
        got: format!("the package {}", plan.path.display()),
        expected: "a program that was built with the feature onnx".to_owned(),
    })
}

#[cfg(not(feature = "onnx"))]
fn open_network(plan: &OnnxPlan) -> Result<Box<dyn Model>, ModelError> {
    Err(ModelError::Setting {
        model: plan.name.clone(),
        got: format!("the network {}", plan.path.display()),
        expected: "a program that was built with the feature onnx".to_owned(),
    })
}

/// A model that is asked as often as a plan says.
fn repeated(model: Box<dyn Model>, plan: RepeatsPlan) -> Result<Box<dyn Model>, ModelError> {
    if plan == RepeatsPlan::default() {
        return Ok(model);
    }
    let symmetries = match plan.augment {
        AugmentPlan::None => Symmetries::None,
        AugmentPlan::Flips => Symmetries::Flips,
        AugmentPlan::All => Symmetries::All,
    };
    let options = RepeatOptions { symmetries, n_samples: plan.samples, has_deviation: plan.deviation };
    Ok(Box::new(Repeated::new(model, options)?))
}

/// How many channels models are shown of an image; with lateral context that is the number of scales.
pub(crate) fn n_channels_shown(data: &DataPlan, predict: &PredictPlan, info: &StackInfo) -> usize {
    match (&data.lateral, &predict.channels) {
        (Some(lateral), _) => lateral.multiscale_count,
        (None, Some(channels)) => channels.len(),
        (None, None) => info.shape().n_channels,
    }
}

/// What models do not take: channels of images, or sizes of tiles.
pub(crate) fn check_models(plan: &RunPlan, models: &[LabelledModel], images: &[StackInfo]) -> Vec<Problem> {
    let Some(predict) = &plan.predict else { return Vec::new() };
    let n_channels = |info: &StackInfo| n_channels_shown(&plan.data, predict, info);
    let mut problems = normalized_twice(plan);
    if let TilingPlan::Largest { overlaps } = &predict.patching {
        problems.extend(check_largest(plan, predict, (models, overlaps.is_some()), images));
    }
    for labelled in models {
        let info = labelled.model.info();
        let other = |image: &&StackInfo| info.input.n_channels.is_some_and(|n| n != n_channels(image));
        if let (Some(image), Some(n)) = (images.iter().find(other), info.input.n_channels) {
            let found =
                format!("model {} takes {n} channels, {} has {}", info.name, image.source, n_channels(image));
            let expected = "a model of as many channels, or channels in data_config";
            problems.push(plan.problem_at(&model_key(plan, labelled.place), found, expected));
        }
        let batch = info.input.batch.fit(predict.batch_size);
        let check =
            |[z, y, x]: [usize; 3]| info.check([batch, info.input.n_channels.unwrap_or(1), z, y, x]).err();
        match predict.patching {
            TilingPlan::Tiled { patch_size, .. } => {
                let size = patch_size.to_zyx();
                if let Some(error) = check(size) {
                    let fitting = patch_size.per_axis().of_zyx(info.fit(size));
                    let (found, expected) = told(&error);
                    let expected = format!("{expected}, as in {:?}", fitting.as_slice());
                    problems.push(plan.problem_at(&tiles_key(plan), found, expected));
                }
            }
            TilingPlan::Largest { .. } => {}
            TilingPlan::Whole => {
                let mut refused =
                    images.iter().filter_map(|image| Some((image, check(image.shape().extent.to_zyx())?)));
                if let Some((image, error)) = refused.next() {
                    let (found, expected) = told(&error);
                    let found = format!("{found} in {}", image.source);
                    let expected = format!("{expected}; cut it into tiles of such a size");
                    problems.push(plan.problem_at(&tiles_key(plan), found, expected));
                }
            }
        }
    }
    problems
}

/// Why tiles cannot be as large as models and memory allow.
fn check_largest(
    plan: &RunPlan,
    predict: &PredictPlan,
    (models, has_overlaps): (&[LabelledModel], bool),
    images: &[StackInfo],
) -> Vec<Problem> {
    let has_no_halo = |model: &&LabelledModel| {
        let entry = predict.models.get(model.place).map(|entry| &entry.model);
        matches!(entry, Some(ModelPlan::Onnx(net)) if net.halo.is_none())
    };
    let unknown = models.iter().filter(|_| !has_overlaps).filter(has_no_halo).map(|model| {
        let found = format!("the halo of {} is not given", model.model.info().name);
        let expected = "halo, or overlaps beside patch_size: auto; `patchweave model info` measures it";
        plan.problem_at(&model_key(plan, model.place), found, expected)
    });
    let mut problems: Vec<Problem> = unknown.collect();
    let n_channels = images.iter().map(|info| n_channels_shown(&plan.data, predict, info)).max().unwrap_or(1);
    let shapes: Vec<ImageShape> = images.iter().map(StackInfo::shape).collect();
    let models: Vec<&dyn Model> = models.iter().map(|model| model.model.as_ref()).collect();
    if let Err(error) = tiling(predict, &models, &shapes, n_channels) {
        let (found, expected) = match &error {
            PredictError::Model(error) => told(error),
            error => (with_causes(error), "a larger predict.memory_mib, or a smaller batch_size".to_owned()),
        };
        problems.push(plan.problem_at(&tiles_key(plan), found, expected));
    }
    problems
}

/// A package prepares its input itself, from raw pixels.
fn normalized_twice(plan: &RunPlan) -> Vec<Problem> {
    let models = plan.predict.iter().flat_map(|predict| &predict.models).map(|entry| &entry.model);
    let package = models.filter(|model| matches!(model, ModelPlan::Bioimage(_))).map(ModelPlan::name).next();
    match package {
        Some(name) if plan.data.normalization != NormalizationPlan::None => {
            let found =
                format!("got a normalization beside the package {name}, which prepares raw pixels itself");
            let expected = "normalization: {name: none}, for all models of the run";
            vec![plan.problem_at("data_config.normalization", found, expected)]
        }
        _ => Vec::new(),
    }
}

/// What a model was shown, and what it takes.
fn told(error: &ModelError) -> (String, String) {
    match error {
        ModelError::Shape { model, got, expected } => {
            (format!("got {got} for model {model}"), expected.clone())
        }
        other => (other.to_string(), "what it takes".to_owned()),
    }
}

/// The key of a model in a plan.
pub(crate) fn model_key(plan: &RunPlan, place: usize) -> String {
    let key = format!("predict.models[{place}]");
    if plan.has_key(&key) { key } else { "predict.models".to_owned() }
}

/// The key of what says how images are cut.
pub(crate) fn tiles_key(plan: &RunPlan) -> String {
    let keys = ["predict.patching.patch_size", "predict.patching", "data_config.patching.patch_size"];
    let given = keys.into_iter().find(|key| plan.has_key(key));
    given.unwrap_or("data_config.patching").to_owned()
}

/// What the files of a model are called after.
fn label(entry: &ModelEntry, all: &[ModelEntry]) -> String {
    let shares_name = |other: &&ModelEntry| other.model.name() == entry.model.name();
    let mut label = entry.model.name().to_owned();
    if all.iter().filter(shares_name).count() == 1 {
        return label;
    }
    if let ModelPlan::Gaussian { sigma } = &entry.model {
        label.push_str(&format!("_{sigma}"));
    }
    label.push_str(match entry.repeats.augment {
        AugmentPlan::None => "",
        AugmentPlan::Flips => "_flips",
        AugmentPlan::All => "_turns",
    });
    match entry.repeats.samples {
        1 => label,
        n => format!("{label}_{n}_samples"),
    }
}
