//! Batches, patches for validation, and the workers that load them.

use std::thread::available_parallelism;

use super::loader_params::{MAX_WORKERS, loader_params, train_loader_params};
use crate::plan::LoaderParams;
use crate::read::rules::Rules;
use crate::read::values::{Block, Reader, count, positive};

const DEFAULT_VAL_PATCHES: usize = 8;

/// How samples are loaded; `None` for what was refused.
pub(super) struct Batches {
    pub batch_size: Option<usize>,
    pub n_val_patches: Option<usize>,
    pub num_workers: Option<usize>,
    pub train: Option<LoaderParams>,
    pub val: Option<LoaderParams>,
    pub pred: Option<LoaderParams>,
}

impl Batches {
    pub fn read(reader: &mut Reader<'_>, block: &Block<'_>, rules: Rules) -> Batches {
        Batches {
            batch_size: block.or(reader, "batch_size", 1, positive),
            n_val_patches: block.or(reader, "n_val_patches", DEFAULT_VAL_PATCHES, |reader, value| {
                count(reader, value, 0..=usize::MAX)
            }),
            num_workers: block.or(reader, "num_workers", default_workers(), |reader, value| {
                count(reader, value, 0..=MAX_WORKERS)
            }),
            train: train_loader_params(reader, block, rules),
            val: loader_params(reader, block, "val_dataloader_params", rules),
            pred: loader_params(reader, block, "pred_dataloader_params", rules),
        }
    }
}

/// One worker less than the machine has cores, at least 1 and at most 4.
fn default_workers() -> usize {
    available_parallelism().map_or(1, |n_cores| n_cores.get().saturating_sub(1).clamp(1, 4))
}
