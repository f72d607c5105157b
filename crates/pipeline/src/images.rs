//! Opening the images of a plan, and telling at which line they do not fit.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use patchweave_config::{
    ConfigErrors, ConstructorPlan, ContextSource, Findings, ImageFacts, LoadError, NonFinitePlan,
    OpenedImages, Outside, Problem, RunPlan, SampleForm, TrainPlan, check_images, load_and_check,
};
use patchweave_construct::{ConstructError, PatchExtractor};
use patchweave_stack::{ExactStack, FileId, Identity, ImageStack};

use crate::listing::Listing;
use crate::mixture::{MixedImages, ReadMixed, read_mix};
use crate::opener::{Opener, keys_of};
use crate::opening::Opening;
use crate::outputs::planned_outputs;
use crate::pairing::{Partners, pair};
use crate::prediction::unique_names;
use crate::role::Role;

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
    /// The images of other configurations that share the batches of the training.
    pub mixed: Vec<MixedImages>,
    /// Bytes of decoded chunks that are kept for all images together.
    pub(crate) cache_bytes: u64,
    /// Whether patches with pixels that are infinite or no number are errors.
    pub(crate) fails_not_finite: bool,
}

/// Stacks and the path each was opened from.
#[derive(Default, Clone)]
pub struct NamedImages {
    /// The stacks in the order of the configuration.
    pub stacks: Vec<Arc<dyn ImageStack>>,
    /// One path per stack; one path may hold several.
    pub paths: Vec<PathBuf>,
    /// For each stack the levels of its pyramid, where scales are read from them.
    pub(crate) levels: Vec<Vec<Arc<dyn ImageStack>>>,
    /// Which image each stack is, also where its source does not say.
    pub(crate) identities: Vec<Identity>,
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

    /// Lets pixels that `f32` does not hold be errors, as labels need it.
    pub(crate) fn make_exact(&mut self) {
        let exact = |stack: &mut Arc<dyn ImageStack>| {
            let rounding = Arc::clone(stack);
            *stack = Arc::new(ExactStack::new(rounding));
        };
        self.stacks.iter_mut().chain(self.levels.iter_mut().flatten()).for_each(exact);
    }

    /// An extractor over the stacks, unless there are none.
    pub(crate) fn extractor_if_any(&self) -> Result<Option<PatchExtractor>, ConstructError> {
        if self.stacks.is_empty() { Ok(None) } else { self.extractor_with_levels(1).map(Some) }
    }
}

/// Loads a configuration and checks it against its images, and against the configurations that it mixes in; no pixel is
/// read and nothing is written.
///
/// Axes that the configuration does not name are those of its first image. Images that a simulation will make are
/// taken as the plan describes them.
///
/// # Errors
/// [`LoadError`] with all problems of the text and of the images together, each at its line.
pub fn load_plan(file: &Path, opening: &Opening) -> Result<RunPlan, LoadError> {
    let outside = Outside {
        axes_of: &|question| Some(opening.axes_of(question)),
        check: &|plan| read_images(plan, opening, true).1,
        ..Outside::default()
    };
    load_and_check(file, &outside)
}

/// Opens all images of a plan and of the plans that it mixes in, and checks that they fit; no pixel is read.
///
/// # Errors
/// [`ConfigErrors`] with all problems, each at its line.
pub fn open_images(plan: &RunPlan, opening: &Opening) -> Result<Images, ConfigErrors> {
    let (images, Findings { problems, .. }) = read_images(plan, opening, false);
    if problems.is_empty() { Ok(images) } else { Err(plan.errors(problems)) }
}

pub(crate) fn read_images(plan: &RunPlan, opening: &Opening, before_simulation: bool) -> (Images, Findings) {
    // One cache for all images of the run.
    let opening = opening.for_reading(&plan.reading);
    let (Opened { mut images, form, mut paths, mut files, predicted }, mut findings) =
        read_plan(plan, &opening, before_simulation);
    images.cache_bytes = opening.options.cache.budget();
    let mixed = read_mix(plan, form, &opening, before_simulation, &mut findings.problems);
    paths.extend(mixed.iter().flat_map(|mixed| mixed.opened.paths.iter().cloned()));
    files.extend(mixed.iter().flat_map(|mixed| mixed.opened.files.iter().cloned()));
    images.mixed = mixed.into_iter().filter_map(ReadMixed::images).collect();
    findings.problems.extend(output_problems(plan, &paths, &files, &predicted));
    (images, findings)
}

/// The images of a single plan.
pub(crate) struct Opened {
    pub images: Images,
    /// The form of its training samples, where it is known.
    pub form: Option<SampleForm>,
    /// Every path that is read.
    pub paths: Vec<PathBuf>,
    /// Every real file that images come from, whatever paths led there.
    pub files: HashSet<FileId>,
    /// The files that are predicted.
    predicted: Vec<PathBuf>,
}

/// Opens the images of a plan without those that it mixes in; `opening` has the limits of the plan.
pub(crate) fn read_plan(plan: &RunPlan, opening: &Opening, before_simulation: bool) -> (Opened, Findings) {
    let data = &plan.data;
    let constructor = plan.train.as_ref().map_or(ConstructorPlan::Basic, |train| train.constructor);
    let mut opener = Opener::new(plan, opening, before_simulation);
    opener.check_simulation();
    let listings = Listings::of(&mut opener, constructor);
    // Only what is drawn from is seen at several scales.
    let levels = |is_drawn: bool| match &data.lateral {
        Some(lateral) if is_drawn && lateral.source == ContextSource::Pyramid => lateral.multiscale_count,
        _ => 1,
    };
    let (of_inputs, of_targets) =
        (levels(constructor == ConstructorPlan::Paired), levels(!constructor.has_inputs()));
    let [mut inputs, mut val_inputs, mut masks, mut weights] = [
        ("train.input", &listings.inputs, of_inputs),
        ("train.val_input", &listings.val_inputs, of_inputs),
        ("train.mask", &listings.masks, 1),
        ("train.weights", &listings.weights, 1),
    ]
    .map(|(key, listing, n_levels)| opener.role(key, listing, &data.axes, n_levels));
    let mut targets = opener.sources("train.target", &listings.targets, data.target_axes(), of_targets);
    let mut val_targets =
        opener.sources("train.val_target", &listings.val_targets, data.target_axes(), of_targets);
    let mut predicted = opener.role("predict.input", &listings.predicted, &data.axes, levels(true));
    if constructor.has_inputs() {
        targets.iter().for_each(|targets| opener.pair_images("train.target", targets, &inputs));
        val_targets.iter().for_each(|targets| opener.pair_images("train.val_target", targets, &val_inputs));
        opener.pair_images("train.mask", &masks, &inputs);
        let guided = [&mut inputs, &mut masks, &mut weights];
        opener.keep_once("train.input", &mut guided.into_iter().chain(&mut targets).collect::<Vec<_>>());
        let validated = std::iter::once(&mut val_inputs).chain(&mut val_targets);
        opener.keep_once("train.val_input", &mut validated.collect::<Vec<_>>());
    } else {
        let n_sources = targets.len();
        for (key, source) in keys_of("train.target", n_sources).zip(&mut targets) {
            // Weights are those of a single source.
            if n_sources == 1 {
                opener.keep_once(&key, &mut [source, &mut weights]);
            } else {
                opener.keep_once(&key, &mut [source]);
            }
        }
        for (key, source) in keys_of("train.val_target", val_targets.len()).zip(&mut val_targets) {
            opener.keep_once(&key, &mut [source]);
        }
    }
    opener.keep_once("predict.input", &mut [&mut predicted]);
    for (key, role) in [("train.input", &inputs), ("train.val_input", &val_inputs)] {
        opener.tell_notes(key, role);
    }
    for (key, roles) in [("train.target", &targets), ("train.val_target", &val_targets)] {
        keys_of(key, roles.len()).zip(roles).for_each(|(key, role)| opener.tell_notes(&key, role));
    }
    for (key, role) in [("train.mask", &masks), ("train.weights", &weights), ("predict.input", &predicted)] {
        opener.tell_notes(key, role);
    }
    let mut findings = Findings { problems: opener.problems, warnings: opener.warnings };
    let targets_of = |roles: &[Role], inputs: &Role| -> Vec<Vec<ImageFacts>> {
        // Pairs are only compared where all of their images could be opened.
        let is_complete = !inputs.is_incomplete && roles.iter().all(|role| !role.is_incomplete);
        if is_complete { roles.iter().map(Role::facts).collect() } else { Vec::new() }
    };
    let guides_of = |role: &Role| -> Vec<ImageFacts> {
        let is_complete = !role.is_incomplete && !inputs.is_incomplete;
        if is_complete { role.facts() } else { Vec::new() }
    };
    let facts = OpenedImages {
        train_targets: targets_of(&targets, &inputs),
        val_targets: targets_of(&val_targets, &val_inputs),
        masks: guides_of(&masks),
        weights: guides_of(&weights),
        train_inputs: inputs.facts(),
        val_inputs: val_inputs.facts(),
        predict_inputs: predicted.facts(),
    };
    let fit = check_images(plan, &facts);
    findings.problems.extend(fit.problems);
    findings.warnings.extend(fit.warnings);
    let single = [&inputs, &val_inputs, &masks, &weights, &predicted].into_iter();
    let files = single.chain(&targets).chain(&val_targets).flat_map(Role::files).cloned().collect();
    let is_labels = plan.train.as_ref().is_some_and(|train| train.target_kind.is_labels());
    let targets_as = |role: Role| {
        let mut images = role.images();
        if is_labels {
            images.make_exact();
        }
        images
    };
    let images = |roles: Vec<Role>| roles.into_iter().map(targets_as).collect();
    let opened = Opened {
        form: SampleForm::of(plan, &facts),
        paths: listings.paths(),
        files,
        predicted: predicted.paths(),
        images: Images {
            train_inputs: inputs.images(),
            train_targets: images(targets),
            val_inputs: val_inputs.images(),
            val_targets: images(val_targets),
            masks: masks.images(),
            weights: weights.images(),
            predict_inputs: predicted.images(),
            fails_not_finite: plan.reading.non_finite == NonFinitePlan::Fail,
            ..Images::default()
        },
    };
    (opened, findings)
}

/// The files of every role, those that belong together in the same order.
struct Listings {
    inputs: Listing,
    targets: Vec<Listing>,
    val_inputs: Listing,
    val_targets: Vec<Listing>,
    masks: Listing,
    weights: Listing,
    predicted: Listing,
}

impl Listings {
    fn of(opener: &mut Opener<'_>, constructor: ConstructorPlan) -> Self {
        let plan = opener.plan;
        let train = plan.train.as_ref();
        let no_paths: &[PathBuf] = &[];
        let of_train = |paths: fn(&TrainPlan) -> &Vec<PathBuf>| train.map_or(no_paths, |train| paths(train));
        let predicted = plan.predict.as_ref().map_or(no_paths, |predict| &predict.inputs);
        let mut listings = Listings {
            inputs: opener.listing("train.input", of_train(|train| &train.inputs)),
            targets: opener.listings("train.target", train.map_or(&[], |train| &train.targets)),
            val_inputs: opener.listing("train.val_input", of_train(|train| &train.val_inputs)),
            val_targets: opener.listings("train.val_target", train.map_or(&[], |train| &train.val_targets)),
            masks: opener.listing("train.mask", of_train(|train| &train.masks)),
            weights: opener.listing("train.weights", of_train(|train| &train.weights)),
            predicted: opener.listing("predict.input", predicted),
        };
        let (axes, target_axes) = (&plan.data.axes, plan.data.target_axes());
        let Listings { inputs, targets, val_inputs, val_targets, masks, weights, .. } = &mut listings;
        let of = |key, files, axes| Partners { key, files, axes };
        if constructor.has_inputs() {
            let targets = targets.iter_mut().map(|files| of("train.target", files, target_axes));
            let guides = [of("train.mask", masks, axes), of("train.weights", weights, axes)];
            pair(opener, of("train.input", inputs, axes), targets.chain(guides).collect());
            let val_targets = val_targets.iter_mut().map(|files| of("train.val_target", files, target_axes));
            pair(opener, of("train.val_input", val_inputs, axes), val_targets.collect());
        } else if let [targets] = targets.as_mut_slice() {
            let weights = of("train.weights", weights, axes);
            pair(opener, of("train.target", targets, target_axes), vec![weights]);
        }
        listings
    }

    /// Every file that the run reads.
    fn paths(&self) -> Vec<PathBuf> {
        let single =
            [&self.inputs, &self.val_inputs, &self.masks, &self.weights, &self.predicted].into_iter();
        let all = single.chain(&self.targets).chain(&self.val_targets);
        all.flat_map(Listing::paths).map(Path::to_owned).collect()
    }
}

/// The file or folder of an input: of a place inside of a file, the file.
fn real_file(input: &Path) -> Option<PathBuf> {
    let local = input.to_str().and_then(|text| text.strip_prefix("file://")).map_or(input, Path::new);
    let existing = local.ancestors().find(|path| path.exists())?;
    if existing == local || existing.is_file() { existing.canonicalize().ok() } else { None }
}

/// An output folder that cannot be one, and what the run would read and then write over.
fn output_problems(
    plan: &RunPlan,
    read: &[PathBuf],
    files: &HashSet<FileId>,
    predicted: &[PathBuf],
) -> Vec<Problem> {
    let problem = |found: String, expected: &str| plan.problem_at("output", found, expected);
    let shown = plan.output.display();
    let existing = plan.output.ancestors().find(|folder| folder.exists());
    if existing.is_some_and(|existing| !existing.is_dir()) {
        return vec![problem(
            format!("{shown} is a file or lies below one"),
            "a folder, or a name that is free",
        )];
    }
    let inputs: BTreeSet<PathBuf> = read.iter().filter_map(|path| real_file(path)).collect();
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
    let is_kept = |output: &&PathBuf| {
        output.canonicalize().is_ok_and(|output| kept.contains(&output))
            || FileId::of(output).is_ok_and(|file| files.contains(&file))
    };
    let overwritten = |output: &PathBuf| {
        let found = format!("{} would be overwritten, which the run reads", output.display());
        problem(found, "a folder without inputs of such names")
    };
    outputs.iter().filter(is_kept).map(overwritten).collect()
}
