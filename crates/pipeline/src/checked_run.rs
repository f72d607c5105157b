//! A configuration that was read and checked together with the images that were opened for that.

use std::cell::RefCell;
use std::path::Path;

use patchweave_config::{ConfigErrors, Findings, LoadError, Outside, RunPlan, load_and_check};

use crate::PipelineError;
use crate::deep::{DeepProgress, DeepReport, read_everything};
use crate::images::{Images, MixedPlan};
use crate::mixture::{ReadMixed, read_mix};
use crate::models::{check_models, open_models};
use crate::opening::Opening;
use crate::output::{Output, outputs_of};
use crate::output_check::check_outputs;
use crate::output_folder::OutputFolder;
use crate::outputs::{coverage_problem, planned_results};
use crate::overwriting::{ExistingResults, output_findings};
use crate::read_plan::{Opened, PredictedImages, read_plan};
use crate::results::{check_results, result_labels};
use crate::target_check::check_targets;
use crate::whole_results::check_whole_results;

/// A configuration that was read and checked against its images, and against the configurations that it mixes in; no pixel
/// is read and nothing is written.
///
/// It keeps the images that were opened for the checks. Images that a simulation makes are checked as the plan describes
/// them. Without `axes` in the configuration, the first image and up to 256 others of its folder or pattern are opened once
/// more before, to compare their axes.
///
/// ```
/// use std::path::Path;
///
/// use patchweave_pipeline::{CheckedRun, Opening};
///
/// let folder = tempfile::tempdir()?;
/// let file = folder.path().join("run.yaml");
/// std::fs::write(&file, "
/// output: out
/// data_config:
///   {mode: predicting, data_type: tiff, axes: YX, patching: {name: whole}, normalization: {name: none}}
/// predict: {input: missing.tiff, models: [identity]}
/// ")?;
/// let error = CheckedRun::load(&file, &Opening::default()).err().unwrap().to_string();
/// assert!(error.contains("predict.input[0]: ") && error.contains("missing.tiff does not exist"), "{error}");
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct CheckedRun {
    plan: RunPlan,
    mixed: Vec<MixedPlan>,
    /// Those that were opened for the checks; `None` if a simulation makes some, which may not have run yet.
    images: Option<Images>,
}

impl CheckedRun {
    /// Reads a configuration and opens its images; results that exist are a problem without `overwrite: true`.
    ///
    /// # Errors
    /// [`LoadError`] with all problems of the text, of the images and of the outputs together, each at its line.
    pub fn load(file: &Path, opening: &Opening) -> Result<Self, LoadError> {
        CheckedRun::load_with(file, opening, ExistingResults::Refused)
    }

    /// As [`load`](Self::load), and says what results mean that exist.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_with(file: &Path, opening: &Opening, existing: ExistingResults) -> Result<Self, LoadError> {
        Self::load_and(file, opening, (true, existing), &|_, _, _| ())
    }

    /// As [`load`](Self::load) for those who only check, and reads every pixel of all images that could be opened, each once:
    /// those that are truncated or damaged are problems as others are. Images that a simulation makes must have been made.
    ///
    /// Runs on as many threads as there are cores; `progress` is asked after every part of an image, from any thread, and may end
    /// the work by `false`.
    ///
    /// # Errors
    /// [`PipelineError::Interrupted`] and [`PipelineError::Convert`]; problems of the configuration and of its images are in what
    /// is returned, beside what was read.
    pub fn load_reading(
        file: &Path,
        opening: &Opening,
        progress: &(dyn Fn(DeepProgress) -> bool + Sync),
    ) -> Result<(Result<Self, LoadError>, DeepReport), PipelineError> {
        let read = RefCell::new(Ok(DeepReport::default()));
        let look = |plan: &RunPlan, images: &Images, findings: &mut Findings| {
            *read.borrow_mut() = read_everything(plan, images, progress).map(|(report, found)| {
                findings.problems.extend(found.problems);
                findings.warnings.extend(found.warnings);
                report
            });
        };
        let checked = Self::load_and(file, opening, (false, ExistingResults::Warned), &look);
        Ok((checked, read.into_inner()?))
    }

    /// Loads a configuration, and shows its images to `look`, with what was found so far.
    fn load_and(
        file: &Path,
        opening: &Opening,
        (before_simulation, existing): (bool, ExistingResults),
        look: &dyn Fn(&RunPlan, &Images, &mut Findings),
    ) -> Result<Self, LoadError> {
        let opened = RefCell::new(None);
        let check = |plan: &RunPlan| {
            let (images, mut findings) = read_images(plan, opening, before_simulation, existing);
            look(plan, &images, &mut findings);
            opened.replace(Some(images));
            findings
        };
        let outside = Outside {
            axes_of: &|question| Some(opening.axes_of(question)),
            check: &check,
            ..Outside::default()
        };
        let plan = load_and_check(file, &outside)?;
        let images = opened.into_inner();
        let mixed: Vec<MixedPlan> =
            images.iter().flat_map(|images| &images.mixed).map(|mixed| mixed.mixed_plan()).collect();
        let simulates = plan.simulate.is_some() || mixed.iter().any(|mixed| mixed.plan.simulate.is_some());
        let is_final = !before_simulation || !simulates;
        Ok(CheckedRun { plan, mixed, images: images.filter(|_| is_final) })
    }

    /// The checked plan.
    #[must_use]
    pub fn plan(&self) -> &RunPlan {
        &self.plan
    }

    /// The configurations that it mixes into its training.
    #[must_use]
    pub fn mixed(&self) -> &[MixedPlan] {
        &self.mixed
    }

    /// Its images: those that were opened for the checks or, where a simulation makes some, all of them opened now.
    ///
    /// # Errors
    /// [`ConfigErrors`] with all problems of images that are opened only now, each at its line.
    pub fn into_images(self, opening: &Opening) -> Result<Images, ConfigErrors> {
        self.images.map_or_else(|| open_images(&self.plan, opening), Ok)
    }
}

/// Opens all images of a plan and of the plans that it mixes in, and checks that they fit; no pixel is read.
///
/// # Errors
/// [`ConfigErrors`] with all problems, each at its line.
pub fn open_images(plan: &RunPlan, opening: &Opening) -> Result<Images, ConfigErrors> {
    // Results that exist were told before; here a simulation may have run between.
    let (images, Findings { problems, .. }) = read_images(plan, opening, false, ExistingResults::Replaced);
    if problems.is_empty() { Ok(images) } else { Err(plan.errors(problems)) }
}

fn read_images(
    plan: &RunPlan,
    opening: &Opening,
    before_simulation: bool,
    existing: ExistingResults,
) -> (Images, Findings) {
    // One cache for all images of the run.
    let opening = opening.for_reading(&plan.reading);
    let (Opened { mut images, form, mut paths, mut files, predicted }, mut findings) =
        read_plan(plan, &opening, before_simulation);
    let mixed = read_mix(plan, form, &opening, before_simulation, &mut findings.problems);
    paths.extend(mixed.iter().flat_map(|mixed| mixed.opened.paths.iter().cloned()));
    files.extend(mixed.iter().flat_map(|mixed| mixed.opened.files.iter().cloned()));
    images.mixed = mixed.into_iter().filter_map(ReadMixed::images).collect();
    let (outputs, unknown) = outputs_of(plan, &opening.sinks);
    findings.problems.extend(unknown);
    let PredictedImages { sources, infos, names, targets } = predicted;
    let (models, unopened) = open_models(plan);
    findings.problems.extend(unopened);
    findings.problems.extend(check_models(plan, &models, &infos));
    findings.problems.extend(check_whole_results(plan, &models, &infos));
    findings.problems.extend(check_results(plan, &models, &infos));
    findings.problems.extend(check_targets(plan, &models, &infos, &targets));
    findings.problems.extend(check_outputs(plan, &outputs, &opening.sinks, &models, (&infos, &names)));
    let outputs: Vec<Output> = outputs.into_iter().map(|(_, output)| output).collect();
    findings.problems.extend(coverage_problem(plan, &outputs, &names, &models));
    let results = plan.predict.iter().flat_map(|predict| result_labels(&models, predict));
    let labels: Vec<String> = results.map(|result| result.label).collect();
    let results = planned_results(plan, &outputs, &names, &labels);
    let folder = OutputFolder::with_sinks(plan, &opening.sinks);
    let written = output_findings(plan, &folder, (&paths, &files), (&results, &sources), existing);
    findings.problems.extend(written.problems);
    findings.warnings.extend(written.warnings);
    (images, findings)
}
