//! Which tiles are left out of a prediction.

use std::path::PathBuf;

/// Which tiles are left out of a prediction.
///
/// ```
/// use std::path::Path;
///
/// use patchweave_config::SkipPlan;
///
/// let text = "
/// output: out
/// data_config:
///   {mode: predicting, data_type: tiff, axes: YX, patching: {name: whole}, normalization: {name: none}}
/// predict: {input: a.tiff, models: [identity], skip: {below: 110}}
/// ";
/// let predict = patchweave_config::parse(text, Path::new("a.yaml"), &|_| None)?.predict.unwrap();
/// assert_eq!(predict.skip, Some(SkipPlan { below: Some(110.0), masks: Vec::new(), value: 0.0 }));
/// # Ok::<(), patchweave_config::ConfigErrors>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct SkipPlan {
    /// Tiles all of whose raw pixels lie below this value are left out.
    pub below: Option<f64>,
    /// Masks (`mask` in the file), one for each input: tiles in which all pixels of the mask are 0 are left out. None by default.
    pub masks: Vec<PathBuf>,
    /// What stands in all outputs instead of predictions.
    pub value: f64,
}
