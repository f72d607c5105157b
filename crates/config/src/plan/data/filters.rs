//! Which regions of training images are background.

/// Background is sampled less often.
///
/// ```
/// use std::path::Path;
///
/// use patchweave_config::{Background, DataRules, parse_data_config};
///
/// let text = "
/// mode: training
/// data_type: tiff
/// axes: YX
/// patching: {name: stratified, patch_size: [64, 64]}
/// normalization: {name: mean_std}
/// patch_filter: {name: max, threshold: 100}
/// ";
/// let filter = parse_data_config(text, Path::new("a.yaml"), DataRules::Own)?.patch_filter.unwrap();
/// assert_eq!(filter.background, Background::Max { threshold: 100.0, coverage: 0.25 });
/// assert_eq!((filter.ref_channel, filter.filtered_patch_prob), (0, 0.1));
/// # Ok::<(), patchweave_config::ConfigErrors>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PatchFilterPlan {
    /// The channel of the image that is looked at.
    pub ref_channel: usize,
    /// How often background is sampled compared with the rest, 0 to 1.
    pub filtered_patch_prob: f64,
    /// What counts as background.
    pub background: Background,
}

/// What counts as background.
///
/// ```
/// let background = patchweave_config::Background::Shannon { threshold: 2.0 };
/// assert_eq!(background.name(), "shannon");
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Background {
    /// Too few pixels above a threshold once a maximum filter has widened the bright ones.
    Max {
        /// In raw intensity units.
        threshold: f64,
        /// The share of bright pixels that foreground has at least, 0 to 1.
        coverage: f64,
    },
    /// A mean, or a standard deviation, below a threshold; both in raw intensity units.
    MeanStd {
        /// Of the mean; may be negative, as pixels may.
        mean_threshold: f64,
        /// Of the standard deviation; at least 0 in the plan of a run.
        std_threshold: Option<f64>,
    },
    /// An entropy below a threshold.
    Shannon {
        /// In bits; at least 0 in the plan of a run.
        threshold: f64,
    },
}

impl Background {
    /// The name in a configuration.
    pub fn name(&self) -> &'static str {
        match self {
            Background::Max { .. } => "max",
            Background::MeanStd { .. } => "mean_std",
            Background::Shannon { .. } => "shannon",
        }
    }
}

/// How masks decide what is background; used only where there are masks.
///
/// ```
/// let plan = patchweave_config::MaskFilterPlan { ref_channel: 0, filtered_patch_prob: 0.1, coverage: 0.25 };
/// assert!(plan.coverage > 0.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MaskFilterPlan {
    /// The channel of the mask that is looked at.
    pub ref_channel: usize,
    /// How often background is sampled compared with the rest, 0 to 1.
    pub filtered_patch_prob: f64,
    /// The share of pixels that foreground has in the mask at least, 0 to 1.
    pub coverage: f64,
}
