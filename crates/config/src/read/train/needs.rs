//! What a training requires of `data_config`, and which settings there have no effect on it.

use crate::plan::{ConstructorPlan, Mode, PatchingPlan};
use crate::read::data::read_data::ReadData;
use crate::read::values::{Block, Reader};

/// Checks that a patch filter is used with stratified patching, the only one that can leave out patches.
pub(crate) fn check_patch_filter(reader: &mut Reader<'_>, data_config: &Block<'_>, data: &ReadData) {
    if let Some(value) = data_config.given("patch_filter")
        && let Some(patching) = &data.patching
        && data.plan.mode == Mode::Training
        && data.plan.patch_filter.is_some()
        && !matches!(patching, PatchingPlan::Stratified { .. })
    {
        let found = format!("a patch filter with patching {}", patching.name());
        reader.refuse_found::<()>(&value, found, "patching stratified");
    }
}

/// Warns about settings that have no effect with the constructor.
pub(crate) fn warn_of_unused(
    reader: &mut Reader<'_>,
    data_config: &Block<'_>,
    data: &ReadData,
    constructor: ConstructorPlan,
) {
    let Some(Some(lateral)) = &data.lateral else { return };
    let is_uncorrelated = lateral.uncorrelated_channel_prob > 0.0;
    let is_unused = |key: &str| match (constructor, key) {
        (ConstructorPlan::IndependentTargets, "channels") => data.plan.channels.is_some(),
        (ConstructorPlan::Paired, "alpha_ranges") => lateral.alpha_ranges.is_some(),
        (ConstructorPlan::IndependentTargets | ConstructorPlan::Paired, "uncorrelated_channel_prob") => {
            is_uncorrelated
        }
        _ => false,
    };
    for key in ["channels", "alpha_ranges", "uncorrelated_channel_prob"] {
        if let Some(value) = data_config.given(key).filter(|_| is_unused(key)) {
            reader.warn(&value, format!("has no effect with constructor {}", constructor.name()));
        }
    }
}
