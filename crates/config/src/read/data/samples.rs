//! How samples are made of images: how they are cut, scaled, filtered, changed and given context.

use super::augmentations::augmentations;
use super::filters::{mask_filter, patch_filter};
use super::lateral::{check_windows, lateral, refuse_beside_lateral};
use super::normalization::normalization;
use super::patching::patching;
use super::surroundings::Surroundings;
use crate::plan::{
    AugmentationPlan, LateralPlan, MaskFilterPlan, NormalizationPlan, PatchFilterPlan, PatchingPlan,
};
use crate::read::values::{Block, Reader, is_square, refuse_oblong};

/// How samples are made; an outer `None` says that the key was refused.
pub(super) struct Samples {
    pub patching: Option<PatchingPlan>,
    pub normalization: Option<NormalizationPlan>,
    pub augmentations: Option<Vec<AugmentationPlan>>,
    pub lateral: Option<Option<LateralPlan>>,
    pub patch_filter: Option<Option<PatchFilterPlan>>,
    pub mask_filter: Option<Option<MaskFilterPlan>>,
}

impl Samples {
    pub fn read(reader: &mut Reader<'_>, block: &Block<'_>, around: &Surroundings<'_>) -> Samples {
        let rules = around.rules;
        Samples {
            patching: block.need(reader, "patching", "a block with a name", |reader, value| {
                patching(reader, value, around)
            }),
            normalization: block.need(reader, "normalization", "a block with a name", |reader, value| {
                normalization(reader, value, rules)
            }),
            augmentations: block.or(
                reader,
                "augmentations",
                AugmentationPlan::DEFAULT.to_vec(),
                |reader, value| augmentations(reader, value, rules),
            ),
            lateral: lateral(reader, block, around),
            patch_filter: block.maybe(reader, "patch_filter", |reader, value| {
                refuse_beside_lateral(reader, value, block, rules)?;
                patch_filter(reader, value, around)
            }),
            mask_filter: mask_filter(reader, block, around),
        }
    }

    /// Reports parts that do not fit each other.
    pub fn check(&self, reader: &mut Reader<'_>, block: &Block<'_>) {
        self.check_turns(reader, block);
        let lateral = self.lateral.as_ref().and_then(Option::as_ref);
        check_windows(reader, block, self.patching.as_ref(), lateral);
    }

    /// Quarter turns need square patches; most strategies accept no others.
    fn check_turns(&self, reader: &mut Reader<'_>, block: &Block<'_>) {
        let is_turn = |plan: &AugmentationPlan| matches!(plan, AugmentationPlan::XyRandomRotate90 { .. });
        let has_turns = self.augmentations.as_ref().is_some_and(|list| list.iter().any(is_turn));
        if let Some(patch_size) = self.patching.as_ref().and_then(PatchingPlan::oblong_size)
            && has_turns
            && !is_square(patch_size)
            && let Some(value) = block.get("patching")
            && let Some(value) = value.block(reader).and_then(|patching| patching.get("patch_size"))
        {
            refuse_oblong::<()>(reader, &value, patch_size);
        }
    }
}
