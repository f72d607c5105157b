//! The list `augmentations`.

use crate::plan::AugmentationPlan;
use crate::read::rules::Rules;
use crate::read::values::{Fractions, Names, Reader, Value, fraction, integer, truth};

#[derive(Debug, Clone, Copy)]
enum Name {
    Flip,
    Rotate,
}

const NAMES: Names<'_, Name> =
    Names { known: &[("XYFlip", Name::Flip), ("XYRandomRotate90", Name::Rotate)], refused: &[] };

/// Reads the list `augmentations`.
pub(crate) fn augmentations(
    reader: &mut Reader<'_>,
    value: &Value<'_>,
    rules: Rules,
) -> Option<Vec<AugmentationPlan>> {
    let Some(entries) = value.entries() else {
        return reader.refuse(value, "a list of augmentations, [] for none");
    };
    let read: Vec<_> = entries.iter().map(|entry| augmentation(reader, entry, rules)).collect();
    read.into_iter().collect()
}

fn augmentation(reader: &mut Reader<'_>, value: &Value<'_>, rules: Rules) -> Option<AugmentationPlan> {
    let (name, block) = NAMES.block(reader, value)?;
    let keys: &[&str] = match name {
        Name::Flip => &["name", "flip_x", "flip_y", "p", "seed"],
        Name::Rotate => &["name", "p", "seed"],
    };
    let block = rules.only(reader, block, keys);
    let p = block.or(reader, "p", 0.5, |reader, value| fraction(reader, value, Fractions::Probability));
    let seed = block.maybe(reader, "seed", |reader, value| integer(reader, value, 0..=u64::MAX));
    match name {
        Name::Flip => {
            let flip_x = block.or(reader, "flip_x", true, truth);
            let flip_y = block.or(reader, "flip_y", true, truth);
            if (flip_x, flip_y) == (Some(false), Some(false)) && rules.refuses_unusable {
                return reader.refuse_found(
                    value,
                    "flip_x and flip_y are both false",
                    "at least one of them true",
                );
            }
            Some(AugmentationPlan::XyFlip { flip_x: flip_x?, flip_y: flip_y?, p: p?, seed: seed? })
        }
        Name::Rotate => Some(AugmentationPlan::XyRandomRotate90 { p: p?, seed: seed? }),
    }
}
