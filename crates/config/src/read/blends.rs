//! The `blend` of a prediction.

use crate::plan::BlendPlan;
use crate::read::values::{Block, Fractions, Names, Reader, Value, fraction, positive};
use crate::text::Kind;

#[derive(Debug, Clone, Copy)]
enum Name {
    Crop,
    Constant,
    Border,
    Linear,
    Hann,
    Gaussian,
}

const NAMES: Names<'_, Name> = Names {
    known: &[
        ("crop", Name::Crop),
        ("constant", Name::Constant),
        ("border", Name::Border),
        ("linear", Name::Linear),
        ("hann", Name::Hann),
        ("gaussian", Name::Gaussian),
    ],
    refused: &[],
};

/// The weight of a border unless it is given.
const BORDER_WEIGHT: f64 = 0.1;
/// The width of a Gaussian unless it is given, as in MONAI.
const GAUSSIAN_WIDTH: f64 = 0.125;
const MAX_GAUSSIAN_WIDTH: f64 = 10.0;

/// Reads a block with a name, or a name alone.
pub(crate) fn blend(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<BlendPlan> {
    let (name, block) = match value.kind {
        Kind::Text(_) => (NAMES.read(reader, value)?, Block::empty(value)),
        _ => NAMES.block(reader, value)?,
    };
    let plain = |reader: &mut Reader<'_>, block: Block<'_>, blend| {
        block.only(reader, &["name"]);
        Some(blend)
    };
    match name {
        Name::Crop => plain(reader, block, BlendPlan::Crop),
        Name::Constant => plain(reader, block, BlendPlan::Constant),
        Name::Linear => plain(reader, block, BlendPlan::Linear),
        Name::Hann => plain(reader, block, BlendPlan::Hann),
        Name::Border => {
            let block = block.only(reader, &["name", "width", "weight"]);
            let width = block.need(reader, "width", "pixels, at least 1", positive);
            let weight = block.or(reader, "weight", BORDER_WEIGHT, |reader, value| {
                fraction(reader, value, Fractions::Probability)
            });
            Some(BlendPlan::Border { width: width?, weight: weight? })
        }
        Name::Gaussian => {
            let block = block.only(reader, &["name", "width"]);
            let accepted = Fractions::UpTo(MAX_GAUSSIAN_WIDTH);
            let width =
                block.or(reader, "width", GAUSSIAN_WIDTH, |reader, value| fraction(reader, value, accepted));
            Some(BlendPlan::Gaussian { width: width? })
        }
    }
}
