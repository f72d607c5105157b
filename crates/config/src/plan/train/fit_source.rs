//! The pixels from which the statistics of a normalization are computed.

/// The pixels from which statistics are computed that the configuration does not give.
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
        /// Stop once the standard errors of means and standard deviations are below this fraction (above 0) of the
        /// standard deviation; `None` to use all patches.
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
