//! Models that want to know whole results beforehand, where there are only tiles of them.

use patchweave_config::{PredictPlan, Problem, RunPlan};
use patchweave_geometry::ImageShape;
use patchweave_model::{Model, ModelError, Whole};
use patchweave_predict::{Tiling, cut_shape};
use patchweave_stack::{StackInfo, with_causes};

use crate::models::{LabelledModel, n_channels_shown, tiles_key};
use crate::tiling::tiling;

/// What models refuse of images of several tiles, at the key that says how images are cut; models that do not go together with
/// their images otherwise have problems of their own.
pub(crate) fn check_whole_results(
    plan: &RunPlan,
    models: &[LabelledModel],
    images: &[StackInfo],
) -> Vec<Problem> {
    let Some(predict) = &plan.predict else { return Vec::new() };
    let mut problems = Vec::new();
    // How images are cut is looked at only if somebody wants to know.
    let mut n_tiles: Option<Vec<(usize, usize)>> = None;
    for LabelledModel { model, .. } in models {
        let refused = |whole| model.check_tiled(whole).err();
        let (of_image, of_run) = (refused(Whole::Image), refused(Whole::Run));
        if of_image.is_none() && of_run.is_none() {
            continue;
        }
        let n_tiles = n_tiles.get_or_insert_with(|| tile_counts(plan, predict, models, images));
        let cut = images.iter().zip(&*n_tiles).find(|(_, (per_sample, _))| *per_sample > 1);
        let n_all: usize = n_tiles.iter().map(|(per_sample, n_samples)| per_sample * n_samples).sum();
        if let (Some(error), Some((image, (per_sample, _)))) = (of_image, cut) {
            let found = format!("{}; {} has {per_sample} tiles", told(model.as_ref(), &error), image.source);
            let expected = "patching: {name: whole} in predict, so that every image is one tile";
            problems.push(plan.problem_at(&tiles_key(plan), found, expected));
        } else if let (Some(error), true) = (of_run, n_all > 1) {
            let found = format!("{}; all images together have {n_all} tiles", told(model.as_ref(), &error));
            let expected = "a single image with patching: {name: whole} in predict, one run for each image";
            problems.push(plan.problem_at(&tiles_key(plan), found, expected));
        }
    }
    problems
}

/// How many tiles every image has at one index along `S` and `T`, and how many such indices; nothing where tiles do not fit,
/// which others tell.
fn tile_counts(
    plan: &RunPlan,
    predict: &PredictPlan,
    models: &[LabelledModel],
    images: &[StackInfo],
) -> Vec<(usize, usize)> {
    let n_channels = images.iter().map(|info| n_channels_shown(&plan.data, predict, info)).max().unwrap_or(1);
    let shapes: Vec<ImageShape> = images.iter().map(StackInfo::shape).collect();
    let all: Vec<&dyn Model> = models.iter().map(|model| model.model.as_ref()).collect();
    let Ok(tiling) = tiling(predict, &all, &shapes, n_channels) else { return Vec::new() };
    let count = |shape: &ImageShape| {
        let cut = cut_shape(&tiling, models.iter().map(|model| model.model.info()), *shape);
        let per_sample = cut.and_then(|cut| tiling.grid(cut)).map_or(1, |grid| grid.n_per_sample());
        (if tiling == Tiling::Whole { 1 } else { per_sample }, shape.n_samples)
    };
    shapes.iter().map(count).collect()
}

/// What a model says, without that it failed.
fn told(model: &dyn Model, error: &ModelError) -> String {
    match error {
        ModelError::Failed { source, .. } => format!("model {}: {source}", model.info().name),
        error => with_causes(error),
    }
}
