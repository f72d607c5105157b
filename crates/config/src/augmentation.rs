//! The `augmentations` list: random changes to training patches.

use crate::reader::{Reader, Value};
use crate::rules::Rules;
use crate::scalar::{Fractions, Names, fraction, integer, truth};

/// A random change to a training patch and its target.
///
/// ```
/// use patchweave_config::AugmentationPlan;
///
/// let [flip, turn] = AugmentationPlan::DEFAULT;
/// assert_eq!((flip.name(), turn.name()), ("XYFlip", "XYRandomRotate90"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum AugmentationPlan {
    /// A mirror image along `X` or `Y`; at least one of the two in the plan of a run.
    XyFlip {
        /// Whether `X` may be flipped.
        flip_x: bool,
        /// Whether `Y` may be flipped.
        flip_y: bool,
        /// How probable a change is, 0 to 1.
        p: f64,
        /// Its own seed; without one the global seed.
        seed: Option<u64>,
    },
    /// One to three quarter turns in the plane.
    XyRandomRotate90 {
        /// How probable a change is, 0 to 1.
        p: f64,
        /// Its own seed; without one the global seed.
        seed: Option<u64>,
    },
}

impl AugmentationPlan {
    /// What a configuration without `augmentations` gets.
    pub const DEFAULT: [AugmentationPlan; 2] = [
        AugmentationPlan::XyFlip { flip_x: true, flip_y: true, p: 0.5, seed: None },
        AugmentationPlan::XyRandomRotate90 { p: 0.5, seed: None },
    ];

    /// The name in a configuration.
    pub fn name(&self) -> &'static str {
        match self {
            AugmentationPlan::XyFlip { .. } => "XYFlip",
            AugmentationPlan::XyRandomRotate90 { .. } => "XYRandomRotate90",
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Name {
    Flip,
    Rotate,
}

const NAMES: Names<'_, Name> =
    Names { known: &[("XYFlip", Name::Flip), ("XYRandomRotate90", Name::Rotate)], refused: &[] };

/// The `augmentations` of `data_config`.
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
