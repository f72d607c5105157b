//! The `train` section: which images, how many epochs, how much is loaded ahead.

use std::path::PathBuf;

use crate::paths::paths;
use crate::reader::{Block, Reader, Value, counted};
use crate::scalar::{count, positive};

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
/// assert_eq!((train.targets.len(), train.epochs, train.prefetch_bytes), (2, 1, 2 << 20));
/// # Ok::<(), patchweave_config::ConfigErrors>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrainPlan {
    /// The input images, at least one.
    pub inputs: Vec<PathBuf>,
    /// One target per input, or none at all.
    pub targets: Vec<PathBuf>,
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
}

const KEYS: &[&str] =
    &["input", "target", "epochs", "max_batches", "prefetch_batches", "prefetch_mib", "montage_patches"];

const MIB: usize = 1 << 20;

/// More would not be looked at.
const MAX_MONTAGE_PATCHES: usize = 256;

/// The key `prefetch_mib` of a section, in bytes.
pub(crate) fn prefetch_bytes(reader: &mut Reader<'_>, block: &Block<'_>) -> Option<usize> {
    let mib =
        block.or(reader, "prefetch_mib", 512, |reader, value| count(reader, value, 1..=usize::MAX / MIB));
    mib?.checked_mul(MIB)
}

/// The section `train`, with stand-ins for refused values; nothing without inputs.
pub(crate) fn train(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<TrainPlan> {
    let block = value.block(reader)?.only(reader, KEYS);
    let inputs = block.need(reader, "input", "a path or a list of paths", paths);
    let targets = block.or(reader, "target", Vec::new(), paths);
    if let (Some(inputs), Some(targets), Some(value)) = (&inputs, &targets, block.given("target"))
        && inputs.len() != targets.len()
    {
        let found = format!("got {}", counted(targets.len(), "target", "targets"));
        let expected = format!("as many as inputs, {}", inputs.len());
        reader.refuse_found::<()>(&value, found, expected);
    }
    let epochs = block.or(reader, "epochs", 1, positive);
    let max_batches = block.maybe(reader, "max_batches", positive);
    let prefetch_batches = block.or(reader, "prefetch_batches", 8, positive);
    let prefetch_bytes = prefetch_bytes(reader, &block);
    let montage_patches = block
        .or(reader, "montage_patches", 12, |reader, value| count(reader, value, 0..=MAX_MONTAGE_PATCHES));
    Some(TrainPlan {
        inputs: inputs?,
        targets: targets.unwrap_or_default(),
        epochs: epochs.unwrap_or(1),
        max_batches: max_batches.flatten(),
        prefetch_batches: prefetch_batches.unwrap_or(1),
        prefetch_bytes: prefetch_bytes.unwrap_or(usize::MAX),
        montage_patches: montage_patches.unwrap_or(0),
    })
}
