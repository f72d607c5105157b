//! What a training asks of its `data_config`: settings that it cannot use, or makes no use of.

use crate::plan::{ConstructorPlan, Mode, PatchingPlan};
use crate::read::data::read_data::ReadData;
use crate::read::values::{Block, Reader};

/// A patch filter needs a grid to thin out.
pub(crate) fn check_patch_filter(reader: &mut Reader<'_>, data_config: &Block<'_>, data: &ReadData) {
    if let (Some(value), Some(patching)) = (data_config.given("patch_filter"), &data.patching)
        && data.plan.mode == Mode::Training
        && data.plan.patch_filter.is_some()
        && !matches!(patching, PatchingPlan::Stratified { .. })
    {
        let found = format!("a patch filter with patching {}", patching.name());
        reader.refuse_found::<()>(&value, found, "patching stratified");
    }
}

/// Warns of settings that the constructor makes no use of.
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
            reader.warn(&value, format!("not used by constructor {}", constructor.name()));
        }
    }
}
