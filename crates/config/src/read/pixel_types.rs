//! The key `pixel_type` of `predict`: a name, or a block with a scale.

use patchweave_pixel::PixelType;

use crate::plan::PixelTypeChoice;
use crate::read::values::{Fractions, Reader, Value, fraction};
use crate::text::{Kind, alternatives};

/// The type of the pixels that are written, and the values that are spread over it.
pub(crate) type Written = (PixelTypeChoice, Option<(f64, f64)>);

/// Reads the name of a type, or a block of a type and a scale.
pub(crate) fn pixel_type(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<Written> {
    let Some(block) = value.as_block() else {
        return choice(reader, value).map(|choice| (choice, None));
    };
    let block = block.only(reader, &["to", "scale"]);
    let to = block.need(reader, "to", "input or a pixel type", choice);
    let scale = block.or(reader, "scale", None, |reader, value| scale(reader, value, to));
    Some((to?, scale?))
}

fn choice(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<PixelTypeChoice> {
    let names: Vec<&str> =
        std::iter::once("input").chain(PixelType::ALL.into_iter().map(PixelType::name)).collect();
    match value.kind {
        Kind::Text(written) if written == "input" => Some(PixelTypeChoice::Input),
        Kind::Text(written) => match PixelType::from_name(written) {
            Some(pixel_type) => Some(PixelTypeChoice::Given(pixel_type)),
            None => reader.refuse_name(value, alternatives(&names), names.iter().copied()),
        },
        _ => reader.refuse(value, alternatives(&names)),
    }
}

/// Reads `none` or `[low, high]`; the outer `None` says that it was refused.
fn scale(
    reader: &mut Reader<'_>,
    value: &Value<'_>,
    to: Option<PixelTypeChoice>,
) -> Option<Option<(f64, f64)>> {
    const EXPECTED: &str = "none, or [low, high] with low below high";
    match (value.as_text(), value.entries().as_deref()) {
        (Some("none"), _) => Some(None),
        (Some("range"), _) => {
            let name = match to {
                Some(PixelTypeChoice::Given(pixel_type)) => pixel_type.name(),
                _ => PixelType::U16.name(),
            };
            let expected = format!(
                "[low, high], because the range is not known before all tiles are predicted; or predict float32 and use \
                 `patchweave convert --type {name} --scale range`"
            );
            reader.refuse(value, expected)
        }
        (_, Some([low, high])) => {
            let low = fraction(reader, low, Fractions::Finite);
            let high = fraction(reader, high, Fractions::Finite);
            let (low, high) = (low?, high?);
            if low < high {
                return Some(Some((low, high)));
            }
            reader.refuse_found(value, format!("got [{low}, {high}]"), EXPECTED)
        }
        _ => reader.refuse(value, EXPECTED),
    }
}
