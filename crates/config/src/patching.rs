//! Blocks that say how images are cut: into patches for training, into tiles for prediction.

use patchweave_geometry::{Axes, Extent, Overlaps};

use crate::data::Mode;
use crate::reader::{Block, Reader, Value};
use crate::scalar::{Names, positive_seed};
use crate::sizes::{Parity, extent, no_overlaps, overlaps, patch_size, square_extent};

/// How the images of a data set are cut.
///
/// ```
/// use patchweave_config::{PatchingPlan, TilingPlan};
///
/// assert_eq!(PatchingPlan::Tiling(TilingPlan::Whole).name(), "whole");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum PatchingPlan {
    /// Anywhere, drawn anew in every epoch; for training.
    Random {
        /// The size of a patch; `Y` and `X` are the same.
        patch_size: Extent,
        /// The block's own seed, or the global one.
        seed: u64,
    },
    /// Anywhere, drawn once; for validating.
    FixedRandom {
        /// The size of a patch; `Y` and `X` are the same.
        patch_size: Extent,
        /// The block's own seed, or the global one.
        seed: u64,
    },
    /// Side by side in a regular grid; for training.
    Sequential {
        /// The size of a patch.
        patch_size: Extent,
        /// How far neighbours overlap, smaller than the patch.
        overlaps: Overlaps,
    },
    /// As for prediction.
    Tiling(TilingPlan),
}

/// How images are cut for prediction.
///
/// ```
/// use patchweave_config::TilingPlan;
/// use patchweave_geometry::{Extent, PerAxis};
///
/// let tiled = TilingPlan::Tiled { patch_size: Extent::new(&[64, 64])?, overlaps: PerAxis::new(&[16, 16])? };
/// assert_ne!(tiled, TilingPlan::Whole);
/// # Ok::<(), patchweave_geometry::GeometryError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum TilingPlan {
    /// Overlapping tiles.
    Tiled {
        /// The size of a tile.
        patch_size: Extent,
        /// How far neighbours overlap: even, smaller than the tile.
        overlaps: Overlaps,
    },
    /// Each sample in one piece.
    Whole,
}

impl PatchingPlan {
    /// The name in a configuration.
    pub fn name(&self) -> &'static str {
        match self {
            PatchingPlan::Random { .. } => "random",
            PatchingPlan::FixedRandom { .. } => "fixed_random",
            PatchingPlan::Sequential { .. } => "sequential",
            PatchingPlan::Tiling(TilingPlan::Tiled { .. }) => "tiled",
            PatchingPlan::Tiling(TilingPlan::Whole) => "whole",
        }
    }

    /// The size of the patches that training needs room for; tiles may exceed the image.
    pub fn training_size(&self) -> Option<Extent> {
        match self {
            PatchingPlan::Random { patch_size, .. }
            | PatchingPlan::FixedRandom { patch_size, .. }
            | PatchingPlan::Sequential { patch_size, .. } => Some(*patch_size),
            PatchingPlan::Tiling(_) => None,
        }
    }
}

/// Whether the `patching` of a `data_config` block is one for prediction by its name.
pub(crate) fn is_tiling(data_config: &Block<'_>) -> bool {
    let name = data_config.get("patching").and_then(|patching| patching.as_block()?.get("name"));
    matches!(name.and_then(|name| name.as_text()), Some("tiled" | "whole"))
}

#[derive(Debug, Clone, Copy)]
enum Name {
    Random,
    FixedRandom,
    Sequential,
    Tiled,
    Whole,
}

const STRATIFIED: (&str, &str) = ("stratified", "is not available yet, use random");

/// What the rest of `data_config` says about its patching, as far as it could be read.
pub(crate) struct Surroundings<'a> {
    pub mode: Option<Mode>,
    pub axes: Option<&'a Axes>,
    pub seed: Option<u64>,
}

/// The `patching` of `data_config`.
pub(crate) fn patching(
    reader: &mut Reader<'_>,
    value: &Value<'_>,
    around: &Surroundings<'_>,
) -> Option<PatchingPlan> {
    let known = [
        ("random", Name::Random),
        ("fixed_random", Name::FixedRandom),
        ("sequential", Name::Sequential),
        ("tiled", Name::Tiled),
        ("whole", Name::Whole),
    ];
    let (name, block) = Names { known: &known, refused: &[STRATIFIED] }.block(reader, value)?;
    check_mode(reader, &block, name, around.mode);
    match name {
        Name::Random => {
            let (patch_size, seed) = random(reader, block, around)?;
            Some(PatchingPlan::Random { patch_size, seed })
        }
        Name::FixedRandom => {
            let (patch_size, seed) = random(reader, block, around)?;
            Some(PatchingPlan::FixedRandom { patch_size, seed })
        }
        Name::Sequential => sequential(reader, block, around.axes),
        Name::Tiled => tiled(reader, block, around.axes).map(PatchingPlan::Tiling),
        Name::Whole => Some(PatchingPlan::Tiling(whole(reader, block))),
    }
}

/// The `patching` of `predict`.
pub(crate) fn tiling(reader: &mut Reader<'_>, value: &Value<'_>, axes: Option<&Axes>) -> Option<TilingPlan> {
    let reason = "is for training";
    let refused = [("random", reason), ("fixed_random", reason), ("sequential", reason), STRATIFIED];
    let names = Names { known: &[("tiled", true), ("whole", false)], refused: &refused };
    let (is_tiled, block) = names.block(reader, value)?;
    if is_tiled { tiled(reader, block, axes) } else { Some(whole(reader, block)) }
}

fn check_mode(reader: &mut Reader<'_>, block: &Block<'_>, name: Name, mode: Option<Mode>) {
    let allowed = match mode {
        Some(Mode::Training) => "random or sequential",
        Some(Mode::Validating) => "fixed_random",
        Some(Mode::Predicting) => "tiled or whole",
        None => return,
    };
    let fits = match name {
        Name::Random | Name::Sequential => mode == Some(Mode::Training),
        Name::FixedRandom => mode == Some(Mode::Validating),
        Name::Tiled | Name::Whole => mode == Some(Mode::Predicting),
    };
    if let (false, Some(value), Some(mode)) = (fits, block.get("name"), mode) {
        reader.refuse::<()>(&value, format!("{allowed}, which go with mode {}", mode.name()));
    }
}

fn random(reader: &mut Reader<'_>, block: Block<'_>, around: &Surroundings<'_>) -> Option<(Extent, u64)> {
    let block = block.only(reader, &["name", "patch_size", "seed"]);
    let size = patch_size(reader, &block, around.axes, square_extent);
    let seed = block.maybe(reader, "seed", positive_seed);
    Some((size?, seed.flatten().or(around.seed).unwrap_or_default()))
}

fn sequential(reader: &mut Reader<'_>, block: Block<'_>, axes: Option<&Axes>) -> Option<PatchingPlan> {
    let block = block.only(reader, &["name", "patch_size", "overlaps"]);
    let size = patch_size(reader, &block, axes, extent);
    let overlaps =
        block.maybe(reader, "overlaps", |reader, value| overlaps(reader, value, size, Parity::Any));
    let patch_size = size?;
    let overlaps = overlaps.flatten().unwrap_or_else(|| no_overlaps(&patch_size));
    Some(PatchingPlan::Sequential { patch_size, overlaps })
}

fn tiled(reader: &mut Reader<'_>, block: Block<'_>, axes: Option<&Axes>) -> Option<TilingPlan> {
    let block = block.only(reader, &["name", "patch_size", "overlaps"]);
    let size = patch_size(reader, &block, axes, extent);
    let overlaps = block.need(reader, "overlaps", "one even number per axis", |reader, value| {
        overlaps(reader, value, size, Parity::Even)
    });
    let patch_size = size?;
    Some(TilingPlan::Tiled { patch_size, overlaps: overlaps.unwrap_or_else(|| no_overlaps(&patch_size)) })
}

fn whole(reader: &mut Reader<'_>, block: Block<'_>) -> TilingPlan {
    block.only(reader, &["name"]);
    TilingPlan::Whole
}
