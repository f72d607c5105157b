//! Training: images, validation, epochs, and the loading of batches.

use std::path::PathBuf;

use super::constructor::ConstructorPlan;
use super::fit_source::FitSource;
use super::loading::LoadingPlan;
use super::mix::MixPlan;
use super::target_kind::TargetKind;

/// The loading of training batches.
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
    /// How a sample is constructed from images.
    pub constructor: ConstructorPlan,
    /// The input images; empty if the constructor mixes the input from the target.
    pub inputs: Vec<PathBuf>,
    /// The target images: one list per channel with independent targets, otherwise a single list with one target per
    /// input; empty without targets.
    pub targets: Vec<Vec<PathBuf>>,
    /// The input images of the validation; empty without separate validation images, or if the input is mixed.
    pub val_inputs: Vec<PathBuf>,
    /// The target images of the validation, in the form of `targets`; empty without separate validation images.
    pub val_targets: Vec<Vec<PathBuf>>,
    /// The number of patches that are split off the training images for validation; 0 for none.
    pub n_val_patches: usize,
    /// Whether `n_val_patches` is the default, which is lowered if the images cannot give as many.
    pub n_val_is_default: bool,
    /// Whether training patches, including their lateral context, exclude all pixels of validation patches.
    pub leak_free: bool,
    /// One mask per input; empty without masks.
    pub masks: Vec<PathBuf>,
    /// One image of weights per image that patches are drawn from; empty without weights.
    pub weights: Vec<PathBuf>,
    /// Whether targets are intensities or labels; labels are never normalised.
    pub target_kind: TargetKind,
    /// The pixels from which statistics are computed.
    pub statistics: FitSource,
    /// The number of epochs, at least 1.
    pub epochs: usize,
    /// The most batches of an epoch, at least 1; `None` for all.
    pub max_batches: Option<usize>,
    /// The most batches that are made ahead, at least 1.
    pub prefetch_batches: usize,
    /// The budget for batches made ahead in bytes, a multiple of 2²⁰ (`prefetch_mib` in the file).
    pub prefetch_bytes: usize,
    /// The number of patches in the montage, at most 256; 0 for no montage.
    pub montage_patches: usize,
    /// How batches are made and distributed.
    pub loading: LoadingPlan,
    /// Other data sets that are mixed in; `None` for none.
    pub mix: Option<MixPlan>,
}
