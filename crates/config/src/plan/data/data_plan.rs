//! What the images are and how samples are made of them.

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
    /// What the data set is for.
    pub mode: Mode,
    /// What the images are.
    pub data_type: DataType,
    /// The axes of the input arrays.
    pub axes: Axes,
    /// The axes of the target arrays, where the file gives them; see [`target_axes`](Self::target_axes).
    pub own_target_axes: Option<Axes>,
    /// Whether files have to agree with the axes; for inputs, targets, masks and weights.
    pub axes_source: AxesSource,
    /// How images are cut; fits `mode` and `axes`.
    pub patching: PatchingPlan,
    /// How values are scaled.
    pub normalization: NormalizationPlan,
    /// Samples per batch, at least 1.
    pub batch_size: usize,
    /// Accepted for files of CAREamics and written back; a run reads region by region either way.
    pub in_memory: bool,
    /// How many patches a training may split off for validation; whether it does, says
    /// [`TrainPlan::n_val_patches`](crate::TrainPlan::n_val_patches).
    pub n_val_patches: usize,
    /// Which channels are read, none twice; all of them without a list.
    pub channels: Option<Vec<usize>>,
    /// What counts as background, if it is to be sampled less often.
    pub patch_filter: Option<PatchFilterPlan>,
    /// How masks decide what is background; there with every training unless the file says null.
    pub mask_filter: Option<MaskFilterPlan>,
    /// Random changes to training patches, in the order they are applied.
    pub augmentations: Vec<AugmentationPlan>,
    /// Settings of the loader of training samples.
    pub train_loader: LoaderParams,
    /// Settings of the loader of validation samples.
    pub val_loader: LoaderParams,
    /// Settings of the loader of prediction.
    pub pred_loader: LoaderParams,
    /// How many workers a loader has that does not say so itself, at most 1024; see
    /// [`n_threads`](Self::n_threads). By default one less than the machine has cores, at least 1 and at most 4.
    pub num_workers: usize,
    /// The global seed, above 0. 42 by default rather than drawn, so that a run can be repeated.
    pub seed: u64,
    /// The lateral context of samples, if any of its keys is given.
    pub lateral: Option<LateralPlan>,
}

impl DataPlan {
    /// The axes of the target arrays: those of the input unless given.
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

    /// How many threads make the samples of a loader, at least 1: its own number of workers before the general
    /// one. A file may say 0 for the calling process alone; here, that is one thread.
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
