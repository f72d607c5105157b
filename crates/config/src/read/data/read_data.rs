//! What is known of `data_config` once it was read, with or without problems.

use crate::plan::{DataPlan, LateralPlan, MaskFilterPlan, PatchingPlan};
use crate::text::Location;

/// The section `data_config` as far as it could be read; an outer `None` says that the key was refused.
pub(crate) struct ReadData {
    /// The plan; in place of refused values it holds stand-ins that fit any image.
    pub plan: DataPlan,
    /// How images are cut.
    pub patching: Option<PatchingPlan>,
    /// The lateral context; the inner `None` is for none.
    pub lateral: Option<Option<LateralPlan>>,
    /// The mask filter; the inner `None` is for none.
    pub mask_filter: Option<Option<MaskFilterPlan>>,
    /// Samples per batch.
    pub batch_size: Option<usize>,
    /// How many patches may be split off for validation.
    pub n_val_patches: Option<usize>,
    /// Where `n_val_patches` stands, if the file gives it.
    pub n_val_at: Option<Location>,
    /// Whether training patches are shuffled, where `train_dataloader_params` is given.
    pub shuffle: Option<bool>,
    /// Whether `target_axes` was accepted.
    pub has_target_axes: bool,
    /// Whether `channels` was accepted.
    pub has_channels: bool,
}
