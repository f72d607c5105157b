//! What the statistics of a normalization are computed from.

/// What statistics are computed from, where the configuration does not give them.
///
/// ```
/// use std::path::Path;
///
/// use patchweave_config::FitSource;
///
/// let text = "
/// output: out
/// data_config:
///   mode: training
///   data_type: tiff
///   axes: YX
///   patching: {name: random, patch_size: [64, 64]}
///   normalization: {name: mean_std}
/// train: {input: a.tiff, statistics: {from: patches, tolerance: 0.001}}
/// ";
/// let train = patchweave_config::parse(text, Path::new("a.yaml"), &|_| None)?.train.unwrap();
/// assert_eq!(train.statistics, FitSource::Patches { tolerance: Some(0.001) });
/// assert_ne!(train.statistics, FitSource::default());
/// # Ok::<(), patchweave_config::ConfigErrors>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FitSource {
    /// The training patches of one epoch, as CAREamics does.
    Patches {
        /// The standard error of means and of deviations, as a part of the deviation and above 0, at which no more
        /// patches are needed; all of them without one.
        tolerance: Option<f64>,
    },
    /// All pixels of the training images.
    Images,
}

impl Default for FitSource {
    fn default() -> Self {
        FitSource::Patches { tolerance: None }
    }
}
