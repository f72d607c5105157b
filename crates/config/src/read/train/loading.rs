//! The keys of `train` that say how batches are made and distributed.

use super::order::order;
use crate::plan::{FailurePlan, LoadingPlan, ShapesPlan, ShardPlan, UnevenPlan};
use crate::read::values::{Block, Names, Reader, Value, count, positive};
use crate::text::Kind;

/// The keys of `train` that are read here.
pub(crate) const KEYS: &[&str] = &["order", "passes", "max_patches", "shapes", "on_failure", "shard"];

const SHAPES: Names<'_, ShapesPlan> =
    Names { known: &[("equal", ShapesPlan::Equal), ("grouped", ShapesPlan::Grouped)], refused: &[] };

const FAILURES: Names<'_, FailurePlan> =
    Names { known: &[("fail", FailurePlan::Fail), ("skip", FailurePlan::Skip)], refused: &[] };

const UNEVEN: Names<'_, UnevenPlan> = Names {
    known: &[("keep", UnevenPlan::Keep), ("drop", UnevenPlan::Drop), ("pad", UnevenPlan::Pad)],
    refused: &[],
};

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

fn on_failure(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<FailurePlan> {
    let expected = "fail, skip or {retry: n}";
    match value.kind {
        Kind::Map(_) => {
            let block = value.block(reader)?.only(reader, &["retry"]);
            block.need(reader, "retry", "the number of retries", positive).map(FailurePlan::Retry)
        }
        Kind::Text(name) => match FAILURES.find(name) {
            Some(known) => Some(known),
            None => reader.refuse_name(value, expected.to_owned(), ["fail", "skip"]),
        },
        _ => reader.refuse(value, expected),
    }
}

fn shard(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<ShardPlan> {
    let block = value.block(reader)?.only(reader, &["rank", "world_size", "uneven"]);
    let world_size = block.need(reader, "world_size", "the number of processes", positive);
    let last = world_size.map_or(usize::MAX, |n| n - 1);
    let rank = block.need(reader, "rank", "the rank of this process, counted from 0", |reader, value| {
        count(reader, value, 0..=last)
    });
    let uneven =
        block.or(reader, "uneven", UnevenPlan::default(), |reader, value| UNEVEN.read(reader, value));
    Some(ShardPlan { rank: rank?, world_size: world_size?, uneven: uneven? })
}
