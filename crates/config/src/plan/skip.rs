//! Which tiles are left out of a prediction.

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
/// assert_eq!(predict.skip, Some(SkipPlan { below: 110.0, value: 0.0 }));
/// # Ok::<(), patchweave_config::ConfigErrors>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SkipPlan {
    /// Tiles all of whose raw pixels lie below this value are left out.
    pub below: f64,
    /// What stands in all outputs instead of predictions.
    pub value: f64,
}
