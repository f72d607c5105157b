//! Whether the formats of a prediction can hold its results, before any work.

use patchweave_config::{Problem, RunPlan};
use patchweave_predict::output_shape;
use patchweave_sink::{ImageSpec, SinkError, SinkFormats};
use patchweave_stack::{StackInfo, with_causes};

use crate::models::LabelledModel;
use crate::output::{Output, Setting, output_key};
use crate::outputs::result_path;
use crate::result_form::ResultForm;
use crate::results::result_labels;

/// The keys that every format has, for what may be meant by a setting that it does not have.
const GENERAL: [&str; 5] = ["levels", "level_axes", "chunks", "shards", "compression"];

/// What the formats of a plan refuse of the images that are predicted, which have these names: of each format what it
/// refuses of the first image that it cannot write.
pub(crate) fn check_outputs(
    plan: &RunPlan,
    outputs: &[(usize, Output)],
    sinks: &SinkFormats,
    models: &[LabelledModel],
    (images, names): (&[StackInfo], &[String]),
) -> Vec<Problem> {
    let Some(predict) = &plan.predict else { return Vec::new() };
    let form = ResultForm::of(plan, predict);
    let results = result_labels(models, predict);
    let refused = |(place, output): &(usize, Output)| {
        let of_image = |(info, name): (&StackInfo, &String)| {
            results.iter().find_map(|result| {
                let (model_idx, output_idx) = result.place;
                let of_model = &models[model_idx].model.info().outputs[output_idx];
                let shape = output_shape(of_model, info.shape(), form.n_channels(info)).ok()?;
                let (bare, _) = form.result(info, name, of_model, shape, &result.content).ok()?;
                let target = result_path(&plan.output, name, &result.label, output.ending());
                let check =
                    |spec: &ImageSpec| sinks.checked(&target, Some(output.name()), spec.clone()).err();
                let found =
                    Refused { plan, place: *place, output, source: &info.source }.problems(&check, bare);
                (!found.is_empty()).then_some(found)
            })
        };
        images.iter().zip(names).find_map(of_image).unwrap_or_default()
    };
    outputs.iter().flat_map(refused).collect()
}

/// What a check finds wrong with an image.
type Check<'a> = &'a dyn Fn(&ImageSpec) -> Option<SinkError>;

/// An output that may be refused for an image.
struct Refused<'a> {
    plan: &'a RunPlan,
    place: usize,
    output: &'a Output,
    source: &'a str,
}

impl Refused<'_> {
    /// The settings that are to blame, or the image if it cannot be written without any: a format says what is wrong, but not
    /// with which key.
    fn problems(&self, check: Check<'_>, bare: ImageSpec) -> Vec<Problem> {
        let Some(error) = check(&self.output.spec(bare.clone())) else { return Vec::new() };
        if let Some(error) = check(&bare) {
            return vec![self.of_image(&error)];
        }
        let mut accepted = bare;
        let mut problems = Vec::new();
        for setting in &self.output.settings {
            let mut spec = accepted.clone();
            setting.apply(&mut spec);
            match check(&spec) {
                None => accepted = spec,
                Some(error) => problems.push(self.of_setting(setting, &error)),
            }
        }
        if problems.is_empty() { vec![self.of_image(&error)] } else { problems }
    }

    fn of_image(&self, error: &SinkError) -> Problem {
        let (found, expected) = self.told(error);
        let key = output_key(self.plan, self.place, "name");
        self.plan.problem_at(&key, format!("{found} for {}", self.source), expected)
    }

    fn of_setting(&self, setting: &Setting, error: &SinkError) -> Problem {
        let (found, mut expected) = self.told(error);
        let key = output_key(self.plan, self.place, setting.key());
        if !matches!((setting, error), (Setting::Own { .. }, SinkError::Options { .. })) {
            return self.plan.problem_at(&key, found, expected);
        }
        if matches!(setting, Setting::Own { is_number: true, .. }) && found.starts_with("invalid type") {
            expected.push_str(", text in quotes");
        }
        let problem = self.plan.problem_at(&key, found, expected.clone());
        if !problem.found.starts_with("unknown field") {
            return problem;
        }
        // What serde lists stands between backticks.
        let listed = expected.split('`').skip(1).step_by(2);
        problem.suggesting(setting.key(), listed.chain(GENERAL))
    }

    /// What was found and what is expected, without the path, which does not exist yet.
    fn told(&self, error: &SinkError) -> (String, String) {
        let format = self.output.name();
        match error {
            SinkError::Unfit { got, expected, .. } => {
                (format!("got {got}"), format!("{expected} in {format}"))
            }
            SinkError::TooLarge { what, got, limit, .. } => {
                (format!("got {got} {what}"), format!("at most {limit} in {format}"))
            }
            SinkError::Options { source, .. } => {
                let text = source.to_string();
                match text.split_once(", expected ") {
                    Some((found, expected)) => (found.to_owned(), expected.to_owned()),
                    None => (text, format!("a setting that {format} has")),
                }
            }
            other => (with_causes(other), format!("an image that {format} can hold")),
        }
    }
}
