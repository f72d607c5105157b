//! The results of models: what is written of which output, and what it is called.

use patchweave_config::{PredictPlan, Problem, ResultPlan, RunPlan, ValuesPlan};
use patchweave_model::{ModelInfo, OutputInfo, OutputType};
use patchweave_predict::{Content, PredictError, Values};
use patchweave_stack::{StackInfo, with_causes};

use crate::models::{LabelledModel, model_key};
use crate::result_form::ResultForm;
use crate::tiling::blend;

/// A result of a model: what is written of an output, and what its files are called after.
#[derive(Debug, Clone, PartialEq)]
pub struct ResultLabel {
    /// That of the model, with the name of the output where there are several.
    pub label: String,
    /// The places of the model and of its output.
    pub place: (usize, usize),
    /// What is written of the output.
    pub content: Content,
    /// Whether it is all of the identity, of all tiles; it is then compared with the inputs.
    pub is_identity: bool,
}

/// The results of models, output by output.
pub(crate) fn result_labels(models: &[LabelledModel], predict: &PredictPlan) -> Vec<ResultLabel> {
    let mut results = Vec::new();
    for (model_idx, model) in models.iter().enumerate() {
        let info = model.model.info();
        for (output_idx, output) in info.outputs.iter().enumerate() {
            let Some(plan) = model.results.of_output(&output.name) else { continue };
            let label = output_label(&model.label, info, output_idx);
            let place = (model_idx, output_idx);
            let content = content(plan, output);
            let is_identity = model.is_identity
                && predict.skip.is_none()
                && content == Content::default()
                && output.pixel_type != OutputType::Deviation;
            results.push(ResultLabel { label: label.clone(), place, content, is_identity });
            // There is nothing between labels, and what deviations differ by means little.
            let images = predict.tile_images;
            let of_tiles = [
                ("weights", Values::Weights, images.weights, None),
                ("deviation", Values::Deviation, images.deviation, plan.channels.clone()),
            ];
            let wanted = of_tiles.into_iter().filter(|(.., is_wanted, _)| *is_wanted);
            for (name, values, _, channels) in wanted.filter(|_| output.pixel_type == OutputType::Float) {
                let (label, content) = (format!("{label}_{name}"), Content { channels, values });
                results.push(ResultLabel { label, place, content, is_identity: false });
            }
        }
    }
    results
}

/// What a plan writes of an output; deviations have no class and no limit of their own.
fn content(plan: &ResultPlan, output: &OutputInfo) -> Content {
    let values = match plan.values {
        _ if output.pixel_type == OutputType::Deviation => Values::Predicted,
        ValuesPlan::Predicted => Values::Predicted,
        ValuesPlan::Argmax => Values::Argmax,
        ValuesPlan::Threshold(limit) => Values::Threshold(limit),
    };
    Content { channels: plan.channels.clone(), values }
}

/// What the files of an output are called after: the model, if it has this output alone beside its deviation.
fn output_label(model: &str, info: &ModelInfo, output_idx: usize) -> String {
    let outputs = &info.outputs;
    let output = &outputs[output_idx];
    let n_values = outputs.iter().filter(|output| output.pixel_type != OutputType::Deviation).count();
    match outputs.iter().filter(|other| plain(&other.name) == plain(&output.name)).count() {
        _ if outputs.len() == 1 => model.to_owned(),
        _ if (n_values, outputs.len()) == (1, 2) => match output.pixel_type {
            OutputType::Deviation => format!("{model}_std"),
            _ => model.to_owned(),
        },
        1 => format!("{model}_{}", plain(&output.name)),
        _ => format!("{model}_{}_{output_idx}", plain(&output.name)),
    }
}

/// The name of an output as a part of the name of a file; networks have any characters in theirs.
fn plain(name: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' };
    name.chars().map(plain).collect()
}

/// What is asked for of outputs and is not there.
pub(crate) fn check_results(plan: &RunPlan, models: &[LabelledModel], images: &[StackInfo]) -> Vec<Problem> {
    let Some(predict) = &plan.predict else { return Vec::new() };
    let form = ResultForm::of(plan, predict);
    let mut problems = unknown_outputs(plan, models);
    for ResultLabel { place: (model_idx, output_idx), content, .. } in result_labels(models, predict) {
        let model = &models[model_idx];
        let output = &model.model.info().outputs[output_idx];
        let key = outputs_key(plan, model.place);
        let refused = |image: &StackInfo| {
            let n_channels = output.channels.of(form.n_channels(image));
            content.check(output, n_channels, &blend(predict.blend)).err()
        };
        problems.extend(images.iter().find_map(refused).map(|error| match error {
            PredictError::Content { output, got, expected } => {
                plan.problem_at(&key, format!("got {got} of output {output}"), expected)
            }
            other => plan.problem_at(&key, with_causes(&other), "what the output has"),
        }));
    }
    problems
}

/// Names of outputs that models do not have.
fn unknown_outputs(plan: &RunPlan, models: &[LabelledModel]) -> Vec<Problem> {
    let of_model = |model: &LabelledModel| {
        let names: Vec<&str> = model.model.info().outputs.iter().map(|output| output.name.as_str()).collect();
        let named = model.results.named.iter().flatten();
        let unknown = named.filter(|(name, _)| !names.contains(&name.as_str()));
        let problem = |(name, _): &(String, ResultPlan)| {
            let key = outputs_key(plan, model.place);
            let expected = format!("outputs that the model has: {}", names.join(", "));
            plan.problem_at(&key, format!("got output {name:?}"), expected).suggesting(name, names.clone())
        };
        unknown.map(problem).collect::<Vec<_>>()
    };
    models.iter().flat_map(of_model).collect()
}

/// The key of what is written of the outputs of a model.
fn outputs_key(plan: &RunPlan, place: usize) -> String {
    let model = model_key(plan, place);
    let keys = ["outputs", "channels", "argmax"].map(|key| format!("{model}.{key}"));
    keys.into_iter().find(|key| plan.has_key(key)).unwrap_or(model)
}
