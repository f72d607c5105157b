//! Loading a configuration together with its images.

use std::path::Path;

use patchweave_config::{ConfigErrors, Findings, LoadError, Outside, RunPlan, load_and_check};

use crate::Images;
use crate::mixture::{ReadMixed, read_mix};
use crate::opened::{Opened, read_plan};
use crate::opening::Opening;
use crate::overwriting::output_problems;

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
