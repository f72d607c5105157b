//! The blocks `patching` of `data_config` and of `predict`.

use patchweave_geometry::Extent;

use super::surroundings::Surroundings;
use crate::plan::{Mode, PatchingKind, PatchingPlan, Space, TilingPlan};
use crate::read::rules::Rules;
use crate::read::values::{
    Block, Fractions, Names, Parity, Reader, Value, channel, even_overlaps, extent, fraction, no_overlaps,
    overlaps, patch_size, positive_seed, square_extent,
};
use crate::text::{Kind, alternatives};

/// Whether the `patching` of `data_config` is for prediction, by its name.
pub(crate) fn is_tiling(data_config: &Block<'_>) -> bool {
    let name = data_config.get("patching").and_then(|patching| patching.as_block()?.get("name"));
    let name = name.and_then(|name| name.as_text());
    let kinds = PatchingKind::by_name(true);
    kinds.iter().any(|(known, kind)| Some(*known) == name && kind.mode() == Mode::Predicting)
}

/// Reads the `patching` of `data_config`.
pub(crate) fn patching(
    reader: &mut Reader<'_>,
    value: &Value<'_>,
    around: &Surroundings<'_>,
) -> Option<PatchingPlan> {
    let known = PatchingKind::by_name(around.rules.has_additions);
    let (kind, block) = Names { known: &known, refused: &[] }.block(reader, value)?;
    check_mode(reader, &block, kind, &known, around.mode);
    let space = around.space;
    match kind {
        PatchingKind::Random => {
            let Drawn { patch_size, seed, .. } = drawn(reader, block, around, &[]);
            Some(PatchingPlan::Random { patch_size: patch_size?, seed })
        }
        PatchingKind::FixedRandom => {
            let Drawn { patch_size, seed, .. } = drawn(reader, block, around, &[]);
            Some(PatchingPlan::FixedRandom { patch_size: patch_size?, seed })
        }
        PatchingKind::Stratified => {
            let Drawn { patch_size, seed, .. } = drawn(reader, block, around, &[]);
            Some(PatchingPlan::Stratified { patch_size: patch_size?, seed })
        }
        PatchingKind::Weighted => weighted(reader, block, around),
        PatchingKind::Foreground => foreground(reader, block, around),
        PatchingKind::Sequential => sequential(reader, block, space),
        // Only a run has models, whose sizes they follow.
        PatchingKind::Tiled if around.rules.for_run && is_auto(&block) => {
            largest(reader, block, space).map(PatchingPlan::Tiling)
        }
        PatchingKind::Tiled => tiled(reader, block, around.rules, space).map(PatchingPlan::Tiling),
        PatchingKind::Whole => Some(PatchingPlan::Tiling(whole(reader, block, around.rules))),
    }
}

/// Reads the `patching` of `predict`.
pub(crate) fn tiling(
    reader: &mut Reader<'_>,
    value: &Value<'_>,
    space: Option<Space<'_>>,
) -> Option<TilingPlan> {
    let known = PatchingKind::by_name(true);
    let for_training = known.iter().filter(|(_, kind)| kind.mode() != Mode::Predicting);
    let refused: Vec<_> = for_training.map(|(name, _)| (*name, "is for training")).collect();
    let names = Names { known: &[("tiled", true), ("whole", false)], refused: &refused };
    let (is_tiled, block) = names.block(reader, value)?;
    match is_tiled {
        true if is_auto(&block) => largest(reader, block, space),
        true => tiled(reader, block, Rules::RUN, space),
        false => Some(whole(reader, block, Rules::RUN)),
    }
}

/// Whether the size of tiles is to be found out.
fn is_auto(block: &Block<'_>) -> bool {
    block.get("patch_size").is_some_and(|size| matches!(size.kind, Kind::Text(text) if text == "auto"))
}

fn largest(reader: &mut Reader<'_>, block: Block<'_>, space: Option<Space<'_>>) -> Option<TilingPlan> {
    let block = block.only(reader, &["name", "patch_size", "overlaps"]);
    let overlaps = block.maybe(reader, "overlaps", |reader, value| even_overlaps(reader, value, space));
    Some(TilingPlan::Largest { overlaps: overlaps.flatten() })
}

fn check_mode(
    reader: &mut Reader<'_>,
    block: &Block<'_>,
    kind: PatchingKind,
    known: &[(&str, PatchingKind)],
    mode: Option<Mode>,
) {
    if let Some(mode) = mode
        && let Some(value) = block.get("name")
        && kind.mode() != mode
    {
        let fitting = known.iter().filter(|(_, kind)| kind.mode() == mode);
        let allowed: Vec<&str> = fitting.map(|(name, _)| *name).collect();
        let expected = format!("{} (for mode {})", alternatives(&allowed), mode.name());
        reader.refuse::<()>(&value, expected);
    }
}

/// The keys that all strategies with random positions share, and the block with their other keys.
struct Drawn<'t> {
    /// `None` if it was refused.
    patch_size: Option<Extent>,
    seed: u64,
    block: Block<'t>,
}

fn drawn<'t>(
    reader: &mut Reader<'_>,
    block: Block<'t>,
    around: &Surroundings<'_>,
    more: &[&'static str],
) -> Drawn<'t> {
    let keys = [&["name", "patch_size", "seed"], more].concat();
    let block = around.rules.only(reader, block, &keys);
    let patch_size = patch_size(reader, &block, around.space, square_extent);
    let seed = block.maybe(reader, "seed", positive_seed);
    Drawn { patch_size, seed: seed.flatten().or(around.seed).unwrap_or_default(), block }
}

fn weighted(reader: &mut Reader<'_>, block: Block<'_>, around: &Surroundings<'_>) -> Option<PatchingPlan> {
    let Drawn { patch_size, seed, block } = drawn(reader, block, around, &["share"]);
    let share = block.or(reader, "share", 1.0, |reader, value| fraction(reader, value, Fractions::UpTo(1.0)));
    Some(PatchingPlan::Weighted { patch_size: patch_size?, seed, share: share? })
}

fn foreground(reader: &mut Reader<'_>, block: Block<'_>, around: &Surroundings<'_>) -> Option<PatchingPlan> {
    let more = ["threshold", "ref_channel", "share"];
    let Drawn { patch_size, seed, block } = drawn(reader, block, around, &more);
    let expected = "the intensity above which a pixel is foreground";
    let threshold =
        block.need(reader, "threshold", expected, |reader, value| fraction(reader, value, Fractions::Finite));
    let ref_channel = block.or(reader, "ref_channel", 0, channel);
    let share = block.or(reader, "share", 0.5, |reader, value| fraction(reader, value, Fractions::UpTo(1.0)));
    Some(PatchingPlan::Foreground {
        patch_size: patch_size?,
        seed,
        threshold: threshold?,
        ref_channel: ref_channel?,
        share: share?,
    })
}

fn sequential(reader: &mut Reader<'_>, block: Block<'_>, space: Option<Space<'_>>) -> Option<PatchingPlan> {
    let block = block.only(reader, &["name", "patch_size", "overlaps"]);
    let size = patch_size(reader, &block, space, extent);
    let overlaps =
        block.maybe(reader, "overlaps", |reader, value| overlaps(reader, value, size, Parity::Any));
    let patch_size = size?;
    let overlaps = overlaps.flatten().unwrap_or_else(|| no_overlaps(&patch_size));
    Some(PatchingPlan::Sequential { patch_size, overlaps })
}

fn tiled(
    reader: &mut Reader<'_>,
    block: Block<'_>,
    rules: Rules,
    space: Option<Space<'_>>,
) -> Option<TilingPlan> {
    let block = rules.only(reader, block, &["name", "patch_size", "overlaps"]);
    let size = patch_size(reader, &block, space, extent);
    let overlaps = block.need(reader, "overlaps", "one even number per axis", |reader, value| {
        overlaps(reader, value, size, Parity::Even)
    });
    let patch_size = size?;
    Some(TilingPlan::Tiled { patch_size, overlaps: overlaps.unwrap_or_else(|| no_overlaps(&patch_size)) })
}

fn whole(reader: &mut Reader<'_>, block: Block<'_>, rules: Rules) -> TilingPlan {
    rules.only(reader, block, &["name"]);
    TilingPlan::Whole
}
