//! The blocks `patch_filter` and `mask_filter`.

use super::surroundings::Surroundings;
use crate::plan::{Background, MaskFilterPlan, Mode, PatchFilterPlan};
use crate::read::values::{Block, Fractions, Names, Reader, Value, channel, fraction};
use crate::text::Kind;

#[derive(Debug, Clone, Copy)]
enum Name {
    Max,
    MeanStd,
    Shannon,
}

const NAMES: Names<'_, Name> = Names {
    known: &[("max", Name::Max), ("mean_std", Name::MeanStd), ("shannon", Name::Shannon)],
    refused: &[("mask", "goes into mask_filter")],
};

const MASK: Names<'_, ()> = Names { known: &[("mask", ())], refused: &[] };

const FILTERED_PATCH_PROB: f64 = 0.1;

/// What a `mask_filter` block without a coverage has; without a block it depends on the axes.
const MASK_COVERAGE: f64 = 0.25;

/// The coverage that follows from the number of spatial axes: half of the pixels along each.
fn coverage_of(around: &Surroundings<'_>) -> f64 {
    if around.space.is_some_and(|space| space.n_spatial == 3) { 0.125 } else { 0.25 }
}

/// The `patch_filter` of `data_config`.
pub(crate) fn patch_filter(
    reader: &mut Reader<'_>,
    value: &Value<'_>,
    around: &Surroundings<'_>,
) -> Option<PatchFilterPlan> {
    check_mode(reader, value, around.mode);
    let (name, block) = NAMES.block(reader, value)?;
    let keys: &[&str] = match name {
        Name::Max => &["name", "ref_channel", "filtered_patch_prob", "threshold", "coverage"],
        Name::MeanStd => &["name", "ref_channel", "filtered_patch_prob", "mean_threshold", "std_threshold"],
        Name::Shannon => &["name", "ref_channel", "filtered_patch_prob", "threshold"],
    };
    let block = around.rules.only(reader, block, keys);
    let (ref_channel, filtered_patch_prob) = frame(reader, &block);
    // The filters themselves refuse such thresholds below 0; the configuration of the reference does not.
    let not_negative = if around.rules.refuses_unusable { Fractions::NotNegative } else { Fractions::Finite };
    let background = match name {
        Name::Max => {
            let threshold = threshold(reader, &block, "threshold", Fractions::Finite);
            let coverage = coverage(reader, &block, coverage_of(around));
            Background::Max { threshold: threshold?, coverage: coverage? }
        }
        Name::MeanStd => {
            let mean_threshold = threshold(reader, &block, "mean_threshold", Fractions::Finite);
            let std_threshold =
                block.maybe(reader, "std_threshold", |reader, value| fraction(reader, value, not_negative));
            Background::MeanStd { mean_threshold: mean_threshold?, std_threshold: std_threshold? }
        }
        Name::Shannon => {
            Background::Shannon { threshold: threshold(reader, &block, "threshold", not_negative)? }
        }
    };
    Some(PatchFilterPlan { ref_channel: ref_channel?, filtered_patch_prob: filtered_patch_prob?, background })
}

/// The `mask_filter` of `data_config`; without one, a training has one all the same, and `null` is for none.
pub(crate) fn mask_filter(
    reader: &mut Reader<'_>,
    block: &Block<'_>,
    around: &Surroundings<'_>,
) -> Option<Option<MaskFilterPlan>> {
    let Some(value) = block.get("mask_filter") else {
        let plan = MaskFilterPlan {
            ref_channel: 0,
            filtered_patch_prob: FILTERED_PATCH_PROB,
            coverage: coverage_of(around),
        };
        return Some((around.mode == Some(Mode::Training)).then_some(plan));
    };
    if *value.kind == Kind::Null {
        return Some(None);
    }
    check_mode(reader, &value, around.mode);
    let block = value.block(reader)?;
    let block = around.rules.only(reader, block, &["name", "ref_channel", "filtered_patch_prob", "coverage"]);
    let name = block.or(reader, "name", (), |reader, value| MASK.read(reader, value));
    let (ref_channel, filtered_patch_prob) = frame(reader, &block);
    let coverage = coverage(reader, &block, MASK_COVERAGE);
    name?;
    Some(Some(MaskFilterPlan {
        ref_channel: ref_channel?,
        filtered_patch_prob: filtered_patch_prob?,
        coverage: coverage?,
    }))
}

fn check_mode(reader: &mut Reader<'_>, value: &Value<'_>, mode: Option<Mode>) {
    if let Some(mode) = mode.filter(|mode| *mode != Mode::Training) {
        let found = format!("a filter with mode {}", mode.name());
        reader.refuse_found::<()>(value, found, "filters with mode training only");
    }
}

/// What all filters have: which channel they look at, and how often background is sampled.
fn frame(reader: &mut Reader<'_>, block: &Block<'_>) -> (Option<usize>, Option<f64>) {
    let ref_channel = block.or(reader, "ref_channel", 0, channel);
    let prob = block.or(reader, "filtered_patch_prob", FILTERED_PATCH_PROB, |reader, value| {
        fraction(reader, value, Fractions::Probability)
    });
    (ref_channel, prob)
}

fn threshold(reader: &mut Reader<'_>, block: &Block<'_>, key: &str, accepted: Fractions) -> Option<f64> {
    block.need(reader, key, "a number", |reader, value| fraction(reader, value, accepted))
}

fn coverage(reader: &mut Reader<'_>, block: &Block<'_>, default: f64) -> Option<f64> {
    block.or(reader, "coverage", default, |reader, value| fraction(reader, value, Fractions::Probability))
}
