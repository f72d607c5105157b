//! The key `order`.

use crate::plan::{ConstructorPlan, OrderPlan};
use crate::read::data::read_data::ReadData;
use crate::read::values::{Block, Names, Reader, Value, positive};
use crate::text::Kind;

const DEFAULT_SOURCES: usize = 4;

const ORDERS: Names<'_, OrderPlan> = Names {
    known: &[
        ("sequential", OrderPlan::Sequential),
        ("shuffled", OrderPlan::Shuffled),
        ("grouped", OrderPlan::Grouped),
        ("chunk_aware", OrderPlan::ChunkAware { window: None, sources: DEFAULT_SOURCES }),
        ("weighted", OrderPlan::Weighted),
        ("foreground", OrderPlan::Foreground),
    ],
    refused: &[],
};

/// Reads the key `order`: a name, or a block with a name.
pub(crate) fn order(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<OrderPlan> {
    if !matches!(value.kind, Kind::Map(_)) {
        return ORDERS.read(reader, value);
    }
    let (order, block) = ORDERS.block(reader, value)?;
    let OrderPlan::ChunkAware { .. } = order else {
        block.only(reader, &["name"]);
        return Some(order);
    };
    let block = block.only(reader, &["name", "window", "sources"]);
    let window = block.maybe(reader, "window", positive);
    let sources = block.or(reader, "sources", DEFAULT_SOURCES, positive);
    Some(OrderPlan::ChunkAware { window: window?, sources: sources? })
}

/// Checks that the order fits the other keys of the file.
pub(crate) fn check_order(
    reader: &mut Reader<'_>,
    train: &Block<'_>,
    order: Option<OrderPlan>,
    constructor: Option<ConstructorPlan>,
    data: Option<&ReadData>,
) {
    let Some(value) = train.given("order") else { return };
    let Some(order) = order else { return };
    let Some(data) = data else { return };
    let name = order.name();
    if let Some(shuffle) = data.shuffle.filter(|shuffle| *shuffle == (order == OrderPlan::Sequential)) {
        let found =
            format!("order {name} contradicts shuffle: {shuffle} in data_config.train_dataloader_params");
        reader.refuse_found::<()>(&value, found, "only one of the two, or two that agree");
    }
    let needs_one_position = order.is_by_weight() || order == OrderPlan::Grouped;
    if needs_one_position && has_own_positions(constructor, data) {
        let found = format!("order {name} with channels that are cut at positions of their own");
        reader.refuse_found::<()>(&value, found, "sequential, shuffled or chunk_aware");
        return;
    }
    if order.is_by_weight()
        && let Some(patching) = &data.patching
        && !patching.has_fixed_positions()
    {
        let found = format!(
            "order {name} with patching {}, which draws new positions in every epoch",
            patching.name()
        );
        let expected = format!(
            "patching sequential, or patching: {{name: {name}}}, which draws positions by weight, and another order"
        );
        reader.refuse_found::<()>(&value, found, expected);
    }
}

/// Whether the channels of a sample may be cut at different positions.
fn has_own_positions(constructor: Option<ConstructorPlan>, data: &ReadData) -> bool {
    let lateral = data.plan.lateral.as_ref();
    match constructor {
        Some(ConstructorPlan::IndependentTargets) => true,
        Some(ConstructorPlan::MultiChannelTarget) => {
            lateral.is_some_and(|lateral| lateral.uncorrelated_channel_prob > 0.0)
        }
        _ => false,
    }
}
