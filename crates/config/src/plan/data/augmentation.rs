//! Random changes to training patches.

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
