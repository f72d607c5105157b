//! The section `data_config`: its keys, and the order in which its parts are read.

use super::batches::Batches;
use super::images::Images;
use super::own_axes::OwnAxes;
use super::read_data::ReadData;
use super::samples::Samples;
use super::surroundings::Surroundings;
use crate::plan::{DataPlan, LoaderParams, NormalizationPlan, PatchingPlan, TilingPlan};
use crate::read::rules::Rules;
use crate::read::values::{Block, Reader, Value, positive_seed};
use crate::text::Kind;

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

/// Keys that the reference refuses with the value `null`.
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

/// Reads the section `data_config`; `None` without a mode, a data type or axes.
///
/// A run that does not name its axes gets those of its images.
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
    let around =
        Surroundings { rules, mode: images.mode, data_type: images.data_type, space: images.space(), seed };
    let samples = Samples::read(reader, &block, &around);
    let batches = Batches::read(reader, &block, rules);
    samples.check(reader, &block);
    let shuffle = shuffle_of(&block, &batches);
    let plan = plan(&images, &samples, &batches, seed)?;
    Some(ReadData {
        plan,
        patching: samples.patching,
        lateral: samples.lateral,
        mask_filter: samples.mask_filter,
        batch_size: batches.batch_size,
        n_val_patches: batches.n_val_patches,
        n_val_at: block.given("n_val_patches").map(|value| value.location),
        shuffle,
        has_target_axes: images.target_axes.is_some(),
        has_channels: images.channels.is_some(),
    })
}

/// The plan, with stand-ins for refused values.
fn plan(images: &Images, samples: &Samples, batches: &Batches, seed: Option<u64>) -> Option<DataPlan> {
    // Statistics are checked against channels: stand-ins for channels would cause problems of their own.
    let has_statistics = images.channels.is_some() && samples.lateral.is_some();
    let normalization = samples.normalization.clone().filter(|_| has_statistics);
    Some(DataPlan {
        mode: images.mode?,
        data_type: images.data_type?,
        axes: images.axes.clone()?,
        own_target_axes: images.target_axes.clone().flatten(),
        axes_source: images.axes_source,
        patching: samples.patching.clone().unwrap_or(PatchingPlan::Tiling(TilingPlan::Whole)),
        normalization: normalization.unwrap_or(NormalizationPlan::None),
        batch_size: batches.batch_size.unwrap_or(1),
        in_memory: images.in_memory.unwrap_or(true),
        n_val_patches: batches.n_val_patches.unwrap_or(0),
        channels: images.channels.clone().flatten().filter(|list| !list.is_empty()),
        patch_filter: samples.patch_filter.flatten(),
        mask_filter: samples.mask_filter.flatten(),
        augmentations: samples.augmentations.clone().unwrap_or_default(),
        train_loader: batches.train.clone().unwrap_or_default(),
        val_loader: batches.val.clone().unwrap_or_default(),
        pred_loader: batches.pred.clone().unwrap_or_default(),
        num_workers: batches.num_workers.unwrap_or(1),
        seed: seed.unwrap_or(DEFAULT_SEED),
        lateral: samples.lateral.clone().flatten(),
    })
}

/// Whether training patches are shuffled, where `train_dataloader_params` is given and says so.
fn shuffle_of(block: &Block<'_>, batches: &Batches) -> Option<bool> {
    block.given("train_dataloader_params")?;
    batches.train.as_ref().and_then(LoaderParams::shuffle)
}

fn refuse_nulls(reader: &mut Reader<'_>, block: &Block<'_>) {
    for value in NEVER_NULL.iter().filter_map(|key| block.get(key)) {
        if *value.kind == Kind::Null {
            reader.refuse::<()>(&value, "a value (omit the key for its default)");
        }
    }
}

/// Refuses the mode of a data set for a section that cannot use it.
pub(crate) fn refuse_mode(reader: &mut Reader<'_>, block: &Block<'_>, expected: &str) {
    if let Some(value) = block.get("mode") {
        reader.refuse::<()>(&value, expected);
    }
}
