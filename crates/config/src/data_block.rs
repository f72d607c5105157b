//! The `data_config` block: its keys, one after the other.

use std::thread::available_parallelism;

use patchweave_geometry::{Axes, Axis};

use crate::augmentation::{AugmentationPlan, augmentations};
use crate::axes::{Space, axes, target_axes};
use crate::axes_source::{AxesSource, axes_source};
use crate::data::DataPlan;
use crate::data_type::{DataType, data_type, in_memory};
use crate::filters::{MaskFilterPlan, mask_filter, patch_filter};
use crate::lateral::LateralPlan;
use crate::lateral_keys::{check_windows, lateral, refuse_beside_lateral};
use crate::loader_params::{LoaderParams, loader_params, train_loader_params};
use crate::location::Location;
use crate::mode::{MODES, Mode};
use crate::normalization::NormalizationPlan;
use crate::outside::OwnAxes;
use crate::patching::{PatchingPlan, TilingPlan};
use crate::patching_block::patching;
use crate::reader::{Block, Reader, Value};
use crate::rules::Rules;
use crate::scalar::{channel, count, positive, positive_seed};
use crate::sizes::{is_square, refuse_oblong};
use crate::statistics_block::normalization;
use crate::yaml::Kind;

/// The keys of the reference and our additions.
const KEYS: &[&str] = &[
    "mode",
    "data_type",
    "axes",
    "target_axes",
    "axes_source",
    "patching",
    "normalization",
    "batch_size",
    "in_memory",
    "n_val_patches",
    "channels",
    "patch_filter",
    "mask_filter",
    "augmentations",
    "train_dataloader_params",
    "val_dataloader_params",
    "pred_dataloader_params",
    "num_workers",
    "seed",
    "multiscale_count",
    "padding_mode",
    "alpha_ranges",
    "uncorrelated_channel_prob",
    "padding_value",
    "context_source",
    "context_depth",
];

/// Keys that the reference wants a value for if they are written at all.
const NEVER_NULL: &[&str] = &[
    "batch_size",
    "in_memory",
    "n_val_patches",
    "augmentations",
    "train_dataloader_params",
    "val_dataloader_params",
    "pred_dataloader_params",
    "num_workers",
    "seed",
];

/// Fixed rather than drawn, so that a run can be repeated.
const DEFAULT_SEED: u64 = 42;

const DEFAULT_VAL_PATCHES: usize = 8;

/// The largest number of threads that is taken for one.
pub(crate) const MAX_WORKERS: usize = 1024;

/// The section `data_config` as far as it could be read.
pub(crate) struct ReadData {
    /// The plan, with stand-ins for refused values that the images are not checked against.
    pub plan: DataPlan,
    /// The patching, unless it was refused.
    pub patching: Option<PatchingPlan>,
    /// The lateral context, unless it was refused.
    pub lateral: Option<Option<LateralPlan>>,
    /// The mask filter, unless it was refused.
    pub mask_filter: Option<Option<MaskFilterPlan>>,
    /// The batch size, unless it was refused.
    pub batch_size: Option<usize>,
    /// How many patches may be split off, unless that was refused.
    pub n_val_patches: Option<usize>,
    /// Where that is written, if it is.
    pub n_val_at: Option<Location>,
    /// Whether training patches are shuffled, where `train_dataloader_params` says so itself.
    pub shuffle: Option<bool>,
    /// Whether `target_axes` could be read.
    pub has_target_axes: bool,
    /// Whether `channels` could be read.
    pub has_channels: bool,
}

/// What the rest of `data_config` says to one of its blocks, as far as it could be read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Surroundings<'a> {
    pub rules: Rules,
    pub mode: Option<Mode>,
    pub data_type: Option<DataType>,
    pub space: Option<Space<'a>>,
    pub seed: Option<u64>,
}

/// The section `data_config`; nothing without a mode, a type and axes.
///
/// Axes that a run does not name are those of its images.
pub(crate) fn data(
    reader: &mut Reader<'_>,
    value: &Value<'_>,
    rules: Rules,
    own_axes: &OwnAxes<'_>,
) -> Option<ReadData> {
    let block = value.block(reader)?;
    let block = rules.only(reader, block, KEYS);
    if rules.ignores_unknown {
        refuse_nulls(reader, &block);
    }
    let images = Images::read(reader, &block, rules, own_axes);
    let seed = block.or(reader, "seed", DEFAULT_SEED, positive_seed);
    let Images { mode, data_type, .. } = images;
    let around = Surroundings { rules, mode, data_type, space: images.space(), seed };
    let patching = block
        .need(reader, "patching", "a block with a name", |reader, value| patching(reader, value, &around));
    let normalization = block.need(reader, "normalization", "a block with a name", |reader, value| {
        normalization(reader, value, rules)
    });
    let augmentations =
        block.or(reader, "augmentations", AugmentationPlan::DEFAULT.to_vec(), |reader, value| {
            augmentations(reader, value, rules)
        });
    let lateral = lateral(reader, &block, &around);
    let patch_filter = block.maybe(reader, "patch_filter", |reader, value| {
        refuse_beside_lateral(reader, value, &block, rules)?;
        patch_filter(reader, value, &around)
    });
    let mask_filter = mask_filter(reader, &block, &around);
    let loading = Loading::read(reader, &block, rules);
    check_turns(reader, &block, patching.as_ref(), augmentations.as_deref());
    check_windows(reader, &block, patching.as_ref(), lateral.as_ref().and_then(Option::as_ref));
    let has_channels = images.channels.is_some();
    let shuffle =
        block.given("train_dataloader_params").and(loading.train.as_ref()).and_then(LoaderParams::shuffle);
    // A stand-in must not cause problems of its own: statistics are only checked with the right channels.
    let normalization = normalization.filter(|_| has_channels && lateral.is_some());
    let plan = DataPlan {
        mode: images.mode?,
        data_type: images.data_type?,
        axes: images.axes?,
        own_target_axes: images.target_axes.clone().flatten(),
        axes_source: images.axes_source,
        patching: patching.clone().unwrap_or(PatchingPlan::Tiling(TilingPlan::Whole)),
        normalization: normalization.unwrap_or(NormalizationPlan::None),
        batch_size: loading.batch_size.unwrap_or(1),
        in_memory: images.in_memory.unwrap_or(true),
        n_val_patches: loading.n_val_patches.unwrap_or(0),
        channels: images.channels.flatten().filter(|list| !list.is_empty()),
        patch_filter: patch_filter.flatten(),
        mask_filter: mask_filter.flatten(),
        augmentations: augmentations.unwrap_or_default(),
        train_loader: loading.train.unwrap_or_default(),
        val_loader: loading.val.unwrap_or_default(),
        pred_loader: loading.pred.unwrap_or_default(),
        num_workers: loading.num_workers.unwrap_or(1),
        seed: seed.unwrap_or(DEFAULT_SEED),
        lateral: lateral.clone().flatten(),
    };
    Some(ReadData {
        plan,
        patching,
        lateral,
        mask_filter,
        batch_size: loading.batch_size,
        n_val_patches: loading.n_val_patches,
        n_val_at: block.given("n_val_patches").map(|value| value.location),
        shuffle,
        has_target_axes: images.target_axes.is_some(),
        has_channels,
    })
}

/// What the images are, as far as it could be read.
struct Images {
    mode: Option<Mode>,
    data_type: Option<DataType>,
    axes: Option<Axes>,
    target_axes: Option<Option<Axes>>,
    axes_source: AxesSource,
    channels: Option<Option<Vec<usize>>>,
    in_memory: Option<bool>,
}

impl Images {
    fn read(reader: &mut Reader<'_>, block: &Block<'_>, rules: Rules, own: &OwnAxes<'_>) -> Images {
        let mode = block.need(reader, "mode", &MODES.expected(), |reader, value| MODES.read(reader, value));
        let data_type = data_type(reader, block, rules);
        let is_written = |key| block.given(key).is_some();
        let axes_source = axes_source(reader, block, rules);
        let asks_files = rules.for_run && (!is_written("axes") || axes_source == AxesSource::File);
        let unnamed = data_type.filter(|_| asks_files);
        let found = match unnamed {
            Some(data_type) if !is_written("axes") => own.axes(reader, block, data_type),
            Some(data_type) => own.axes_if_named(data_type),
            None => None,
        };
        let axes = match &found {
            Some(layout) => Some(layout.axes().clone()),
            None if unnamed.is_some() && !is_written("axes") => None,
            None => block.need(reader, "axes", "letters of STCZYX, as in YX", |reader, value| {
                axes(reader, value, data_type)
            }),
        };
        let space = axes.as_ref().map(|axes| Space::new(axes, data_type));
        let target_axes = match (unnamed, &axes) {
            (Some(data_type), Some(axes))
                if !is_written("target_axes") || own.targets_are_named(data_type) =>
            {
                own.target_axes(reader, data_type, axes, found.as_ref())
            }
            _ => block
                .maybe(reader, "target_axes", |reader, value| target_axes(reader, value, data_type, space)),
        };
        let channels =
            block.maybe(reader, "channels", |reader, value| channels(reader, value, axes.as_ref()));
        let in_memory = in_memory(reader, block, data_type);
        Images { mode, data_type, axes, target_axes, axes_source, channels, in_memory }
    }

    fn space(&self) -> Option<Space<'_>> {
        self.axes.as_ref().map(|axes| Space::new(axes, self.data_type))
    }
}

/// How samples are loaded, as far as it could be read.
struct Loading {
    batch_size: Option<usize>,
    n_val_patches: Option<usize>,
    num_workers: Option<usize>,
    train: Option<LoaderParams>,
    val: Option<LoaderParams>,
    pred: Option<LoaderParams>,
}

impl Loading {
    fn read(reader: &mut Reader<'_>, block: &Block<'_>, rules: Rules) -> Loading {
        Loading {
            batch_size: block.or(reader, "batch_size", 1, positive),
            n_val_patches: block.or(reader, "n_val_patches", DEFAULT_VAL_PATCHES, |reader, value| {
                count(reader, value, 0..=usize::MAX)
            }),
            num_workers: block.or(reader, "num_workers", default_workers(), workers),
            train: train_loader_params(reader, block, rules),
            val: loader_params(reader, block, "val_dataloader_params", rules),
            pred: loader_params(reader, block, "pred_dataloader_params", rules),
        }
    }
}

fn refuse_nulls(reader: &mut Reader<'_>, block: &Block<'_>) {
    for value in NEVER_NULL.iter().filter_map(|key| block.get(key)) {
        if *value.kind == Kind::Null {
            reader.refuse::<()>(&value, "a value, or no such key");
        }
    }
}

/// The axes alone, for sections that need them although the rest of `data_config` is refused.
pub(crate) fn axes_of(block: &Block<'_>) -> Option<Axes> {
    block.get("axes")?.as_text()?.parse().ok()
}

fn channels(reader: &mut Reader<'_>, value: &Value<'_>, axes: Option<&Axes>) -> Option<Vec<usize>> {
    let entries = value.entries().unwrap_or_else(|| vec![value.clone()]);
    let read: Vec<_> = entries.iter().map(|entry| channel(reader, entry)).collect();
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
    count(reader, value, 0..=MAX_WORKERS)
}

fn default_workers() -> usize {
    available_parallelism().map_or(1, |n_cores| n_cores.get().saturating_sub(1).clamp(1, 4))
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
