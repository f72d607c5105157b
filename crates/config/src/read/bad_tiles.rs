//! The key `on_failure` of `predict`.

use crate::plan::BadTilePlan;
use crate::read::values::{Fractions, Reader, Value, fraction};
use crate::text::Kind;

/// Reads a name, or a block with a value.
pub(crate) fn bad_tiles(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<BadTilePlan> {
    let expected = "fail, skip or {fill: VALUE}";
    match value.kind {
        Kind::Map(_) => {
            let block = value.block(reader)?.only(reader, &["fill"]);
            let fill = block.need(reader, "fill", "a pixel value", |reader, value| {
                fraction(reader, value, Fractions::Finite)
            });
            fill.map(BadTilePlan::Fill)
        }
        Kind::Text(name) if name == "fail" => Some(BadTilePlan::Fail),
        Kind::Text(name) if name == "skip" => Some(BadTilePlan::Skip),
        Kind::Text(_) => reader.refuse_name(value, expected.to_owned(), ["fail", "skip"]),
        _ => reader.refuse(value, expected),
    }
}
