//! The section `train`.

use super::constructor::constructor;
use super::extras::{Extras, extras};
use super::loading::{self, loading};
use super::mix::{self, mix};
use super::order::check_order;
use super::sources::{Sources, sources};
use super::statistics::fit_source;
use super::target_kind::target_kind;
use crate::plan::{ConstructorPlan, FitSource, NormalizationPlan, TrainPlan};
use crate::read::data::read_data::ReadData;
use crate::read::values::{Block, Reader, Value, count, positive, prefetch_bytes};

const OWN_KEYS: &[&str] = &[
    "constructor",
    "input",
    "target",
    "val_input",
    "val_target",
    "leak_free",
    "mask",
    "weights",
    "target_kind",
    "statistics",
    "epochs",
    "max_batches",
    "prefetch_batches",
    "prefetch_mib",
    "montage_patches",
];

/// The most patches in a montage.
const MAX_MONTAGE_PATCHES: usize = 256;

/// Checks that statistics can be computed from their source.
fn check_statistics(
    reader: &mut Reader<'_>,
    block: &Block<'_>,
    constructor: Option<ConstructorPlan>,
    statistics: Option<FitSource>,
    data: Option<&ReadData>,
) {
    let Some(data) = data else { return };
    let Some(value) = block.given("statistics") else { return };
    match (statistics, &data.plan.normalization) {
        (
            Some(FitSource::Patches { tolerance: Some(_) }),
            NormalizationPlan::MinMax { .. } | NormalizationPlan::Quantile { .. },
        ) => {
            let found = format!("a tolerance with normalization {}", data.plan.normalization.name());
            reader.refuse_found::<()>(
                &value,
                found,
                "mean_std, or no tolerance: only means and standard deviations have a standard error",
            );
        }
        (Some(FitSource::Images), _) if constructor.is_some_and(|constructor| !constructor.has_inputs()) => {
            let found = "statistics from images where inputs are mixed from channels";
            reader.refuse_found::<()>(&value, found, "from: patches");
        }
        _ => {}
    }
}

/// Reads the section `train`, with stand-ins for refused values; `None` without a constructor and its images.
pub(crate) fn train(
    reader: &mut Reader<'_>,
    value: &Value<'_>,
    data: Option<&ReadData>,
) -> Option<TrainPlan> {
    let block = value.block(reader)?.only(reader, &[OWN_KEYS, loading::KEYS, mix::KEYS].concat());
    let constructor = constructor(reader, &block, data);
    let images = constructor.and_then(|constructor| sources(reader, &block, constructor));
    let loading = loading(reader, &block);
    check_order(reader, &block, loading.order, constructor, data);
    let mix = mix(reader, &block);
    let extras = extras(reader, &block, constructor, loading.order, data);
    let target_kind = target_kind(reader, &block, constructor);
    let statistics = block.or(reader, "statistics", FitSource::default(), fit_source);
    check_statistics(reader, &block, constructor, statistics, data);
    let epochs = block.or(reader, "epochs", 1, positive);
    let max_batches = block.maybe(reader, "max_batches", positive);
    let prefetch_batches = block.or(reader, "prefetch_batches", 8, positive);
    let prefetch_bytes = prefetch_bytes(reader, &block);
    let montage_patches = block
        .or(reader, "montage_patches", 12, |reader, value| count(reader, value, 0..=MAX_MONTAGE_PATCHES));
    let Sources { inputs, targets, val_inputs, val_targets } = images?;
    let Extras { masks, weights, leak_free, n_val_patches } = extras;
    Some(TrainPlan {
        constructor: constructor?,
        inputs,
        targets,
        val_inputs,
        val_targets,
        n_val_patches,
        n_val_is_default: data.is_none_or(|data| data.n_val_at.is_none()),
        leak_free,
        masks,
        weights,
        target_kind,
        statistics: statistics.unwrap_or_default(),
        epochs: epochs.unwrap_or(1),
        max_batches: max_batches.flatten(),
        prefetch_batches: prefetch_batches.unwrap_or(1),
        prefetch_bytes: prefetch_bytes.unwrap_or(usize::MAX),
        montage_patches: montage_patches.unwrap_or(0),
        loading,
        mix,
    })
}
