//! The key `skip` of `predict`: tiles that are left out.

use crate::plan::SkipPlan;
use crate::read::values::{Fractions, Reader, Value, fraction};

/// Reads a block with a limit and, if need be, a value.
pub(crate) fn skip(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<SkipPlan> {
    let block = value.block(reader)?.only(reader, &["below", "value"]);
    let number = |reader: &mut Reader<'_>, value: &Value<'_>| fraction(reader, value, Fractions::Finite);
    let below = block.need(reader, "below", "a raw pixel value", number);
    let value = block.or(reader, "value", 0.0, number);
    Some(SkipPlan { below: below?, value: value? })
}
