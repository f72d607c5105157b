//! The keys of `train` that say how batches are made and distributed.

use super::order::order;
use crate::plan::LoadingPlan;
use crate::read::values::{Block, Names, Reader, Value, count, positive};
use crate::text::Kind;
use patchweave_loader::{OnFailure, Shapes, Shard, Uneven};

/// The keys of `train` that are read here.
pub(crate) const KEYS: &[&str] = &["order", "passes", "max_patches", "shapes", "on_failure", "shard"];

const SHAPES: Names<'_, Shapes> =
    Names { known: &[("equal", Shapes::Equal), ("grouped", Shapes::Grouped)], refused: &[] };

const FAILURES: Names<'_, OnFailure> =
    Names { known: &[("fail", OnFailure::Fail), ("skip", OnFailure::Skip)], refused: &[] };

const UNEVEN: Names<'_, Uneven> =
    Names { known: &[("keep", Uneven::Keep), ("drop", Uneven::Drop), ("pad", Uneven::Pad)], refused: &[] };

/// Reads how batches are made and distributed, with defaults for refused values.
pub(crate) fn loading(reader: &mut Reader<'_>, train: &Block<'_>) -> LoadingPlan {
    let default = LoadingPlan::default();
    let order = train.maybe(reader, "order", order);
    let passes = train.or(reader, "passes", default.passes, positive);
    let max_patches = train.maybe(reader, "max_patches", positive);
    let shapes = train.or(reader, "shapes", default.shapes, |reader, value| SHAPES.read(reader, value));
    let on_failure = train.or(reader, "on_failure", default.on_failure, on_failure);
    let shard = train.or(reader, "shard", default.shard, shard);
    LoadingPlan {
        order: order.flatten(),
        passes: passes.unwrap_or(default.passes),
        max_patches: max_patches.flatten(),
        shapes: shapes.unwrap_or(default.shapes),
        on_failure: on_failure.unwrap_or(default.on_failure),
        shard: shard.unwrap_or(default.shard),
    }
}

fn on_failure(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<OnFailure> {
    let expected = "fail, skip or {retry: n}";
    match value.kind {
        Kind::Map(_) => {
            let block = value.block(reader)?.only(reader, &["retry"]);
            block.need(reader, "retry", "the number of retries", positive).map(OnFailure::Retry)
        }
        Kind::Text(name) => match FAILURES.find(name) {
            Some(known) => Some(known),
            None => reader.refuse_name(value, expected.to_owned(), ["fail", "skip"]),
        },
        _ => reader.refuse(value, expected),
    }
}

fn shard(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<Shard> {
    let block = value.block(reader)?.only(reader, &["rank", "world_size", "uneven"]);
    let world_size = block.need(reader, "world_size", "the number of processes", positive);
    let last = world_size.map_or(usize::MAX, |n| n - 1);
    let rank = block.need(reader, "rank", "the rank of this process, counted from 0", |reader, value| {
        count(reader, value, 0..=last)
    });
    let uneven = block.or(reader, "uneven", Uneven::default(), |reader, value| UNEVEN.read(reader, value));
    Some(Shard { rank: rank?, world_size: world_size?, uneven: uneven? })
}
