//! Masks, weights, and patches that are split off for validation.

use std::path::PathBuf;

use crate::plan::{ConstructorPlan, ContextSource, OrderPlan, PatchingPlan};
use crate::read::data::read_data::ReadData;
use crate::read::values::{Block, Reader, Value, paths, truth};

/// Masks, weights, and the split for validation.
#[derive(Debug, Default)]
pub(crate) struct Extras {
    pub masks: Vec<PathBuf>,
    pub weights: Vec<PathBuf>,
    pub leak_free: bool,
    pub n_val_patches: usize,
}

/// Reads masks, weights and the split for validation; what was refused is empty.
pub(crate) fn extras(
    reader: &mut Reader<'_>,
    block: &Block<'_>,
    constructor: Option<ConstructorPlan>,
    order: Option<OrderPlan>,
    data: Option<&ReadData>,
) -> Extras {
    let masks = block.or(reader, "mask", Vec::new(), paths);
    let weights = block.or(reader, "weights", Vec::new(), paths);
    let leak_free = block.or(reader, "leak_free", false, truth);
    let Some(constructor) = constructor else { return Extras::default() };
    let Some(data) = data else { return Extras::default() };
    let known = Known { constructor, order, data };
    let has_masks = known.check_masks(reader, block);
    let has_weights = known.check_weights(reader, block);
    let n_val_patches = known.split(reader, block, leak_free);
    Extras {
        masks: masks.filter(|_| has_masks).unwrap_or_default(),
        weights: weights.filter(|_| has_weights).unwrap_or_default(),
        leak_free: leak_free == Some(true) && n_val_patches > 0,
        n_val_patches,
    }
}

/// What the keys for masks, weights and the split depend on.
struct Known<'a> {
    constructor: ConstructorPlan,
    order: Option<OrderPlan>,
    data: &'a ReadData,
}

impl Known<'_> {
    /// Whether masks are used: by order foreground, or by a mask filter with stratified patching.
    fn check_masks(&self, reader: &mut Reader<'_>, block: &Block<'_>) -> bool {
        let is_order = self.order == Some(OrderPlan::Foreground);
        let Some(value) = block.given("mask") else {
            if is_order {
                let expected = "a path or a list of paths, because order is foreground";
                block.missing::<()>(reader, "mask", expected);
            }
            return false;
        };
        if !self.constructor.has_inputs() {
            let found = format!("masks with constructor {}", self.constructor.name());
            reader.refuse_found::<()>(&value, found, "constructor basic or paired, which read inputs");
            return false;
        }
        if is_order {
            return true;
        }
        let is_stratified = self.needs_stratified(reader, &value, "masks");
        if self.data.mask_filter == Some(None) {
            let expected = "a mask_filter in data_config, or no masks";
            reader.refuse_found::<()>(&value, "masks without a mask_filter", expected);
            return false;
        }
        is_stratified
    }

    /// Whether weights are used: by patching weighted, or by order weighted.
    fn check_weights(&self, reader: &mut Reader<'_>, block: &Block<'_>) -> bool {
        let Some(patching) = &self.data.patching else { return false };
        let is_weighted = matches!(patching, PatchingPlan::Weighted { .. });
        let is_order = self.order == Some(OrderPlan::Weighted);
        if is_weighted
            && self.constructor == ConstructorPlan::IndependentTargets
            && let Some(value) = block.given("constructor")
        {
            let found = "independent_targets with patching weighted";
            let expected = "another patching, because every channel is cut at a position of its own";
            reader.refuse_found::<()>(&value, found, expected);
            return false;
        }
        let Some(value) = block.given("weights") else {
            if is_weighted || is_order {
                let what = if is_weighted { "patching" } else { "order" };
                let expected = format!("a path or a list of paths, because {what} is weighted");
                block.missing::<()>(reader, "weights", &expected);
            }
            return false;
        };
        if !is_weighted && !is_order {
            let found = format!("weights with patching {}", patching.name());
            reader.refuse_found::<()>(&value, found, "patching weighted, order weighted, or no weights");
            return false;
        }
        true
    }

    /// The number of patches that are split off for validation.
    fn split(&self, reader: &mut Reader<'_>, block: &Block<'_>, leak_free: Option<bool>) -> usize {
        let images_key = ["val_input", "val_target"].into_iter().find(|key| block.given(key).is_some());
        if leak_free == Some(true)
            && let Some(value) = block.given("leak_free")
        {
            self.check_leak_free(reader, block, &value, images_key);
        }
        let is_stratified = matches!(self.data.patching, Some(PatchingPlan::Stratified { .. }));
        let can_split = match self.constructor {
            ConstructorPlan::Basic => true,
            ConstructorPlan::MultiChannelTarget | ConstructorPlan::Paired => leak_free == Some(true),
            ConstructorPlan::IndependentTargets => false,
        };
        let wanted = self.data.n_val_at.filter(|_| self.data.n_val_patches.is_some_and(|n| n > 0));
        if !(can_split && is_stratified)
            && images_key.is_none()
            && let Some(location) = wanted
        {
            let needed = match self.constructor {
                _ if !is_stratified => "patching stratified",
                ConstructorPlan::IndependentTargets => "constructor basic, multi_channel_target or paired",
                _ => "leak_free: true in train",
            };
            let message = format!("no validation patches are split off: that requires {needed}");
            reader.warn_at(location, "data_config.n_val_patches", message);
        }
        let n_val_patches = self.data.n_val_patches.filter(|_| can_split && is_stratified);
        n_val_patches.filter(|_| images_key.is_none()).unwrap_or(0)
    }

    /// Checks that patches are split off and that leaks can be excluded; `images_key` names separate validation images.
    fn check_leak_free(
        &self,
        reader: &mut Reader<'_>,
        block: &Block<'_>,
        value: &Value<'_>,
        images_key: Option<&str>,
    ) {
        let lateral = self.data.lateral.as_ref().and_then(Option::as_ref);
        let from_pyramid = lateral.is_some_and(|lateral| lateral.source == ContextSource::Pyramid);
        let statistics = block.given("statistics").and_then(|value| value.as_block()?.get("from"));
        let from_images = statistics.and_then(|from| from.as_text()) == Some("images");
        let mut refuse = |found: &str, expected: &str| reader.refuse_found::<()>(value, found, expected);
        if let Some(key) = images_key {
            refuse(
                &format!("leak_free with {key}"),
                "only one of the two: with separate validation images nothing is split off",
            );
        } else if self.data.n_val_patches == Some(0) {
            refuse("leak_free with n_val_patches 0", "at least 1, or no leak_free");
        } else if self.constructor == ConstructorPlan::IndependentTargets {
            let expected = "val_target instead, because every channel is cut at a position of its own";
            refuse("leak_free with constructor independent_targets", expected);
        } else if from_pyramid {
            let expected =
                "context_source image, because it is unknown from which pixels a pyramid level was made";
            refuse("leak_free with context_source pyramid", expected);
        } else if from_images {
            let expected = "statistics from patches, which exclude those for validation";
            refuse("leak_free with statistics from images", expected);
        } else {
            self.needs_stratified(reader, value, "leak_free");
        }
    }

    /// Whether the patching is stratified, which `what` requires; reports any other patching.
    fn needs_stratified(&self, reader: &mut Reader<'_>, value: &Value<'_>, what: &str) -> bool {
        match &self.data.patching {
            Some(PatchingPlan::Stratified { .. }) => true,
            Some(other) => {
                let found = format!("{what} with patching {}", other.name());
                reader.refuse_found::<()>(value, found, "patching stratified");
                false
            }
            None => false,
        }
    }
}
