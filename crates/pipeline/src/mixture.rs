//! Other configurations whose data sets share the batches of a training: loaded, checked against the first, opened.

use std::path::Path;

use patchweave_config::{
    LoadError, MixPlan, Outside, Problem, ReadingPlan, RemotePlan, RunPlan, SampleForm, TrainPlan,
    load_and_check,
};
use patchweave_loader::Shapes;

use patchweave_stack::with_causes;

use crate::MixedImages;
use crate::opening::Opening;
use crate::read_plan::{Opened, read_plan};

/// A configuration of a mixture, and what was opened for it.
pub(crate) struct ReadMixed {
    pub plan: RunPlan,
    pub ratio: usize,
    pub opened: Opened,
}

impl ReadMixed {
    /// The images, for a plan that has a training.
    pub fn images(self) -> Option<MixedImages> {
        let file = self.plan.file().to_owned();
        let data = self.plan.data.clone();
        let train = self.plan.train.clone()?;
        Some(MixedImages {
            file,
            data,
            train,
            ratio: self.ratio,
            images: self.opened.images,
            plan: self.plan,
        })
    }
}

/// Reads all configurations of a mixture; `form` is that of the samples of `plan`, where it is known, and `opening` has
/// the cache for all of them.
pub(crate) fn read_mix(
    plan: &RunPlan,
    form: Option<SampleForm>,
    opening: &Opening,
    before_simulation: bool,
    problems: &mut Vec<Problem>,
) -> Vec<ReadMixed> {
    let Some((train, mix)) = plan.train.as_ref().and_then(|train| Some((train, train.mix.as_ref()?))) else {
        return Vec::new();
    };
    let reader = MixReader { plan, train, form, opening, before_simulation };
    let MixPlan { others, .. } = mix;
    let mut read = Vec::new();
    for (place, other) in others.iter().enumerate() {
        match reader.read(&other.config, &format!("train.mix[{place}].config")) {
            Ok((plan, opened)) => read.push(ReadMixed { plan, ratio: other.ratio, opened }),
            Err(found) => problems.extend(found),
        }
    }
    read
}

struct MixReader<'a> {
    plan: &'a RunPlan,
    train: &'a TrainPlan,
    form: Option<SampleForm>,
    opening: &'a Opening,
    before_simulation: bool,
}

impl MixReader<'_> {
    /// One configuration and its images; all cached chunks share the budget of the first configuration.
    fn read(&self, config: &Path, key: &str) -> Result<(RunPlan, Opened), Vec<Problem>> {
        let problem = |found: String, expected: &str| vec![self.plan.problem_at(key, found, expected)];
        let file = config.display();
        if is_same_file(config, self.plan.file()) {
            return Err(problem(format!("{file} is this file itself"), "another configuration"));
        }
        let outside =
            Outside { axes_of: &|question| Some(self.opening.axes_of(question)), ..Outside::default() };
        let plan = match load_and_check(config, &outside) {
            Ok(plan) => plan,
            Err(LoadError::Invalid(errors)) => return Err(errors.problems),
            Err(error) => return Err(problem(with_causes(&error), "a configuration that can be read")),
        };
        if let Some((found, expected)) = self.refusal(&plan) {
            return Err(problem(format!("{file} {found}"), expected));
        }
        let mut plan = self.for_mixing(plan);
        let opening = self.opening.for_reading(&reading_beside_others(&plan.reading));
        let (opened, found) = read_plan(&plan, &opening, self.before_simulation);
        if !found.problems.is_empty() {
            return Err(found.problems);
        }
        plan.warnings.extend(found.warnings);
        let may_differ = self.train.loading.shapes == Shapes::Grouped;
        if let (Some(own), Some(other)) = (self.form, opened.form)
            && !own.agrees_with(&other, may_differ)
        {
            let found = format!("{file} makes {other}");
            return Err(problem(found, &format!("{own} as in {}", self.plan.file().display())));
        }
        Ok((plan, opened))
    }

    /// Why a configuration cannot be mixed in, and what is expected instead.
    fn refusal(&self, plan: &RunPlan) -> Option<(String, &'static str)> {
        let Some(train) = &plan.train else {
            return Some(("has no train section".to_owned(), "a configuration with a training"));
        };
        if let Some(mix) = &train.mix {
            let is_circle = mix.others.iter().any(|other| is_same_file(&other.config, self.plan.file()));
            let found = if is_circle { "mixes this file in again" } else { "mixes other files itself" };
            return Some((found.to_owned(), "a configuration without mix; list all files here"));
        }
        if let (Some(own), Some(other)) = (&self.plan.simulate, &plan.simulate)
            && own.folder == other.folder
            && own != other
        {
            let found = format!("simulates other images into {}", own.folder.display());
            return Some((found, "a folder of its own, or the same simulation"));
        }
        let by_weight = |train: &TrainPlan| train.loading.order.filter(|order| order.is_by_weight());
        if let (Some(order), None) = (by_weight(self.train), by_weight(train)) {
            let found = format!("has no order by weight beside order {}", order.name());
            return Some((found, "order weighted or foreground there as well"));
        }
        self.other_targets(plan).map(|(found, expected)| (found.to_owned(), expected))
    }

    /// A configuration as it is used in a mixture: only its training images, with a warning for every key that is not used.
    fn for_mixing(&self, plan: RunPlan) -> RunPlan {
        let mut plan = plan;
        let unused = self.unused(&plan).into_iter();
        let warnings: Vec<_> = unused.map(|(key, why)| plan.warning_at(key, why)).collect();
        plan.warnings.extend(warnings);
        plan.predict = None;
        if let Some(train) = &mut plan.train {
            // Without validation no patch is split off.
            train.n_val_patches = 0;
            train.leak_free = false;
            train.val_inputs.clear();
            train.val_targets.clear();
        }
        plan
    }

    /// What is wrong where the targets of one of two configurations are labels and those of the other one may be rounded or
    /// scaled. Where one of them has no targets, that is told with the form of samples.
    fn other_targets(&self, other: &RunPlan) -> Option<(&'static str, &'static str)> {
        let has_targets = |train: &&TrainPlan| !train.targets.is_empty();
        let (own, train) =
            Some(self.train).filter(has_targets).zip(other.train.as_ref().filter(has_targets))?;
        match (own.target_kind.is_labels(), train.target_kind.is_labels()) {
            (true, false) => {
                Some(("has targets without target_kind labels", "target_kind: labels there as well"))
            }
            (false, true) => Some(("has target_kind labels", "target_kind: labels here as well")),
            _ => None,
        }
    }

    /// Keys of another configuration that this one decides about differently, and why they are not used.
    fn unused(&self, other: &RunPlan) -> Vec<(&'static str, String)> {
        let Some(train) = &other.train else { return Vec::new() };
        let own = &self.train.loading;
        let theirs = &train.loading;
        let is_by_weight = self.train.loading.order.is_some_and(|order| order.is_by_weight());
        let differing = [
            ("data_config.batch_size", self.plan.data.batch_size != other.data.batch_size),
            ("train.order", own.order != theirs.order && !is_by_weight),
            ("train.passes", own.passes != theirs.passes),
            ("train.max_patches", own.max_patches != theirs.max_patches),
            ("train.max_batches", self.train.max_batches != train.max_batches),
            ("train.shapes", own.shapes != theirs.shapes),
            ("train.on_failure", own.on_failure != theirs.on_failure),
            ("train.shard", own.shard != theirs.shard),
            ("train.epochs", self.train.epochs != train.epochs),
            ("train.val_input", !train.val_inputs.is_empty()),
            ("train.val_target", !train.val_targets.is_empty()),
            ("data_config.n_val_patches", train.n_val_patches > 0),
            ("reading.cache_mib", self.plan.reading.cache_bytes != other.reading.cache_bytes),
            ("reading.in_flight_mib", self.plan.reading.in_flight_bytes != other.reading.in_flight_bytes),
            ("reading.remote.requests", self.plan.reading.remote.requests != other.reading.remote.requests),
        ];
        let decider = self.plan.file().display();
        let differing = differing.into_iter().filter(|(key, differs)| *differs && other.has_key(key));
        differing.map(|(key, _)| (key, format!("not used where it is mixed into {decider}"))).collect()
    }
}

/// How the images of a configuration are read beside those of the first one, whose limits hold for all.
fn reading_beside_others(reading: &ReadingPlan) -> ReadingPlan {
    let shared = ReadingPlan::default();
    ReadingPlan {
        cache_bytes: shared.cache_bytes,
        in_flight_bytes: shared.in_flight_bytes,
        remote: RemotePlan { requests: shared.remote.requests, ..reading.remote },
        ..*reading
    }
}

/// Whether two paths lead to one file.
fn is_same_file(a: &Path, b: &Path) -> bool {
    match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    }
}
