//! Opening the images of a plan, and telling at which line they do not fit.

use std::collections::BTreeSet;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use patchweave_config::{
    ConfigErrors, ConstructorPlan, ContextSource, DataType, ImageFacts, LoadError, OpenedImages, Problem,
    RunPlan, TrainPlan, check_images, load_and_check,
};
use patchweave_construct::{ConstructError, PatchExtractor};
use patchweave_geometry::{ArrayLayout, Axes};
use patchweave_stack::{ImageStack, OpenOptions, StackError, open_levels};

use crate::outputs::planned_outputs;
use crate::prediction::unique_names;
use crate::simulated::{planned_layout, simulation_of};

/// The opened images of a run.
#[derive(Default)]
pub struct Images {
    /// Inputs of the training.
    pub train_inputs: NamedImages,
    /// Targets of the training, source by source.
    pub train_targets: Vec<NamedImages>,
    /// Inputs of the validation, if it has images of its own.
    pub val_inputs: NamedImages,
    /// Targets of the validation, source by source.
    pub val_targets: Vec<NamedImages>,
    /// Masks of the training inputs.
    pub masks: NamedImages,
    /// Maps of weights of what is drawn from.
    pub weights: NamedImages,
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
    /// For each stack the levels of its pyramid, where scales are read from them.
    levels: Vec<Vec<Arc<dyn ImageStack>>>,
}

impl NamedImages {
    /// An extractor over the stacks, or over their pyramids where several levels are read.
    pub(crate) fn extractor_with_levels(&self, n_levels: usize) -> Result<PatchExtractor, ConstructError> {
        if n_levels > 1 {
            PatchExtractor::of_pyramids(self.levels.clone())
        } else {
            PatchExtractor::new(self.stacks.clone())
        }
    }

    /// An extractor over the stacks, unless there are none.
    pub(crate) fn extractor_if_any(&self) -> Result<Option<PatchExtractor>, ConstructError> {
        if self.stacks.is_empty() { Ok(None) } else { self.extractor_with_levels(1).map(Some) }
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
    let of_train = |paths: fn(&TrainPlan) -> &Vec<PathBuf>| train.map_or(no_paths, |train| paths(train));
    let predict_paths = plan.predict.as_ref().map_or(no_paths, |predict| &predict.inputs);
    let train_targets = train.map_or(&[][..], |train| &train.targets);
    let val_targets = train.map_or(&[][..], |train| &train.val_targets);
    let single = [
        of_train(|train| &train.inputs),
        of_train(|train| &train.val_inputs),
        of_train(|train| &train.masks),
        of_train(|train| &train.weights),
        predict_paths,
    ];
    let read: Vec<PathBuf> = single
        .into_iter()
        .chain(train_targets.iter().chain(val_targets).map(Vec::as_slice))
        .flatten()
        .cloned()
        .collect();
    let constructor = train.map_or(ConstructorPlan::Basic, |train| train.constructor);
    let mut opener =
        Opener { plan, before_simulation, options: OpenOptions::default(), problems: Vec::new() };
    opener.check_simulation();
    // Only what is drawn from is seen at several scales.
    let levels = |is_drawn: bool| match &data.lateral {
        Some(lateral) if is_drawn && lateral.source == ContextSource::Pyramid => lateral.multiscale_count,
        _ => 1,
    };
    let (of_inputs, of_targets) =
        (levels(constructor == ConstructorPlan::Paired), levels(!constructor.has_inputs()));
    let [inputs, val_inputs, masks, weights] = [
        ("train.input", of_train(|train| &train.inputs), of_inputs),
        ("train.val_input", of_train(|train| &train.val_inputs), of_inputs),
        ("train.mask", of_train(|train| &train.masks), 1),
        ("train.weights", of_train(|train| &train.weights), 1),
    ]
    .map(|(key, paths, n_levels)| opener.role(key, paths, &data.axes, n_levels));
    let targets = opener.sources("train.target", train_targets, data.target_axes(), of_targets);
    let val_targets = opener.sources("train.val_target", val_targets, data.target_axes(), of_targets);
    let predicted = opener.role("predict.input", predict_paths, &data.axes, levels(true));
    let mut problems = opener.problems;
    let predicted_paths: Vec<PathBuf> =
        predicted.facts.iter().map(|image| predict_paths[image.entry].clone()).collect();
    let targets_of = |roles: &[Role], inputs: &Role| -> Vec<Vec<ImageFacts>> {
        // Pairs are only compared where all of their images could be opened.
        let is_complete = !inputs.is_incomplete && roles.iter().all(|role| !role.is_incomplete);
        if is_complete { roles.iter().map(|role| role.facts.clone()).collect() } else { Vec::new() }
    };
    let guides_of = |role: &Role| -> Vec<ImageFacts> {
        let is_complete = !role.is_incomplete && !inputs.is_incomplete;
        if is_complete { role.facts.clone() } else { Vec::new() }
    };
    let facts = OpenedImages {
        train_targets: targets_of(&targets, &inputs),
        val_targets: targets_of(&val_targets, &val_inputs),
        masks: guides_of(&masks),
        weights: guides_of(&weights),
        train_inputs: inputs.facts.clone(),
        val_inputs: val_inputs.facts.clone(),
        predict_inputs: predicted.facts.clone(),
    };
    problems.extend(check_images(plan, &facts));
    problems.extend(output_problems(plan, &read, &predicted_paths));
    if !problems.is_empty() {
        return Err(problems);
    }
    let images = |roles: Vec<Role>| roles.into_iter().map(|role| role.images).collect();
    Ok(Images {
        train_inputs: inputs.images,
        train_targets: images(targets),
        val_inputs: val_inputs.images,
        val_targets: images(val_targets),
        masks: masks.images,
        weights: weights.images,
        predict_inputs: predicted.images,
    })
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
    /// Shared by all images, so that together they keep no more chunks than one alone.
    options: OpenOptions,
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

    /// The images of every source; keys count the sources only where there are several.
    fn sources(&mut self, key: &str, sources: &[Vec<PathBuf>], axes: &Axes, n_levels: usize) -> Vec<Role> {
        let read = |(place, paths): (usize, &Vec<PathBuf>)| {
            let key = if sources.len() == 1 { key.to_owned() } else { format!("{key}[{place}]") };
            self.role(&key, paths, axes, n_levels)
        };
        sources.iter().enumerate().map(read).collect()
    }

    fn role(&mut self, key: &str, paths: &[PathBuf], axes: &Axes, n_levels: usize) -> Role {
        let mut role = Role::default();
        for (entry, path) in paths.iter().enumerate() {
            if let Some(facts) = self.planned(entry, path, axes) {
                role.facts.push(facts);
                continue;
            }
            match self.open(path, axes, n_levels) {
                Ok(images) => {
                    for levels in images {
                        let Some(stack) = levels.first() else { continue };
                        let (source, shape) = (stack.info().source.clone(), stack.info().shape());
                        role.facts.push(ImageFacts { source, shape, entry });
                        role.images.paths.push(path.clone());
                        role.images.stacks.push(Arc::clone(stack));
                        role.images.levels.push(levels);
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

    fn open(
        &self,
        path: &Path,
        axes: &Axes,
        n_levels: usize,
    ) -> Result<Vec<Vec<Arc<dyn ImageStack>>>, StackError> {
        let planned = self.plan.simulate.as_ref().filter(|_| self.before_simulation);
        if let Some(shape) = planned.and_then(|simulate| planned_layout(simulate, path)) {
            return Err(StackError::AxesLength {
                stack: path.display().to_string(),
                axes: axes.clone(),
                shape,
            });
        }
        let data_type = match self.plan.data.data_type {
            DataType::Zarr => patchweave_stack::DataType::Zarr,
            // The configuration of a run refuses all others.
            _ => patchweave_stack::DataType::Tiff,
        };
        open_levels(path, data_type, Some(axes), &self.options, n_levels)
    }
}

fn expectation(error: &StackError, axes: &Axes) -> String {
    match error {
        StackError::AxesLength { shape, .. } => format!("axes with {} letters in data_config", shape.len()),
        StackError::AxesDisagree { own, .. } => format!("axes {own} in data_config"),
        StackError::TooFewLevels { .. } => "context_source: image, or a pyramid with more levels".to_owned(),
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
