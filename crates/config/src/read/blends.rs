//! The `blend` of a prediction.

use crate::plan::{BlendPlan, TileImagesPlan};
use crate::read::values::{Block, Fractions, Names, Reader, Value, fraction, positive, truth};
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
pub(crate) fn blend(reader: &mut Reader<'_>, value: &Value<'_>) -> Option<(BlendPlan, TileImagesPlan)> {
    let (name, block) = match value.kind {
        Kind::Text(_) => (NAMES.read(reader, value)?, Block::empty(value)),
        _ => NAMES.block(reader, value)?,
    };
    let settings: &[&str] = match name {
        Name::Crop => &["name"],
        Name::Border => &["name", "width", "weight", "weights", "deviation"],
        Name::Gaussian => &["name", "width", "weights", "deviation"],
        Name::Constant | Name::Linear | Name::Hann => &["name", "weights", "deviation"],
    };
    let block = block.only(reader, settings);
    // Of cropped tiles there is nothing to tell.
    let tile_images = match name {
        Name::Crop => Some(TileImagesPlan::default()),
        _ => tile_images(reader, &block),
    };
    let blend = match name {
        Name::Crop => Some(BlendPlan::Crop),
        Name::Constant => Some(BlendPlan::Constant),
        Name::Linear => Some(BlendPlan::Linear),
        Name::Hann => Some(BlendPlan::Hann),
        Name::Border => {
            let width = block.need(reader, "width", "pixels, at least 1", positive);
            let weight = block.or(reader, "weight", BORDER_WEIGHT, |reader, value| {
                fraction(reader, value, Fractions::Probability)
            });
            width.zip(weight).map(|(width, weight)| BlendPlan::Border { width, weight })
        }
        Name::Gaussian => {
            let accepted = Fractions::UpTo(MAX_GAUSSIAN_WIDTH);
            let width =
                block.or(reader, "width", GAUSSIAN_WIDTH, |reader, value| fraction(reader, value, accepted));
            width.map(|width| BlendPlan::Gaussian { width })
        }
    };
    blend.zip(tile_images)
}

fn tile_images(reader: &mut Reader<'_>, block: &Block<'_>) -> Option<TileImagesPlan> {
    let weights = block.or(reader, "weights", false, truth);
    let deviation = block.or(reader, "deviation", false, truth);
    Some(TileImagesPlan { weights: weights?, deviation: deviation? })
}
