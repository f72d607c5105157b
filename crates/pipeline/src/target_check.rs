//! Whether the targets of a prediction fit its results, before any work.

use patchweave_config::{ImageFacts, Problem, RunPlan};
use patchweave_predict::output_shape;
use patchweave_stack::StackInfo;

use crate::models::{LabelledModel, result_labels};
use crate::quality::{is_comparable, shown};
use crate::result_form::ResultForm;

/// The first target that no result of its image can be compared with, if there is one.
///
/// Results that do not fit beside one that does are told of when they are there: a network may have outputs of several kinds.
pub(crate) fn check_targets(
    plan: &RunPlan,
    models: &[LabelledModel],
    images: &[StackInfo],
    targets: &[ImageFacts],
) -> Option<Problem> {
    let form = ResultForm::of(plan, plan.predict.as_ref()?);
    let labels = result_labels(models);
    images.iter().zip(targets).find_map(|(image, target)| {
        let outputs = models.iter().flat_map(|model| &model.model.info().outputs);
        let shapes = outputs.map(|output| output_shape(output, image.shape(), form.n_channels(image)));
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
