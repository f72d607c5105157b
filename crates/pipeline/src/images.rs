//! Opening the images of a plan, and telling at which line they do not fit.

use std::collections::BTreeSet;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use patchweave_config::{
    ConfigErrors, DataType, ImageFacts, LoadError, OpenedImages, Problem, RunPlan, check_images,
    load_and_check,
};
use patchweave_construct::PatchExtractor;
use patchweave_geometry::{ArrayLayout, Axes};
use patchweave_stack::{ImageStack, OpenOptions, StackError, open};

use crate::outputs::planned_outputs;
use crate::prediction::unique_names;
use crate::simulated::{planned_layout, simulation_of};

/// The opened images of a run.
#[derive(Default)]
pub struct Images {
    /// Inputs of the training.
    pub train_inputs: NamedImages,
    /// Targets of the training.
    pub train_targets: NamedImages,
    /// Images to predict.
    pub predict_inputs: NamedImages,
}

/// Stacks and the path each was opened from.
#[derive(Default, Clone)]
pub struct NamedImages {
    /// The stacks in the order of the configuration.
    pub stacks: Vec<Arc<dyn ImageStack>>,
    /// One path per stack; one path may hold several.
    pub paths: Vec<PathBuf>,
}

impl NamedImages {
    /// An extractor over the stacks.
    ///
    /// # Errors
    /// [`ConstructError`](patchweave_construct::ConstructError) without stacks or if they differ in form.
    pub fn extractor(&self) -> Result<PatchExtractor, patchweave_construct::ConstructError> {
        PatchExtractor::new(self.stacks.clone())
    }
}

/// Loads a configuration and checks it against its images; no pixel is read and nothing is written.
///
/// Images that a simulation will make are taken as the plan describes them.
///
/// # Errors
/// [`LoadError`] with all problems of the text and of the images together, each at its line.
pub fn load_plan(file: &Path) -> Result<RunPlan, LoadError> {
    load_and_check(file, &|plan| read_images(plan, true).err().unwrap_or_default())
}

/// Opens all images of a plan and checks that they fit; no pixel is read.
///
/// # Errors
/// [`ConfigErrors`] with all problems, each at its line.
pub fn open_images(plan: &RunPlan) -> Result<Images, ConfigErrors> {
    read_images(plan, false).map_err(|problems| plan.errors(problems))
}

fn read_images(plan: &RunPlan, before_simulation: bool) -> Result<Images, Vec<Problem>> {
    let (data, train) = (&plan.data, plan.train.as_ref());
    let no_paths: &[PathBuf] = &[];
    let input_paths = train.map_or(no_paths, |train| &train.inputs);
    let target_paths = train.map_or(no_paths, |train| &train.targets);
    let predict_paths = plan.predict.as_ref().map_or(no_paths, |predict| &predict.inputs);
    let n_paths = input_paths.len() + target_paths.len() + predict_paths.len();
    let mut opener = Opener { plan, before_simulation, n_paths, problems: Vec::new() };
    opener.check_simulation();
    let inputs = opener.role("train.input", input_paths, &data.axes);
    let targets = opener.role("train.target", target_paths, &data.target_axes);
    let predicted = opener.role("predict.input", predict_paths, &data.axes);
    let mut problems = opener.problems;
    let predicted_paths: Vec<PathBuf> =
        predicted.facts.iter().map(|image| predict_paths[image.entry].clone()).collect();
    let has_pairs = !inputs.is_incomplete && !targets.is_incomplete;
    let facts = OpenedImages {
        train_inputs: inputs.facts,
        train_targets: if has_pairs { targets.facts } else { Vec::new() },
        predict_inputs: predicted.facts,
    };
    problems.extend(check_images(plan, &facts));
    let read = [input_paths, target_paths, predict_paths].concat();
    problems.extend(output_problems(plan, &read, &predicted_paths));
    if problems.is_empty() {
        Ok(Images {
            train_inputs: inputs.images,
            train_targets: targets.images,
            predict_inputs: predicted.images,
        })
    } else {
        Err(problems)
    }
}

/// An output folder that cannot be one, and what the run would read and then write over.
fn output_problems(plan: &RunPlan, read: &[PathBuf], predicted: &[PathBuf]) -> Vec<Problem> {
    let problem = |found: String, expected: &str| plan.problem_at("output", found, expected);
    let shown = plan.output.display();
    let existing = plan.output.ancestors().find(|folder| folder.exists());
    if existing.is_some_and(|existing| !existing.is_dir()) {
        return vec![problem(
            format!("{shown} is a file or lies below one"),
            "a folder, or a name that is free",
        )];
    }
    let inputs: BTreeSet<PathBuf> = read.iter().filter_map(|path| path.canonicalize().ok()).collect();
    let is_store = |path: &&Path| path.extension().is_some_and(|extension| extension == "zarr");
    let store = |input: &PathBuf| input.ancestors().filter(is_store).last().unwrap_or(input).to_owned();
    let output = plan.output.canonicalize().unwrap_or_else(|_| plan.output.clone());
    if let Some(input) = inputs.iter().find(|input| output.starts_with(store(input))) {
        let found = format!("{shown} lies in {}, which the run reads", store(input).display());
        return vec![problem(found, "a folder outside of the inputs")];
    }
    // An output also must not take the place of a store that an input lies in.
    let folders = inputs.iter().flat_map(|input| input.ancestors().map(Path::to_owned));
    let kept: BTreeSet<PathBuf> = folders.chain(plan.file().canonicalize()).collect();
    let outputs = planned_outputs(plan, &unique_names(predicted));
    let is_kept = |output: &&PathBuf| output.canonicalize().is_ok_and(|output| kept.contains(&output));
    let overwritten = |output: &PathBuf| {
        let found = format!("{} would be overwritten, which the run reads", output.display());
        problem(found, "a folder without inputs of such names")
    };
    outputs.iter().filter(is_kept).map(overwritten).collect()
}

#[derive(Default)]
struct Role {
    images: NamedImages,
    facts: Vec<ImageFacts>,
    is_incomplete: bool,
}

struct Opener<'a> {
    plan: &'a RunPlan,
    before_simulation: bool,
    n_paths: usize,
    problems: Vec<Problem>,
}

impl Opener<'_> {
    fn check_simulation(&mut self) {
        let Some(simulate) = &self.plan.simulate else { return };
        if let Err(error) = simulation_of(simulate).check() {
            let expected = "parameters that can be simulated";
            self.problems.push(self.plan.problem_at("simulate", error.to_string(), expected));
        }
    }

    fn role(&mut self, key: &str, paths: &[PathBuf], axes: &Axes) -> Role {
        let mut role = Role::default();
        for (entry, path) in paths.iter().enumerate() {
            if let Some(facts) = self.planned(entry, path, axes) {
                role.facts.push(facts);
                continue;
            }
            match self.open(path, axes) {
                Ok(stacks) => {
                    for stack in stacks {
                        let (source, shape) = (stack.info().source.clone(), stack.info().shape());
                        role.facts.push(ImageFacts { source, shape, entry });
                        role.images.paths.push(path.clone());
                        role.images.stacks.push(stack);
                    }
                }
                Err(error) => {
                    role.is_incomplete = true;
                    let key = format!("{key}[{entry}]");
                    let expected = expectation(&error, axes);
                    self.problems.push(self.plan.problem_at(&key, chain(&error), expected));
                }
            }
        }
        role
    }

    /// What a simulation will put at this path, if it will and the axes name that many dimensions.
    fn planned(&self, entry: usize, path: &Path, axes: &Axes) -> Option<ImageFacts> {
        let simulate = self.plan.simulate.as_ref().filter(|_| self.before_simulation)?;
        let shape = planned_layout(simulate, path)?;
        let layout = ArrayLayout::new(axes.clone(), &shape).ok()?;
        Some(ImageFacts { source: path.display().to_string(), shape: layout.image_shape(), entry })
    }

    fn open(&self, path: &Path, axes: &Axes) -> Result<Vec<Arc<dyn ImageStack>>, StackError> {
        let planned = self.plan.simulate.as_ref().filter(|_| self.before_simulation);
        if let Some(shape) = planned.and_then(|simulate| planned_layout(simulate, path)) {
            return Err(StackError::AxesLength {
                stack: path.display().to_string(),
                axes: axes.clone(),
                shape,
            });
        }
        let data_type = match self.plan.data.data_type {
            DataType::Tiff => patchweave_stack::DataType::Tiff,
            DataType::Zarr => patchweave_stack::DataType::Zarr,
        };
        open(path, data_type, axes, &OpenOptions::default().shared_by(self.n_paths))
    }
}

fn expectation(error: &StackError, axes: &Axes) -> String {
    match error {
        StackError::AxesLength { shape, .. } => format!("axes with {} letters in data_config", shape.len()),
        StackError::AxesDisagree { own, .. } => format!("axes {own} in data_config"),
        _ => format!("an image that can be read with axes {axes}"),
    }
}

/// An error with all its causes; some repeat their cause in their own text.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let message = error.to_string();
        if !text.contains(&message) {
            text = format!("{text}: {message}");
        }
        cause = error.source();
    }
    text
}
