//! The `data_config` section: what the images are and how training samples are made of them.

use std::thread::available_parallelism;

use patchweave_geometry::{Axes, Axis};

use crate::augmentation::{AugmentationPlan, augmentations};
use crate::axes::{axes, target_axes};
use crate::normalization::{NormalizationPlan, Targets, normalization};
use crate::patching::{PatchingPlan, Surroundings, TilingPlan, patching};
use crate::reader::{Block, Reader, Value};
use crate::scalar::{Names, count, positive, positive_seed, truth};
use crate::sizes::{is_square, refuse_oblong};

/// What a data set is for.
///
/// ```
/// assert_eq!(patchweave_config::Mode::Predicting.name(), "predicting");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// For training; such a data set may be predicted as well.
    Training,
    /// For validation during a training. No section of a run uses it alone.
    Validating,
    /// For prediction only.
    Predicting,
}

impl Mode {
    /// The name in a configuration.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Training => "training",
            Mode::Validating => "validating",
            Mode::Predicting => "predicting",
        }
    }
}

/// What the image files are.
///
/// ```
/// assert_ne!(patchweave_config::DataType::Tiff, patchweave_config::DataType::Zarr);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DataType {
    /// TIFF files.
    Tiff,
    /// Zarr arrays or OME-Zarr images.
    Zarr,
}

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
/// assert_eq!(data.axes, data.target_axes);
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
    /// What the files are.
    pub data_type: DataType,
    /// The axes of the input arrays.
    pub axes: Axes,
    /// The axes of the target arrays; those of the input unless given.
    pub target_axes: Axes,
    /// How images are cut; fits `mode` and `axes`.
    pub patching: PatchingPlan,
    /// How values are scaled.
    pub normalization: NormalizationPlan,
    /// Random changes to training patches, in the order they are applied.
    pub augmentations: Vec<AugmentationPlan>,
    /// Samples per batch, at least 1.
    pub batch_size: usize,
    /// Which channels of the input are read, none twice; all of them without a list.
    pub channels: Option<Vec<usize>>,
    /// How many threads make samples, 1 to 1024. A file may say 0, which means 1; by default it is one
    /// less than the machine has cores, at least 1 and at most 4.
    pub num_workers: usize,
    /// Whether training patches come in random order.
    pub shuffle: bool,
    /// The global seed, above 0. 42 by default rather than drawn, so that a run can be repeated.
    pub seed: u64,
}

const KEYS: &[&str] = &[
    "mode",
    "data_type",
    "axes",
    "target_axes",
    "patching",
    "normalization",
    "augmentations",
    "batch_size",
    "channels",
    "num_workers",
    "train_dataloader_params",
    "seed",
];

/// Keys that files written for CAREamics may have.
const NOT_AVAILABLE: &[&str] = &[
    "in_memory",
    "n_val_patches",
    "patch_filter",
    "mask_filter",
    "val_dataloader_params",
    "pred_dataloader_params",
];

const MODES: Names<'_, Mode> = Names {
    known: &[
        ("training", Mode::Training),
        ("validating", Mode::Validating),
        ("predicting", Mode::Predicting),
    ],
    refused: &[],
};

const DATA_TYPES: Names<'_, DataType> = Names {
    known: &[("tiff", DataType::Tiff), ("zarr", DataType::Zarr)],
    refused: &[
        ("array", "can only be given from the library"),
        ("custom", "can only be given from the library"),
        ("czi", "cannot be read yet"),
        ("ome_zarr", "is read as zarr"),
    ],
};

/// Fixed rather than drawn, so that a run can be repeated.
const DEFAULT_SEED: u64 = 42;

/// The largest number of threads that is taken for one.
const MAX_WORKERS: usize = 1024;

/// The section `data_config` as far as it could be read.
pub(crate) struct ReadData {
    /// The plan, with stand-ins for refused values that the images are not checked against.
    pub plan: DataPlan,
    /// The patching, unless it was refused.
    pub patching: Option<PatchingPlan>,
    /// The batch size, unless it was refused.
    pub batch_size: Option<usize>,
    /// Whether `target_axes` could be read.
    pub has_target_axes: bool,
}

/// The section `data_config`; nothing without a mode, a type and axes.
pub(crate) fn data(reader: &mut Reader<'_>, value: &Value<'_>, targets: Targets) -> Option<ReadData> {
    let block = value.block(reader)?.only_with(reader, KEYS, NOT_AVAILABLE);
    let mode = block.need(reader, "mode", "training, validating or predicting", |reader, value| {
        MODES.read(reader, value)
    });
    let data_type =
        block.need(reader, "data_type", "tiff or zarr", |reader, value| DATA_TYPES.read(reader, value));
    let axes = block.need(reader, "axes", "letters of STCZYX, as in YX", axes);
    let target_axes =
        block.maybe(reader, "target_axes", |reader, value| target_axes(reader, value, axes.as_ref()));
    let seed = block.or(reader, "seed", DEFAULT_SEED, positive_seed);
    let around = Surroundings { mode, axes: axes.as_ref(), seed };
    let patching = block
        .need(reader, "patching", "a block with a name", |reader, value| patching(reader, value, &around));
    let normalization = block.need(reader, "normalization", "a block with a name", |reader, value| {
        normalization(reader, value, targets)
    });
    let augmentations = block.or(reader, "augmentations", AugmentationPlan::DEFAULT.to_vec(), augmentations);
    let batch_size = block.or(reader, "batch_size", 1, positive);
    let channels = block.maybe(reader, "channels", |reader, value| channels(reader, value, axes.as_ref()));
    let num_workers = block.or(reader, "num_workers", default_workers(), workers);
    let shuffle = block.or(reader, "train_dataloader_params", true, shuffle);
    check_turns(reader, &block, patching.as_ref(), augmentations.as_deref());
    let axes = axes?;
    // A stand-in must not cause problems of its own: statistics are only checked with the right channels.
    let normalization = normalization.filter(|_| channels.is_some()).unwrap_or(NormalizationPlan::None);
    let plan = DataPlan {
        mode: mode?,
        data_type: data_type?,
        target_axes: target_axes.clone().flatten().unwrap_or_else(|| axes.clone()),
        axes,
        patching: patching.clone().unwrap_or(PatchingPlan::Tiling(TilingPlan::Whole)),
        normalization,
        augmentations: augmentations.unwrap_or_default(),
        batch_size: batch_size.unwrap_or(1),
        channels: channels.flatten().filter(|list| !list.is_empty()),
        num_workers: num_workers.unwrap_or(1),
        shuffle: shuffle.unwrap_or(true),
        seed: seed.unwrap_or(DEFAULT_SEED),
    };
    Some(ReadData { plan, patching, batch_size, has_target_axes: target_axes.is_some() })
}

/// The axes alone, for sections that need them although the rest of `data_config` is refused.
pub(crate) fn axes_of(block: &Block<'_>) -> Option<Axes> {
    block.get("axes")?.as_text()?.parse().ok()
}

fn channels(reader: &mut Reader<'_>, value: &Value<'_>, axes: Option<&Axes>) -> Option<Vec<usize>> {
    let entries = value.entries().unwrap_or_else(|| vec![value.clone()]);
    let read: Vec<_> = entries.iter().map(|entry| count(reader, entry, 0..=usize::MAX)).collect();
    for (idx, entry) in entries.iter().enumerate() {
        if read[idx].is_some() && read[..idx].contains(&read[idx]) {
            let found = format!("{} twice", entry.got());
            reader.refuse_found::<()>(entry, found, "each channel once");
        }
    }
    if let Some(axes) = axes
        && !entries.is_empty()
        && !axes.contains(Axis::C)
    {
        reader.refuse_found::<()>(
            value,
            "channels are selected",
            format!("C in axes {axes}, or no channels"),
        );
    }
    read.into_iter().collect()
}

fn workers(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<usize> {
    count(reader, value, 0..=MAX_WORKERS).map(|n| n.max(1))
}

fn default_workers() -> usize {
    available_parallelism().map_or(1, |n_cores| n_cores.get().saturating_sub(1).clamp(1, 4))
}

fn shuffle(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<bool> {
    let block = value.block(reader)?.only(reader, &["shuffle"]);
    block.or(reader, "shuffle", true, truth)
}

/// Quarter turns need patches as high as wide; the other strategies prove that by themselves.
fn check_turns(
    reader: &mut Reader<'_>,
    block: &Block<'_>,
    patching: Option<&PatchingPlan>,
    augmentations: Option<&[AugmentationPlan]>,
) {
    let turns = augmentations
        .is_some_and(|list| list.iter().any(|a| matches!(a, AugmentationPlan::XyRandomRotate90 { .. })));
    if let Some(PatchingPlan::Sequential { patch_size, .. }) = patching
        && turns
        && !is_square(patch_size)
        && let Some(value) = block.get("patching")
        && let Some(value) = value.block(reader).and_then(|patching| patching.get("patch_size"))
    {
        refuse_oblong::<()>(reader, &value, patch_size);
    }
}

/// Refuses the mode of a data set for a section that cannot use it.
pub(crate) fn refuse_mode(reader: &mut Reader<'_>, block: &Block<'_>, expected: &str) {
    if let Some(value) = block.get("mode") {
        reader.refuse::<()>(&value, expected);
    }
}
