//! Training: which images, how they are validated, how many epochs, how they are loaded.

use std::path::PathBuf;

use super::constructor::ConstructorPlan;
use super::fit_source::FitSource;
use super::loading::LoadingPlan;
use super::mix::MixPlan;
use super::target_kind::TargetKind;

/// Loading of training batches.
///
/// ```
/// use std::path::Path;
///
/// let text = "
/// output: out
/// data_config:
///   mode: training
///   data_type: tiff
///   axes: YX
///   patching: {name: random, patch_size: [64, 64]}
///   normalization: {name: none}
/// train: {input: [a.tiff, b.tiff], target: [c.tiff, d.tiff], prefetch_mib: 2}
/// ";
/// let plan = patchweave_config::parse(text, Path::new("configs/a.yaml"), &|_| None)?;
/// let train = plan.train.unwrap();
/// assert_eq!(train.inputs, [Path::new("configs/a.tiff"), Path::new("configs/b.tiff")]);
/// assert_eq!((train.targets[0].len(), train.epochs, train.prefetch_bytes), (2, 1, 2 << 20));
/// # Ok::<(), patchweave_config::ConfigErrors>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct TrainPlan {
    /// Which images a sample is made of.
    pub constructor: ConstructorPlan,
    /// The input images; none where the constructor mixes the input from the target.
    pub inputs: Vec<PathBuf>,
    /// The target images: no list without targets, one list per channel for independent targets, otherwise one
    /// list, which has one target per input where there are inputs.
    pub targets: Vec<Vec<PathBuf>>,
    /// The input images of the validation; none without separate validation images, or where the input is mixed.
    pub val_inputs: Vec<PathBuf>,
    /// The target images of the validation, in the form of `targets`; none without separate validation images.
    pub val_targets: Vec<Vec<PathBuf>>,
    /// How many patches are split off the training images for validation; 0 where nothing is.
    pub n_val_patches: usize,
    /// Whether nobody wrote that number, so that images that cannot give as many give fewer.
    pub n_val_is_default: bool,
    /// Whether no training patch sees a pixel of a validation patch, lateral context included.
    pub leak_free: bool,
    /// One mask per input, or none at all.
    pub masks: Vec<PathBuf>,
    /// One image of weights per image that patches are drawn from, or none at all.
    pub weights: Vec<PathBuf>,
    /// What the pixels of targets are; labels are never normalised, whatever `data_config` says.
    pub target_kind: TargetKind,
    /// What statistics are computed from.
    pub statistics: FitSource,
    /// How often the data set is gone through, at least 1.
    pub epochs: usize,
    /// The most batches of an epoch, at least 1; all of them without a limit.
    pub max_batches: Option<usize>,
    /// The most batches made ahead, at least 1.
    pub prefetch_batches: usize,
    /// The most bytes of batches made ahead, a multiple of 2²⁰ (the file counts in MiB).
    pub prefetch_bytes: usize,
    /// How many patches the montage shows, at most 256; 0 for no montage.
    pub montage_patches: usize,
    /// How batches are made and dealt out.
    pub loading: LoadingPlan,
    /// Other data sets that share the batches, if there are any.
    pub mix: Option<MixPlan>,
}
