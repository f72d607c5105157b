//! The key `skip` of `predict`: tiles that are left out.

use crate::plan::SkipPlan;
use crate::read::values::{Fractions, Reader, Value, fraction, paths};

/// Reads a block with a limit, masks or both and, if need be, a value.
pub(crate) fn skip(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<SkipPlan> {
    let block = value.block(reader)?.only(reader, &["below", "mask", "value"]);
    let decides = block.given("below").is_some() || block.given("mask").is_some();
    if !decides {
        block.missing::<()>(reader, "below", "a raw pixel value, or the path of a mask in `mask`");
    }
    let number = |reader: &mut Reader<'_>, value: &Value<'_>| fraction(reader, value, Fractions::Finite);
    let below = block.maybe(reader, "below", number);
    let masks = block.or(reader, "mask", Vec::new(), paths);
    let value = block.or(reader, "value", 0.0, number);
    let plan = SkipPlan { below: below?, masks: masks?, value: value? };
    decides.then_some(plan)
}
