//! The key `target_kind`.

use crate::plan::{ConstructorPlan, TargetKind};
use crate::read::data::read_data::ReadData;
use crate::read::values::{Block, Names, Reader, Value};
use crate::text::Kind;

const KINDS: Names<'_, TargetKind> = Names {
    known: &[("labels", TargetKind::Labels), ("intensities", TargetKind::Intensities)],
    refused: &[("masks", "are called labels"), ("mask", "is called labels")],
};

/// Reads the key `target_kind`, with a stand-in for a refused value.
pub(crate) fn target_kind(
    reader: &mut Reader<'_>,
    block: &Block<'_>,
    constructor: Option<ConstructorPlan>,
) -> TargetKind {
    let Some(value) = block.given("target_kind") else { return TargetKind::Unsaid };
    let kind = KINDS.read(reader, &value).unwrap_or_default();
    let Some(constructor) = constructor.filter(|_| kind.is_labels()) else { return kind };
    if !constructor.has_inputs() {
        let found =
            format!("labels with constructor {}, which mixes inputs from targets", constructor.name());
        reader.refuse_found::<()>(&value, found, "constructor basic or paired, which read inputs");
        return TargetKind::Unsaid;
    }
    if block.given("target").is_none() {
        reader.refuse_found::<()>(&value, "labels without a target", "target, or no target_kind");
        return TargetKind::Unsaid;
    }
    kind
}

/// Makes the normalisation skip labels, and reports what in `data_config` contradicts that.
pub(crate) fn check_labels(reader: &mut Reader<'_>, data_config: &Block<'_>, data: &mut ReadData) {
    let block = data_config.given("normalization").and_then(|value| value.as_block());
    let given = |key: &str| -> Option<Value<'_>> { block.as_ref()?.given(key) };
    if let Some(value) = given("skip_target").filter(|value| *value.kind == Kind::Bool(false)) {
        let found = "skip_target: false with target_kind labels in train";
        reader.refuse_found::<()>(&value, found, "true, or no skip_target: labels are not normalised");
    }
    if !data.plan.normalization.skips_target() {
        for key in ["target_means", "target_mins", "target_lower_quantile_values"] {
            if let Some(value) = given(key) {
                reader.warn(&value, "has no effect, because train.target_kind is labels");
            }
        }
    }
    data.plan.normalization.skip_target();
}
