//! The `train` section: which images, how they are validated, how many epochs, how they are loaded.

use std::path::PathBuf;

use crate::constructor::{ConstructorPlan, constructor};
use crate::data_block::ReadData;
use crate::extras::{Extras, extras};
use crate::fit_source::{FitSource, fit_source};
use crate::loading::{self, LoadingPlan, loading};
use crate::mix::{self, MixPlan, mix};
use crate::normalization::NormalizationPlan;
use crate::order::check_order;
use crate::reader::{Block, Reader, Value};
use crate::scalar::{count, positive};
use crate::sources::{Sources, sources};
use crate::target_kind::{TargetKind, target_kind};

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

const MIB: usize = 1 << 20;

/// More would not be looked at.
const MAX_MONTAGE_PATCHES: usize = 256;

/// The key `prefetch_mib` of a section, in bytes.
pub(crate) fn prefetch_bytes(reader: &mut Reader<'_>, block: &Block<'_>) -> Option<usize> {
    let mib =
        block.or(reader, "prefetch_mib", 512, |reader, value| count(reader, value, 1..=usize::MAX / MIB));
    mib?.checked_mul(MIB)
}

/// Statistics that cannot be computed as asked for.
fn check_statistics(
    reader: &mut Reader<'_>,
    block: &Block<'_>,
    constructor: Option<ConstructorPlan>,
    statistics: Option<FitSource>,
    data: Option<&ReadData>,
) {
    let (Some(data), Some(value)) = (data, block.given("statistics")) else { return };
    match (statistics, &data.plan.normalization) {
        (
            Some(FitSource::Patches { tolerance: Some(_) }),
            NormalizationPlan::MinMax { .. } | NormalizationPlan::Quantile { .. },
        ) => {
            let found = format!("a tolerance with normalization {}", data.plan.normalization.name());
            reader.refuse_found::<()>(
                &value,
                found,
                "mean_std, or no tolerance: only means and deviations have a standard error",
            );
        }
        (Some(FitSource::Images), _) if constructor.is_some_and(|constructor| !constructor.has_inputs()) => {
            let found = "statistics from images where inputs are mixed from channels";
            reader.refuse_found::<()>(&value, found, "from: patches");
        }
        _ => {}
    }
}

/// The section `train`, with stand-ins for refused values; nothing without a constructor and its images.
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
