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
    refused: &[("mask", "belongs in mask_filter")],
};

const MASK: Names<'_, ()> = Names { known: &[("mask", ())], refused: &[] };

const FILTERED_PATCH_PROB: f64 = 0.1;

/// The default coverage of a `mask_filter` block. Without a block, the coverage depends on the axes.
const MASK_COVERAGE: f64 = 0.25;

/// The default coverage for a number of spatial axes: 1/4 in 2-D, 1/8 in 3-D.
fn coverage_of(around: &Surroundings<'_>) -> f64 {
    if around.space.is_some_and(|space| space.n_spatial == 3) { 0.125 } else { 0.25 }
}

/// Reads the block `patch_filter`.
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
    let ref_channel = block.or(reader, "ref_channel", 0, channel);
    let filtered_patch_prob = filtered_patch_prob(reader, &block);
    // The reference accepts negative thresholds in a configuration, but refuses them when it builds the filter.
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

/// Reads the block `mask_filter`. A training without this key has a default filter; `null` turns it off.
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
    let ref_channel = block.or(reader, "ref_channel", 0, channel);
    let filtered_patch_prob = filtered_patch_prob(reader, &block);
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
        reader.refuse_found::<()>(value, found, "mode training, or no filter");
    }
}

/// The sampling probability of background relative to foreground.
fn filtered_patch_prob(reader: &mut Reader<'_>, block: &Block<'_>) -> Option<f64> {
    block.or(reader, "filtered_patch_prob", FILTERED_PATCH_PROB, |reader, value| {
        fraction(reader, value, Fractions::Probability)
    })
}

fn threshold(reader: &mut Reader<'_>, block: &Block<'_>, key: &str, accepted: Fractions) -> Option<f64> {
    block.need(reader, key, "a number", |reader, value| fraction(reader, value, accepted))
}

fn coverage(reader: &mut Reader<'_>, block: &Block<'_>, default: f64) -> Option<f64> {
    block.or(reader, "coverage", default, |reader, value| fraction(reader, value, Fractions::Probability))
}
