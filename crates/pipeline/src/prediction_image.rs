//! The images of a prediction, and what their results are called after.

use std::path::PathBuf;
use std::sync::Arc;

use patchweave_stack::ImageStack;

use crate::output_names::{ImageSource, image_names};
use crate::{Images, NamedImages};

/// One image to predict.
pub struct PredictionImage {
    /// The image.
    pub stack: Arc<dyn ImageStack>,
    /// What its results should be, if the plan says it.
    pub target: Option<Arc<dyn ImageStack>>,
    /// Where there is something to predict, if the plan says it, and the path that it was opened from.
    pub mask: Option<(Arc<dyn ImageStack>, PathBuf)>,
    /// The path it was opened from.
    pub path: PathBuf,
    /// Its name, unique among the images of the run; outputs are called after it. `/` stands between subfolders of the output
    /// folder.
    pub name: String,
}

/// The images under the names of their results.
pub(crate) fn named(images: &Images) -> Vec<PredictionImage> {
    let inputs = &images.roles.predict_inputs;
    let source = |(stack, path): (&Arc<dyn ImageStack>, &PathBuf)| ImageSource {
        path: path.clone(),
        source: stack.info().source.clone(),
    };
    let names = image_names(&inputs.stacks.iter().zip(&inputs.paths).map(source).collect::<Vec<_>>());
    let beside = |role: &NamedImages| {
        let found: Vec<_> = role.stacks.iter().cloned().zip(role.paths.iter().cloned()).map(Some).collect();
        found.into_iter().chain(std::iter::repeat(None))
    };
    let targets = beside(&images.roles.predict_targets).map(|target| target.map(|(stack, _)| stack));
    let beside = targets.zip(beside(&images.roles.predict_masks));
    let stacks = inputs.stacks.iter().cloned().zip(beside).zip(&inputs.paths).zip(names);
    let image = |(((stack, (target, mask)), path), name): (((_, (_, _)), &PathBuf), String)| {
        PredictionImage { stack, target, mask, path: path.clone(), name }
    };
    stacks.map(image).collect()
}
