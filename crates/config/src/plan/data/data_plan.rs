//! The plan of `data_config`: what the images are and how samples are made of them.

use patchweave_geometry::Axes;

use super::augmentation::AugmentationPlan;
use super::axes_source::AxesSource;
use super::data_type::DataType;
use super::filters::{MaskFilterPlan, PatchFilterPlan};
use super::lateral::LateralPlan;
use super::loader_params::LoaderParams;
use super::mode::Mode;
use super::normalization::NormalizationPlan;
use super::patching::PatchingPlan;
use super::space::Space;

/// What the images are and how samples are made of them.
///
/// ```
/// use std::path::Path;
///
/// use patchweave_config::{AugmentationPlan, PatchingPlan};
/// use patchweave_geometry::Extent;
///
/// let text = "
/// output: out
/// data_config:
///   mode: training
///   data_type: tiff
///   axes: CYX
///   patching: {name: random, patch_size: [64, 64]}
///   normalization: {name: mean_std}
///   channels: 1
/// train: {input: a.tiff}
/// ";
/// let data = patchweave_config::parse(text, Path::new("a.yaml"), &|_| None)?.data;
/// assert_eq!(&data.axes, data.target_axes());
/// let patch_size = Extent::new(&[64, 64]).unwrap();
/// assert_eq!(data.patching, PatchingPlan::Random { patch_size, seed: 42 });
/// assert_eq!(data.augmentations, AugmentationPlan::DEFAULT);
/// assert_eq!((data.channels, data.batch_size), (Some(vec![1]), 1));
/// # Ok::<(), patchweave_config::ConfigErrors>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct DataPlan {
    /// The purpose of the data set.
    pub mode: Mode,
    /// The kind of source: arrays, or files of a format.
    pub data_type: DataType,
    /// The axes of the input arrays.
    pub axes: Axes,
    /// The axes of the target arrays, if they are given separately; see [`target_axes`](Self::target_axes).
    pub own_target_axes: Option<Axes>,
    /// Which axes count where files name their own; for inputs, targets, masks and weights.
    pub axes_source: AxesSource,
    /// How images are cut into patches or tiles; fits `mode` and `axes`.
    pub patching: PatchingPlan,
    /// How pixel values are normalised.
    pub normalization: NormalizationPlan,
    /// Samples per batch, at least 1.
    pub batch_size: usize,
    /// Has no effect: a run always reads region by region. Kept so that files of CAREamics are written back unchanged.
    pub in_memory: bool,
    /// How many patches a training may split off for validation. How many it does split off is
    /// [`TrainPlan::n_val_patches`](crate::TrainPlan::n_val_patches).
    pub n_val_patches: usize,
    /// The channels that are read, without repeats; `None` for all.
    pub channels: Option<Vec<usize>>,
    /// Which patches are background and thus sampled less often.
    pub patch_filter: Option<PatchFilterPlan>,
    /// How masks tell background from foreground. Every training has a default, unless the file says `null`.
    pub mask_filter: Option<MaskFilterPlan>,
    /// Random augmentations of training patches, in the order they are applied.
    pub augmentations: Vec<AugmentationPlan>,
    /// Settings of the training loader.
    pub train_loader: LoaderParams,
    /// Settings of the validation loader.
    pub val_loader: LoaderParams,
    /// Settings of the prediction loader.
    pub pred_loader: LoaderParams,
    /// Workers of a loader whose own settings do not give a number, at most 1024; see [`n_threads`](Self::n_threads). By
    /// default one less than the machine has cores, at least 1 and at most 4.
    pub num_workers: usize,
    /// The global seed, above 0; 42 by default, so that runs are reproducible.
    pub seed: u64,
    /// The lateral context of samples; `None` if the file has none of its keys.
    pub lateral: Option<LateralPlan>,
}

impl DataPlan {
    /// The axes of the target arrays; those of the input unless given.
    pub fn target_axes(&self) -> &Axes {
        self.own_target_axes.as_ref().unwrap_or(&self.axes)
    }

    /// How many spatial axes a patch has, 2 or 3: the third is `Z`, or `T` of a CZI file.
    pub fn n_spatial(&self) -> usize {
        Space::new(&self.axes, Some(self.data_type)).n_spatial
    }

    /// Whether training patches come in random order.
    pub fn shuffle(&self) -> bool {
        self.train_loader.shuffle().unwrap_or(true)
    }

    /// The number of threads that make the samples of a loader, at least 1: its own `num_workers`, or else the general
    /// one. 0 workers, which in PyTorch means the calling process, are one thread here.
    ///
    /// ```
    /// use std::path::Path;
    ///
    /// use patchweave_config::{DataRules, parse_data_config};
    ///
    /// let text = "
    /// {mode: predicting, data_type: tiff, axes: YX, patching: {name: whole}, normalization: {name: none},
    ///  num_workers: 3, pred_dataloader_params: {num_workers: 0}}
    /// ";
    /// let data = parse_data_config(text, Path::new("a.yaml"), DataRules::Own)?;
    /// assert_eq!((data.n_threads(&data.train_loader), data.n_threads(&data.pred_loader)), (3, 1));
    /// # Ok::<(), patchweave_config::ConfigErrors>(())
    /// ```
    pub fn n_threads(&self, loader: &LoaderParams) -> usize {
        loader.num_workers().unwrap_or(self.num_workers).max(1)
    }
}
