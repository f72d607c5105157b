//! The keys of lateral context in `data_config`, and the rules that concern them and other keys.

use patchweave_geometry::{Context, ContextPadding};

use super::surroundings::Surroundings;
use crate::plan::{
    AlphaRange, ContextDepth, ContextSource, DataType, LateralPlan, Mode, PaddingPlan, PatchingPlan,
};
use crate::read::rules::{LateralKeys, Rules};
use crate::read::values::{Block, Fractions, Names, Reader, Value, count, fraction};

const KEYS: &[&str] = &[
    "multiscale_count",
    "padding_mode",
    "padding_value",
    "context_source",
    "context_depth",
    "alpha_ranges",
    "uncorrelated_channel_prob",
];

/// Whether a `data_config` block has any key of lateral context.
fn is_given(block: &Block<'_>) -> bool {
    KEYS.iter().any(|key| block.given(key).is_some())
}

/// Reads the keys of lateral context; the inner `None` if there are none.
pub(crate) fn lateral(
    reader: &mut Reader<'_>,
    block: &Block<'_>,
    around: &Surroundings<'_>,
) -> Option<Option<LateralPlan>> {
    match around.rules.lateral {
        LateralKeys::Unknown => return Some(None),
        LateralKeys::WhereGiven if !is_given(block) => return Some(None),
        LateralKeys::WhereGiven | LateralKeys::Always => {}
    }
    let default = LateralPlan::default();
    let multiscale_count = block.or(reader, "multiscale_count", default.multiscale_count, |reader, value| {
        count(reader, value, 1..=Context::MAX_SCALES)
    });
    let padding = padding(reader, block, around);
    let source = match around.rules.has_additions {
        true => source(reader, block, around.data_type),
        false => Some(default.source),
    };
    let depth = match around.rules.has_additions {
        true => depth(reader, block, around),
        false => Some(default.depth),
    };
    let alpha_ranges =
        block.maybe(reader, "alpha_ranges", |reader, value| alpha_ranges(reader, value, around));
    let uncorrelated_channel_prob = block.or(reader, "uncorrelated_channel_prob", 0.0, |reader, value| {
        let prob = fraction(reader, value, Fractions::Probability)?;
        if prob > 0.0 && around.mode == Some(Mode::Predicting) {
            return reader.refuse(value, "0 with mode predicting, which mixes no channels");
        }
        Some(prob)
    });
    Some(Some(LateralPlan {
        multiscale_count: multiscale_count?,
        padding: padding?,
        source: source?,
        depth: depth?,
        alpha_ranges: alpha_ranges?,
        uncorrelated_channel_prob: uncorrelated_channel_prob?,
    }))
}

const REFERENCE_PADDINGS: &[(&str, PaddingPlan)] =
    &[("reflect", PaddingPlan::Reflect), ("wrap", PaddingPlan::Wrap)];

const PADDINGS: &[(&str, PaddingPlan)] = &[
    ("reflect", PaddingPlan::Reflect),
    ("wrap", PaddingPlan::Wrap),
    ("wrap_image", PaddingPlan::WrapImage),
    ("constant", PaddingPlan::Constant { value: 0.0 }),
];

fn padding(reader: &mut Reader<'_>, block: &Block<'_>, around: &Surroundings<'_>) -> Option<PaddingPlan> {
    let known = if around.rules.has_additions { PADDINGS } else { REFERENCE_PADDINGS };
    let names = Names { known, refused: &[] };
    let padding =
        block.or(reader, "padding_mode", PaddingPlan::Reflect, |reader, value| names.read(reader, value));
    let Some(value) = block.given("padding_value").filter(|_| around.rules.has_additions) else {
        return padding;
    };
    let number = fraction(reader, &value, Fractions::Finite);
    match padding? {
        PaddingPlan::Constant { .. } => Some(PaddingPlan::Constant { value: number? }),
        other => {
            let found = format!("padding_value with padding_mode {}", other.name());
            reader.refuse_found(&value, found, "padding_mode constant, or no padding_value")
        }
    }
}

const SOURCES: Names<'_, ContextSource> =
    Names { known: &[("image", ContextSource::Image), ("pyramid", ContextSource::Pyramid)], refused: &[] };

fn source(reader: &mut Reader<'_>, block: &Block<'_>, data_type: Option<DataType>) -> Option<ContextSource> {
    block.or(reader, "context_source", ContextSource::Image, |reader, value| {
        let source = SOURCES.read(reader, value)?;
        match data_type {
            Some(data_type) if source == ContextSource::Pyramid && !data_type.has_pyramids() => {
                let expected = format!("image with data_type {}, which has no pyramids", data_type.name());
                reader.refuse(value, expected)
            }
            _ => Some(source),
        }
    })
}

const DEPTHS: Names<'_, ContextDepth> =
    Names { known: &[("grow", ContextDepth::Grow), ("keep", ContextDepth::Keep)], refused: &[] };

fn depth(reader: &mut Reader<'_>, block: &Block<'_>, around: &Surroundings<'_>) -> Option<ContextDepth> {
    block.or(reader, "context_depth", ContextDepth::Grow, |reader, value| {
        let depth = DEPTHS.read(reader, value)?;
        match around.space {
            Some(space) if depth == ContextDepth::Keep && space.n_spatial == 2 => {
                reader.refuse(value, format!("grow, because axes {} have no depth", space.axes))
            }
            _ => Some(depth),
        }
    })
}

fn alpha_ranges(
    reader: &mut Reader<'_>,
    value: &Value<'_>,
    around: &Surroundings<'_>,
) -> Option<Vec<AlphaRange>> {
    let Some(entries) = value.entries() else {
        return reader.refuse(value, "a list with one range [low, high] per channel");
    };
    if around.mode == Some(Mode::Predicting) {
        return reader.refuse(value, "no alpha_ranges with mode predicting, which mixes no channels");
    }
    if entries.is_empty() && around.rules.refuses_unusable {
        return reader.refuse(value, "a list with one range [low, high] per channel, or no alpha_ranges");
    }
    let read: Vec<_> = entries.iter().map(|entry| alpha_range(reader, entry, around)).collect();
    read.into_iter().collect()
}

fn alpha_range(reader: &mut Reader<'_>, value: &Value<'_>, around: &Surroundings<'_>) -> Option<AlphaRange> {
    let Some([low, high]) = value.entries().and_then(|entries| <[Value<'_>; 2]>::try_from(entries).ok())
    else {
        return reader.refuse(value, "two numbers [low, high]");
    };
    let lowest = fraction(reader, &low, Fractions::Finite);
    let highest = fraction(reader, &high, Fractions::Finite);
    let range = AlphaRange { low: lowest?, high: highest? };
    if range.high < range.low && around.rules.refuses_unusable {
        return reader.refuse(&high, format!("at least {}, the lower end of the range", range.low));
    }
    Some(range)
}

/// Refuses a patch filter together with lateral context.
///
/// Inputs with lateral context may be mixed from several channels, so there is no image by which to filter. The reference
/// does not filter them either.
pub(crate) fn refuse_beside_lateral(
    reader: &mut Reader<'_>,
    value: &Value<'_>,
    block: &Block<'_>,
    rules: Rules,
) -> Option<()> {
    let is_lateral = match rules.lateral {
        LateralKeys::Always => true,
        LateralKeys::Unknown => false,
        LateralKeys::WhereGiven => is_given(block),
    };
    match is_lateral {
        true => {
            reader.refuse_found(value, "a patch filter together with lateral context", "only one of the two")
        }
        false => Some(()),
    }
}

/// Refuses windows whose number of pixels overflows.
pub(crate) fn check_windows(
    reader: &mut Reader<'_>,
    block: &Block<'_>,
    patching: Option<&PatchingPlan>,
    lateral: Option<&LateralPlan>,
) {
    let Some(size) = patching.and_then(PatchingPlan::training_size) else { return };
    let Some(lateral) = lateral else { return };
    let n_scales = lateral.multiscale_count;
    let window = Context::new(n_scales, ContextPadding::Reflect).and_then(|context| match lateral.depth {
        ContextDepth::Grow => context.window(&size),
        ContextDepth::Keep => context.keeping_depth().window(&size),
    });
    if window.is_err()
        && let Some(value) = block.given("multiscale_count")
    {
        let found = format!("{n_scales} scales of patches of size {size}");
        reader.refuse_found::<()>(
            &value,
            found,
            "fewer scales or smaller patches: the coarsest window has too many pixels",
        );
    }
}
