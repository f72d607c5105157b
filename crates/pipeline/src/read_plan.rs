//! Opening the images of a single plan, and telling at which line they do not fit.

use std::collections::HashSet;
use std::path::PathBuf;

use patchweave_config::{
    ByRole, ConstructorPlan, ContextSource, Findings, ImageFacts, ImageRole, NonFinitePlan, OpenedImages,
    RoleSource, RunPlan, SampleForm, check_images,
};
use patchweave_stack::{FileId, StackInfo};

use crate::Images;
use crate::opener::Opener;
use crate::opening::Opening;
use crate::output_names::{ImageSource, image_names};
use crate::pairing::listings;
use crate::role::Role;

/// The images of a single plan.
pub(crate) struct Opened {
    pub images: Images,
    /// The form of its training samples, where it is known.
    pub form: Option<SampleForm>,
    /// Every path that is read.
    pub paths: Vec<PathBuf>,
    /// Every real file that images come from, whatever paths led there.
    pub files: HashSet<FileId>,
    /// The images that are predicted.
    pub predicted: PredictedImages,
}

/// The images that are predicted, before or after a simulation makes some of them.
pub(crate) struct PredictedImages {
    /// Where they come from.
    pub sources: Vec<ImageSource>,
    /// What is known of them.
    pub infos: Vec<StackInfo>,
    /// What their results are called after.
    pub names: Vec<String>,
    /// What their results are compared with; none if some of them could not be opened.
    pub targets: Vec<ImageFacts>,
}

impl PredictedImages {
    fn of(role: &Role, targets: Vec<ImageFacts>) -> Self {
        let sources = role.sources();
        PredictedImages { names: image_names(&sources), sources, infos: role.infos(), targets }
    }
}

/// Opens the images of a plan without those that it mixes in; `opening` has the limits of the plan.
pub(crate) fn read_plan(plan: &RunPlan, opening: &Opening, before_simulation: bool) -> (Opened, Findings) {
    let constructor = plan.train.as_ref().map_or(ConstructorPlan::Basic, |train| train.constructor);
    let mut opener = Opener::new(plan, opening, before_simulation);
    opener.check_simulation();
    let listings = listings(&mut opener, constructor);
    let mut roles = listings.as_ref().map(|source, listing| {
        let axes = if source.role.is_target() { plan.data.target_axes() } else { &plan.data.axes };
        opener.role(&source.key(), listing, axes, n_levels(plan, constructor, source.role))
    });
    if constructor.has_inputs() {
        pair_roles(&mut opener, &roles);
    }
    opener.pair_images(ImageRole::PredictTarget.key(), &roles.predict_targets, &roles.predict_inputs);
    opener.pair_images(ImageRole::PredictMask.key(), &roles.predict_masks, &roles.predict_inputs);
    keep_once(&mut opener, &mut roles, constructor);
    for (source, role) in roles.iter() {
        opener.tell_notes(&source.key(), role);
    }
    let mut findings = Findings { problems: opener.problems, warnings: opener.warnings };
    let facts = facts_of(&roles);
    let fit = check_images(plan, &facts);
    findings.problems.extend(fit.problems);
    findings.warnings.extend(fit.warnings);
    let opened = Opened {
        form: SampleForm::of(plan, &facts),
        paths: listings.iter().flat_map(|(_, listing)| listing.paths().map(PathBuf::from)).collect(),
        files: roles.iter().flat_map(|(_, role)| role.files()).cloned().collect(),
        predicted: PredictedImages::of(&roles.predict_inputs, facts.predict_targets),
        images: images_of(plan, roles, opening),
    };
    (opened, findings)
}

/// How many levels of pyramids are read: only what is drawn from is seen at several scales.
fn n_levels(plan: &RunPlan, constructor: ConstructorPlan, role: ImageRole) -> usize {
    let is_drawn = match role {
        ImageRole::TrainInput | ImageRole::ValInput => constructor == ConstructorPlan::Paired,
        ImageRole::TrainTarget | ImageRole::ValTarget => !constructor.has_inputs(),
        ImageRole::Mask | ImageRole::Weights | ImageRole::PredictTarget | ImageRole::PredictMask => false,
        ImageRole::PredictInput => true,
    };
    match &plan.data.lateral {
        Some(lateral) if is_drawn && lateral.source == ContextSource::Pyramid => lateral.multiscale_count,
        _ => 1,
    }
}

/// Images that belong together have to be as many in each file.
fn pair_roles(opener: &mut Opener<'_>, roles: &ByRole<Role>) {
    for targets in &roles.train_targets {
        opener.pair_images(ImageRole::TrainTarget.key(), targets, &roles.train_inputs);
    }
    for targets in &roles.val_targets {
        opener.pair_images(ImageRole::ValTarget.key(), targets, &roles.val_inputs);
    }
    opener.pair_images(ImageRole::Mask.key(), &roles.masks, &roles.train_inputs);
}

/// Leaves images out that stand twice in a list, with what belongs to them.
fn keep_once(opener: &mut Opener<'_>, roles: &mut ByRole<Role>, constructor: ConstructorPlan) {
    let ByRole {
        train_inputs,
        train_targets,
        val_inputs,
        val_targets,
        masks,
        weights,
        predict_inputs,
        predict_targets,
        predict_masks,
    } = roles;
    if constructor.has_inputs() {
        let guided = [train_inputs, masks, weights].into_iter().chain(train_targets);
        opener.keep_once(ImageRole::TrainInput.key(), &mut guided.collect::<Vec<_>>());
        let validated = std::iter::once(val_inputs).chain(val_targets);
        opener.keep_once(ImageRole::ValInput.key(), &mut validated.collect::<Vec<_>>());
    } else {
        keep_sources_once(opener, ImageRole::TrainTarget, train_targets, Some(weights));
        keep_sources_once(opener, ImageRole::ValTarget, val_targets, None);
    }
    opener.keep_once(ImageRole::PredictInput.key(), &mut [predict_inputs, predict_targets, predict_masks]);
}

/// Every source has a list of its own; weights are those of a single source.
fn keep_sources_once(
    opener: &mut Opener<'_>,
    role: ImageRole,
    sources: &mut [Role],
    weights: Option<&mut Role>,
) {
    let n_sources = sources.len();
    if let ([source], Some(weights)) = (&mut *sources, weights) {
        opener.keep_once(role.key(), &mut [source, weights]);
        return;
    }
    for (source, images) in sources.iter_mut().enumerate() {
        opener.keep_once(&RoleSource { role, source, n_sources }.key(), &mut [images]);
    }
}

/// What the check of the plan needs to know; images that are compared in pairs only where all of them could be opened.
fn facts_of(roles: &ByRole<Role>) -> OpenedImages {
    let targets_of = |targets: &[Role], inputs: &Role| -> Vec<Vec<ImageFacts>> {
        let is_complete = !inputs.is_incomplete && targets.iter().all(|role| !role.is_incomplete);
        if is_complete { targets.iter().map(Role::facts).collect() } else { Vec::new() }
    };
    let guides_of = |role: &Role| -> Vec<ImageFacts> {
        let is_complete = !role.is_incomplete && !roles.train_inputs.is_incomplete;
        if is_complete { role.facts() } else { Vec::new() }
    };
    let of_prediction = |role: &Role| -> Vec<ImageFacts> {
        let is_complete = !role.is_incomplete && !roles.predict_inputs.is_incomplete;
        if is_complete { role.facts() } else { Vec::new() }
    };
    OpenedImages {
        train_inputs: roles.train_inputs.facts(),
        train_targets: targets_of(&roles.train_targets, &roles.train_inputs),
        val_inputs: roles.val_inputs.facts(),
        val_targets: targets_of(&roles.val_targets, &roles.val_inputs),
        masks: guides_of(&roles.masks),
        weights: guides_of(&roles.weights),
        predict_inputs: roles.predict_inputs.facts(),
        predict_targets: of_prediction(&roles.predict_targets),
        predict_masks: of_prediction(&roles.predict_masks),
    }
}

/// What was opened; labels are never rounded.
fn images_of(plan: &RunPlan, roles: ByRole<Role>, opening: &Opening) -> Images {
    let is_labels = plan.train.as_ref().is_some_and(|train| train.target_kind.is_labels());
    let roles = roles.map(|source, role| {
        let mut images = role.images();
        if is_labels && source.role.is_target() {
            images.make_exact();
        }
        images
    });
    Images {
        roles,
        mixed: Vec::new(),
        cache: opening.options.cache.clone(),
        sinks: opening.sinks.clone(),
        fails_not_finite: plan.reading.non_finite == NonFinitePlan::Fail,
    }
}
