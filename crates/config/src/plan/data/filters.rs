//! Filters that tell background patches from foreground patches.

/// A filter that has background patches sampled less often.
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
    /// The channel of the image that decides.
    pub ref_channel: usize,
    /// The sampling probability of background relative to foreground, 0 to 1.
    pub filtered_patch_prob: f64,
    /// Which patches are background.
    pub background: Background,
}

/// Which patches are background.
///
/// ```
/// let background = patchweave_config::Background::Shannon { threshold: 2.0 };
/// assert_eq!(background.name(), "shannon");
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Background {
    /// Patches with too few pixels above a threshold after a maximum filter.
    Max {
        /// The threshold in raw intensity units.
        threshold: f64,
        /// The fraction of bright pixels from which a patch is foreground, 0 to 1.
        coverage: f64,
    },
    /// Patches whose mean or standard deviation is below a threshold, in raw intensity units.
    MeanStd {
        /// The threshold of the mean; may be negative.
        mean_threshold: f64,
        /// The threshold of the standard deviation; at least 0 in the plan of a run.
        std_threshold: Option<f64>,
    },
    /// Patches whose Shannon entropy is below a threshold.
    Shannon {
        /// The threshold in bits; at least 0 in the plan of a run.
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

/// How masks tell background from foreground; has no effect without masks.
///
/// ```
/// let plan = patchweave_config::MaskFilterPlan { ref_channel: 0, filtered_patch_prob: 0.1, coverage: 0.25 };
/// assert!(plan.coverage > 0.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MaskFilterPlan {
    /// The channel of the mask that decides.
    pub ref_channel: usize,
    /// The sampling probability of background relative to foreground, 0 to 1.
    pub filtered_patch_prob: f64,
    /// The fraction of mask pixels from which a patch is foreground, 0 to 1.
    pub coverage: f64,
}
