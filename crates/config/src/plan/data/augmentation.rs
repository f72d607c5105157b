//! Random augmentations of training patches.

/// A random augmentation of a training patch and its target.
///
/// ```
/// use patchweave_config::AugmentationPlan;
///
/// let [flip, turn] = AugmentationPlan::DEFAULT;
/// assert_eq!((flip.name(), turn.name()), ("XYFlip", "XYRandomRotate90"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum AugmentationPlan {
    /// A flip along `X` or `Y`; the plan of a run allows at least one of the two.
    XyFlip {
        /// Whether `X` may be flipped.
        flip_x: bool,
        /// Whether `Y` may be flipped.
        flip_y: bool,
        /// The probability of the augmentation, 0 to 1.
        p: f64,
        /// Its seed; `None` for the global seed.
        seed: Option<u64>,
    },
    /// A rotation by 90, 180 or 270 degrees in the plane.
    XyRandomRotate90 {
        /// The probability of the augmentation, 0 to 1.
        p: f64,
        /// Its seed; `None` for the global seed.
        seed: Option<u64>,
    },
}

impl AugmentationPlan {
    /// The augmentations of a configuration without the key `augmentations`.
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
