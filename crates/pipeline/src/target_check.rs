//! Whether the targets of a prediction fit its results, before any work.

use patchweave_config::{ImageFacts, Problem, RunPlan};
use patchweave_geometry::{GeometryError, ImageShape};
use patchweave_predict::output_shape;
use patchweave_stack::StackInfo;

use crate::models::LabelledModel;
use crate::quality::{is_comparable, shown};
use crate::result_form::ResultForm;
use crate::results::result_labels;

/// The first target that no result of its image can be compared with, if there is one.
///
/// Results that do not fit beside one that does are told of when they are there: a network may have outputs of several kinds.
pub(crate) fn check_targets(
    plan: &RunPlan,
    models: &[LabelledModel],
    images: &[StackInfo],
    targets: &[ImageFacts],
) -> Option<Problem> {
    let predict = plan.predict.as_ref()?;
    let form = ResultForm::of(plan, predict);
    let labels = result_labels(models, predict);
    images.iter().zip(targets).find_map(|(image, target)| {
        let shapes = labels.iter().map(|result| {
            let (model_idx, output_idx) = result.place;
            let output = &models[model_idx].model.info().outputs[output_idx];
            let shape = output_shape(output, image.shape(), form.n_channels(image))?;
            let n_channels = result.content.n_channels(shape.n_channels);
            Ok::<_, GeometryError>(ImageShape { n_channels, ..shape })
        });
        let shapes: Vec<_> = shapes.collect::<Result<_, _>>().ok()?;
        if shapes.iter().any(|shape| is_comparable(shape, &target.shape)) {
            return None;
        }
        let (result, shape) = labels.iter().zip(&shapes).next()?;
        let found = format!("{} has {}", target.source, shown(&target.shape));
        let expected = format!("{} as result {} of {}", shown(shape), result.label, image.source);
        Some(plan.problem_at(&target_key(plan, target.entry), found, expected))
    })
}

/// The key of a target in a plan.
fn target_key(plan: &RunPlan, entry: usize) -> String {
    let key = format!("predict.target[{entry}]");
    if plan.has_key(&key) { key } else { "predict.target".to_owned() }
}
