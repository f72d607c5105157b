//! The models of a plan, opened, and what their results are called.

#[cfg(feature = "onnx")]
use patchweave_config::IntensitiesPlan;
use patchweave_config::{ModelPlan, OnnxPlan, Problem, RunPlan};
use patchweave_model::{ChannelMean, Gaussian, Identity, Model, ModelError, NativeScale, OutputInfo};
use patchweave_stack::with_causes;

/// A model and what its files are called after.
pub struct LabelledModel {
    /// The model's name, with its settings where several models share it.
    pub label: String,
    /// The model.
    pub model: Box<dyn Model>,
    /// Whether the model is the identity; its outputs are then compared with the inputs.
    pub is_identity: bool,
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
                let is_native = plan.data.lateral.is_some() && !matches!(model, ModelPlan::Onnx(_));
                let opened = if is_native { Box::new(NativeScale::new(opened)) } else { opened };
                let is_identity = *model == ModelPlan::Identity;
                models.push(LabelledModel { label: label(model, all), model: opened, is_identity });
            }
            Err(error) => {
                let key = format!("predict.models[{place}]");
                let key = if plan.has_key(&key) { key } else { "predict.models".to_owned() };
                problems.push(plan.problem_at(&key, with_causes(&error), "a model that can be opened"));
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

#[cfg(not(feature = "onnx"))]
fn open_network(plan: &OnnxPlan) -> Result<Box<dyn Model>, ModelError> {
    Err(ModelError::Setting {
        model: plan.name.clone(),
        got: format!("the network {}", plan.path.display()),
        expected: "a program that was built with the feature onnx".to_owned(),
    })
}

/// What the files of a model are called after.
fn label(model: &ModelPlan, all: &[ModelPlan]) -> String {
    let shares_name = all.iter().filter(|other| other.name() == model.name()).count() > 1;
    match model {
        ModelPlan::Gaussian { sigma } if shares_name => format!("{}_{sigma}", model.name()),
        _ => model.name().to_owned(),
    }
}

/// The results of models, output by output.
pub(crate) fn result_labels(models: &[LabelledModel]) -> Vec<ResultLabel> {
    let of_model = |(model_idx, model): (usize, &LabelledModel)| {
        let outputs = &model.model.info().outputs;
        let label = |(output_idx, output): (usize, &OutputInfo)| ResultLabel {
            label: if outputs.len() > 1 {
                format!("{}_{}", model.label, output.name)
            } else {
                model.label.clone()
            },
            place: (model_idx, output_idx),
            is_identity: model.is_identity,
        };
        outputs.iter().enumerate().map(label).collect::<Vec<_>>()
    };
    models.iter().enumerate().flat_map(of_model).collect()
}
