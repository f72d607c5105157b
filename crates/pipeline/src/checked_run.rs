//! A configuration that was read and checked together with the images that were opened for that.

use std::cell::RefCell;
use std::path::Path;

use patchweave_config::{ConfigErrors, LoadError, Outside, RunPlan, load_and_check};

use crate::open_images::{open_images, read_images};
use crate::{Images, MixedPlan, Opening};

/// A configuration that was read and checked against its images, and against the configurations that it mixes in, with all
/// images that are open now; no pixel is read and nothing is written.
///
/// Axes that the configuration does not name are those of its first image. Images that a simulation will make are
/// taken as the plan describes them, and opened when they are asked for.
pub struct CheckedRun {
    /// The checked plan.
    pub plan: RunPlan,
    /// The configurations that it mixes into its training.
    pub mixed: Vec<MixedPlan>,
    /// `None` where some have to be simulated first, and after they were handed over.
    images: Option<Images>,
}

impl CheckedRun {
    /// Reads a configuration and opens its images.
    ///
    /// # Errors
    /// [`LoadError`] with all problems of the text and of the images together, each at its line.
    pub fn load(file: &Path, opening: &Opening) -> Result<Self, LoadError> {
        let opened = RefCell::new(None);
        let check = |plan: &RunPlan| {
            let (images, findings) = read_images(plan, opening, true);
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
        Ok(CheckedRun { plan, mixed, images: images.filter(|_| !simulates) })
    }

    /// Hands its images over: those that were opened for the checks, or where a simulation had to make some, those that
    /// are there now.
    ///
    /// # Errors
    /// [`ConfigErrors`] with all problems of images that are opened only now, each at its line.
    pub fn images(&mut self, opening: &Opening) -> Result<Images, ConfigErrors> {
        self.images.take().map_or_else(|| open_images(&self.plan, opening), Ok)
    }
}
