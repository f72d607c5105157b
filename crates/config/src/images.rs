//! What only the opened images can tell: whether patches, channels, targets and statistics fit them.

use patchweave_geometry::{Extent, ImageShape};

use crate::normalization::{InputStatistics, NormalizationPlan, TargetStatistics};
use crate::origin::entry_path;
use crate::patching::TilingPlan;
use crate::problem::Problem;
use crate::reader::counted;
use crate::run::RunPlan;

/// What is known of an image once it was opened.
///
/// ```
/// use patchweave_config::ImageFacts;
/// use patchweave_geometry::ImageShape;
///
/// let shape = ImageShape::from_slice(&[1, 2, 64, 64])?;
/// let facts = ImageFacts { source: "a.tiff".into(), shape, entry: 0 };
/// assert_eq!(facts.shape.n_channels, 2);
/// # Ok::<(), patchweave_geometry::GeometryError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageFacts {
    /// The name of the image, for messages.
    pub source: String,
    /// Its shape with all its channels, before any are selected.
    pub shape: ImageShape,
    /// Which path of the configuration's list it was opened from; one path may hold several images.
    pub entry: usize,
}

/// The images of a run in the order of the configuration; a role that the run lacks has none.
///
/// Where an image could not be opened, leave out the targets: pairs are told by their place.
///
/// ```
/// assert!(patchweave_config::OpenedImages::default().train_inputs.is_empty());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpenedImages {
    /// Inputs of the training.
    pub train_inputs: Vec<ImageFacts>,
    /// Targets of the training.
    pub train_targets: Vec<ImageFacts>,
    /// Images to predict.
    pub predict_inputs: Vec<ImageFacts>,
}

/// Checks a plan against its images; an empty list says that they fit.
///
/// Each problem stands at the key that causes it and names the image. Hand the list to
/// [`RunPlan::errors`] to print it.
///
/// ```
/// use std::path::Path;
///
/// use patchweave_config::{ImageFacts, OpenedImages, check_images, parse};
/// use patchweave_geometry::ImageShape;
///
/// let text = "\
/// output: out
/// data_config:
///   mode: training
///   data_type: tiff
///   axes: YX
///   patching: {name: random, patch_size: [64, 64]}
///   normalization: {name: none}
/// train: {input: a.tiff}
/// ";
/// let plan = parse(text, Path::new("a.yaml"), &|_| None)?;
/// let shape = ImageShape::from_slice(&[1, 1, 64, 32]).unwrap();
/// let small = ImageFacts { source: "a.tiff".into(), shape, entry: 0 };
/// let problems = check_images(&plan, &OpenedImages { train_inputs: vec![small], ..OpenedImages::default() });
/// let expected = "\
/// a.yaml:6:40: data_config.patching.patch_size: image a.tiff has size 64 × 32, expected at least the patch size 64 × 64
///   |
/// 6 |   patching: {name: random, patch_size: [64, 64]}
///   |                                        ^";
/// assert_eq!(problems[0].to_string(), expected);
/// # Ok::<(), patchweave_config::ConfigErrors>(())
/// ```
pub fn check_images(plan: &RunPlan, images: &OpenedImages) -> Vec<Problem> {
    let mut check = Check { plan, problems: Vec::new() };
    let roles = [
        Role { key: "train.input", images: &images.train_inputs },
        Role { key: "train.target", images: &images.train_targets },
        Role { key: "predict.input", images: &images.predict_inputs },
    ];
    let [inputs, targets, predicted] = &roles;
    for role in &roles {
        check.one_kind(role);
    }
    check.patches(inputs);
    check.pairs(inputs, targets);
    for role in [inputs, predicted] {
        check.channels(role);
        check.input_statistics(role);
    }
    check.target_statistics(targets);
    check.fitted_channels(inputs, predicted);
    check.whole_batches(predicted);
    check.training_budget(inputs, targets);
    check.prediction_budget(predicted);
    check.problems
}

/// The images of one key.
struct Role<'a> {
    key: &'static str,
    images: &'a [ImageFacts],
}

impl Role<'_> {
    /// The path of one image's entry, if the file lists them.
    fn entry(&self, plan: &RunPlan, image: &ImageFacts) -> String {
        let entry = entry_path(self.key, image.entry);
        if plan.has_key(&entry) { entry } else { self.key.into() }
    }
}

struct Check<'a> {
    plan: &'a RunPlan,
    problems: Vec<Problem>,
}

impl Check<'_> {
    fn report(&mut self, key_path: &str, found: String, expected: String) {
        self.problems.push(self.plan.problem_at(key_path, found, expected));
    }

    /// All images of a role have the dimensions of the axes and as many channels as the first.
    fn one_kind(&mut self, role: &Role<'_>) {
        let axes =
            if role.key == "train.target" { &self.plan.data.target_axes } else { &self.plan.data.axes };
        let n_spatial = axes.n_spatial();
        for image in role.images {
            let path = role.entry(self.plan, image);
            let n_axes = image.shape.extent.n_axes();
            if n_axes != n_spatial {
                let found = format!("image {} has {n_axes} spatial axes", image.source);
                self.report(&path, found, format!("{n_spatial} as in axes {axes}"));
            }
            let first = &role.images[0];
            if image.shape.n_channels != first.shape.n_channels {
                let found = has_channels(image);
                let expected = format!("{} as in {}", first.shape.n_channels, first.source);
                self.report(&path, found, expected);
            }
        }
    }

    /// Every training image has room for a patch.
    fn patches(&mut self, inputs: &Role<'_>) {
        let Some(patch) = self.plan.data.patching.training_size() else { return };
        for image in inputs.images {
            let size = image.shape.extent;
            if size.n_axes() == patch.n_axes() && !size.covers(&patch) {
                let found = format!("image {} has size {size}", image.source);
                let expected = format!("at least the patch size {patch}");
                self.report("data_config.patching.patch_size", found, expected);
            }
        }
    }

    /// Every input has a target of its size.
    fn pairs(&mut self, inputs: &Role<'_>, targets: &Role<'_>) {
        if targets.images.is_empty() {
            return;
        }
        if inputs.images.len() != targets.images.len() {
            let found = counted(targets.images.len(), "target", "targets");
            let expected = format!("as many as inputs, {}", inputs.images.len());
            self.report(targets.key, found, expected);
            return;
        }
        for (input, target) in inputs.images.iter().zip(targets.images) {
            if pairing(&input.shape) != pairing(&target.shape) {
                let found = format!("target {} has {}", target.source, samples_and_size(&target.shape));
                let expected = format!("{} as its input {}", samples_and_size(&input.shape), input.source);
                self.report(&targets.entry(self.plan, target), found, expected);
            }
        }
    }

    /// Every selected channel exists in every image.
    fn channels(&mut self, role: &Role<'_>) {
        let Some(channels) = &self.plan.data.channels else { return };
        for (position, &channel) in channels.iter().enumerate() {
            let lacking = role.images.iter().find(|image| image.shape.n_channels <= channel);
            if let Some(image) = lacking {
                let listed = entry_path("data_config.channels", position);
                let path = if self.plan.has_key(&listed) { listed } else { "data_config.channels".into() };
                let expected = format!("an index below {}", image.shape.n_channels);
                self.report(&path, format!("channel {channel}, but image {}", has_channels(image)), expected);
            }
        }
    }

    /// How many channels of an image are read.
    fn n_read(&self, image: &ImageFacts) -> usize {
        self.plan.data.channels.as_ref().map_or(image.shape.n_channels, Vec::len)
    }

    fn input_statistics(&mut self, role: &Role<'_>) {
        let (key, n_given) = match &self.plan.data.normalization {
            NormalizationPlan::MeanStd { input: InputStatistics::Given(given), .. } => {
                ("data_config.normalization.input_means", given.len())
            }
            NormalizationPlan::MinMax { input, .. } => ("data_config.normalization.input_mins", input.len()),
            NormalizationPlan::None | NormalizationPlan::MeanStd { .. } => return,
        };
        if let Some(image) = role.images.first() {
            self.statistics(key, n_given, self.n_read(image), &image.source);
        }
    }

    fn target_statistics(&mut self, targets: &Role<'_>) {
        let (key, n_given) = match &self.plan.data.normalization {
            NormalizationPlan::MeanStd { target: TargetStatistics::Given(given), .. } => {
                ("data_config.normalization.target_means", given.len())
            }
            NormalizationPlan::MinMax { target: TargetStatistics::Given(given), .. } => {
                ("data_config.normalization.target_mins", given.len())
            }
            NormalizationPlan::None
            | NormalizationPlan::MeanStd { .. }
            | NormalizationPlan::MinMax { .. } => {
                return;
            }
        };
        if let Some(image) = targets.images.first() {
            self.statistics(key, n_given, image.shape.n_channels, &image.source);
        }
    }

    fn statistics(&mut self, key: &str, n_given: usize, n_channels: usize, source: &str) {
        if n_given != 1 && n_given != n_channels {
            let found = format!("got {n_given} values");
            let channels = counted(n_channels, "channel", "channels");
            let expected = if n_channels == 1 {
                format!("1 (for the {channels} of {source})")
            } else {
                format!("1 or {n_channels} (for the {channels} of {source})")
            };
            self.report(key, found, expected);
        }
    }

    /// Statistics fitted per channel in training fit the images that are predicted.
    fn fitted_channels(&mut self, inputs: &Role<'_>, predicted: &Role<'_>) {
        let fitted = matches!(
            &self.plan.data.normalization,
            NormalizationPlan::MeanStd { per_channel: true, input: InputStatistics::Fit, .. }
        );
        if let (true, Some(trained), Some(image)) = (fitted, inputs.images.first(), predicted.images.first())
        {
            let n_fitted = self.n_read(trained);
            if n_fitted != 1 && self.n_read(image) != n_fitted {
                let expected =
                    format!("{n_fitted} as in {}, from which statistics are fitted", trained.source);
                self.report(&predicted.entry(self.plan, image), has_channels(image), expected);
            }
        }
    }

    /// A batch of training patches fits into what may be made ahead.
    fn training_budget(&mut self, inputs: &Role<'_>, targets: &Role<'_>) {
        let (Some(train), Some(patch)) = (&self.plan.train, self.plan.data.patching.training_size()) else {
            return;
        };
        let Some(input) = inputs.images.first() else { return };
        let n_targets = targets.images.first().map_or(0, |target| target.shape.n_channels);
        let (batch_size, n_channels) = (self.plan.data.batch_size, self.n_read(input) + n_targets);
        let needed = batch_bytes(batch_size, n_channels, patch);
        self.budget("train.prefetch_mib", needed, train.prefetch_bytes, batch_size, patch);
    }

    /// A batch of tiles fits into what may be made ahead.
    fn prediction_budget(&mut self, predicted: &Role<'_>) {
        let Some(predict) = &self.plan.predict else { return };
        let tile = |image: &ImageFacts| match predict.patching {
            TilingPlan::Tiled { patch_size, .. } => patch_size,
            TilingPlan::Whole => image.shape.extent,
        };
        let bytes = |image: &ImageFacts| batch_bytes(predict.batch_size, self.n_read(image), tile(image));
        if let Some(image) = predicted.images.iter().max_by_key(|image| bytes(image)) {
            let (needed, tile) = (bytes(image), tile(image));
            let (budget, batch_size) = (predict.prefetch_bytes, predict.batch_size);
            self.budget("predict.prefetch_mib", needed, budget, batch_size, tile);
        }
    }

    fn budget(&mut self, key: &str, needed: usize, budget: usize, batch_size: usize, size: Extent) {
        if needed > budget {
            let mib = |bytes: usize| bytes.div_ceil(1 << 20);
            let found = format!(
                "a batch of {batch_size} × {size} needs {} MiB, the budget is {}",
                mib(needed),
                mib(budget)
            );
            self.report(key, found, "a larger budget, a smaller batch_size or smaller patches".into());
        }
    }

    /// Images that are predicted whole share a batch only if they have one size.
    fn whole_batches(&mut self, predicted: &Role<'_>) {
        let Some(predict) = &self.plan.predict else { return };
        if predict.patching != TilingPlan::Whole || predict.batch_size == 1 {
            return;
        }
        let Some((first, rest)) = predicted.images.split_first() else { return };
        if let Some(other) = rest.iter().find(|image| image.shape.extent != first.shape.extent) {
            let size = |image: &ImageFacts| format!("{} has size {}", image.source, image.shape.extent);
            let found = format!(
                "batches of {} whole images, but {} and {}",
                predict.batch_size,
                size(first),
                size(other)
            );
            self.report("predict.batch_size", found, "1, or images of one size, or tiles".into());
        }
    }
}

/// Bytes of a batch of patches in `f32`.
fn batch_bytes(batch_size: usize, n_channels: usize, size: Extent) -> usize {
    let factors = [batch_size, n_channels, size.n_pixels(), size_of::<f32>()];
    factors.into_iter().fold(1, usize::saturating_mul)
}

fn has_channels(image: &ImageFacts) -> String {
    format!("{} has {}", image.source, counted(image.shape.n_channels, "channel", "channels"))
}

fn pairing(shape: &ImageShape) -> (usize, Extent) {
    (shape.n_samples, shape.extent)
}

fn samples_and_size(shape: &ImageShape) -> String {
    format!("{} of size {}", counted(shape.n_samples, "sample", "samples"), shape.extent)
}
