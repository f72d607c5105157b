//! The block `statistics`.

use crate::plan::FitSource;
use crate::read::values::{Fractions, Names, Reader, Value, fraction};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    Patches,
    Images,
}

const NAMES: Names<'_, From> =
    Names { known: &[("patches", From::Patches), ("images", From::Images)], refused: &[] };

/// Reads the block `statistics`.
pub(crate) fn fit_source(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<FitSource> {
    let block = value.block(reader)?.only(reader, &["from", "tolerance"]);
    let from = block.or(reader, "from", From::Patches, |reader, value| NAMES.read(reader, value));
    let tolerance =
        block.maybe(reader, "tolerance", |reader, value| fraction(reader, value, Fractions::AboveZero));
    if from == Some(From::Images)
        && let Some(value) = block.given("tolerance")
    {
        return reader.refuse_found(
            &value,
            "a tolerance with statistics from images",
            "from: patches, or no tolerance, because all pixels are used",
        );
    }
    Some(match from? {
        From::Patches => FitSource::Patches { tolerance: tolerance? },
        From::Images => FitSource::Images,
    })
}
