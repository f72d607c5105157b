//! The models of a plan, opened, and what their results are called.

#[cfg(feature = "onnx")]
use patchweave_config::IntensitiesPlan;
use patchweave_config::{BioimagePlan, ModelPlan, NormalizationPlan, OnnxPlan, Problem, RunPlan, TilingPlan};
use patchweave_model::{ChannelMean, Gaussian, Identity, Model, ModelError, NativeScale, OutputInfo};
use patchweave_stack::{StackInfo, with_causes};

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
}

/// An output of a model, and what its files are called after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultLabel {
    /// That of the model, with the name of the output where there are several.
    pub label: String,
    /// The places of the model and of its output.
    pub place: (usize, usize),
    /// Whether it is that of the identity; it is then compared with the inputs.
    pub is_identity: bool,
}

/// Opens the models of a plan; those that cannot be opened are problems at their place.
pub(crate) fn open_models(plan: &RunPlan) -> (Vec<LabelledModel>, Vec<Problem>) {
    let all = plan.predict.as_ref().map_or(&[][..], |predict| &predict.models);
    let mut models = Vec::with_capacity(all.len());
    let mut problems = Vec::new();
    for (place, model) in all.iter().enumerate() {
        match open(model) {
            Ok(opened) => {
                // The models that are built in look at one scale, networks at all of them.
                let is_network = matches!(model, ModelPlan::Onnx(_) | ModelPlan::Bioimage(_));
                let is_native = plan.data.lateral.is_some() && !is_network;
                let opened = if is_native { Box::new(NativeScale::new(opened)) } else { opened };
                let is_identity = *model == ModelPlan::Identity;
                models.push(LabelledModel { label: label(model, all), model: opened, is_identity, place });
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
    options.likeness = match plan.intensities {
        IntensitiesPlan::Input => Likeness::Input,
        IntensitiesPlan::Target => Likeness::Target,
        IntensitiesPlan::Own => Likeness::Own,
    };
    let opened = OnnxModel::open(&plan.path, &options).map_err(|error| refused(error.into()))?;
    Ok(Box::new(opened))
}

#[cfg(feature = "onnx")]
fn open_package(plan: &BioimagePlan) -> Result<Box<dyn Model>, ModelError> {
    let opened = patchweave_zoo::ZooModel::open(&plan.path, Some(&plan.name));
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

/// What models do not take: channels of images, or sizes of tiles.
pub(crate) fn check_models(plan: &RunPlan, models: &[LabelledModel], images: &[StackInfo]) -> Vec<Problem> {
    let Some(predict) = &plan.predict else { return Vec::new() };
    let n_channels = |info: &StackInfo| match (&plan.data.lateral, &predict.channels) {
        (Some(lateral), _) => lateral.multiscale_count,
        (None, Some(channels)) => channels.len(),
        (None, None) => info.shape().n_channels,
    };
    let mut problems = normalized_twice(plan);
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

/// A package prepares its input itself, from raw pixels.
fn normalized_twice(plan: &RunPlan) -> Vec<Problem> {
    let models = plan.predict.iter().flat_map(|predict| &predict.models);
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
fn model_key(plan: &RunPlan, place: usize) -> String {
    let key = format!("predict.models[{place}]");
    if plan.has_key(&key) { key } else { "predict.models".to_owned() }
}

/// The key of what says how images are cut.
fn tiles_key(plan: &RunPlan) -> String {
    let keys = ["predict.patching.patch_size", "predict.patching", "data_config.patching.patch_size"];
    let given = keys.into_iter().find(|key| plan.has_key(key));
    given.unwrap_or("data_config.patching").to_owned()
}

/// What the files of a model are called after.
fn label(model: &ModelPlan, all: &[ModelPlan]) -> String {
    let shares_name = all.iter().filter(|other| other.name() == model.name()).count() > 1;
    match model {
        ModelPlan::Gaussian { sigma } if shares_name => format!("{}_{sigma}", model.name()),
        _ => model.name().to_owned(),
    }
}

/// The name of an output as a part of the name of a file; networks have any characters in theirs.
fn plain(name: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' };
    name.chars().map(plain).collect()
}

/// The results of models, output by output.
pub(crate) fn result_labels(models: &[LabelledModel]) -> Vec<ResultLabel> {
    let of_model = |(model_idx, model): (usize, &LabelledModel)| {
        let outputs = &model.model.info().outputs;
        let label = |(output_idx, output): (usize, &OutputInfo)| ResultLabel {
            label: match outputs.iter().filter(|other| plain(&other.name) == plain(&output.name)).count() {
                _ if outputs.len() == 1 => model.label.clone(),
                1 => format!("{}_{}", model.label, plain(&output.name)),
                _ => format!("{}_{}_{output_idx}", model.label, plain(&output.name)),
            },
            place: (model_idx, output_idx),
            is_identity: model.is_identity,
        };
        outputs.iter().enumerate().map(label).collect::<Vec<_>>()
    };
    models.iter().enumerate().flat_map(of_model).collect()
}
