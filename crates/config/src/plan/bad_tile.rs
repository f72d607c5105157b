//! What becomes of images with tiles that cannot be read.

/// What becomes of an image with a tile that cannot be read, or whose mask cannot be (`predict.on_failure`).
///
/// ```
/// use std::path::Path;
///
/// use patchweave_config::BadTilePlan;
///
/// let text = "
/// output: out
/// data_config:
///   {mode: predicting, data_type: tiff, axes: YX, patching: {name: whole}, normalization: {name: none}}
/// predict: {input: a.tiff, models: [identity], on_failure: {fill: 0}}
/// ";
/// let predict = patchweave_config::parse(text, Path::new("a.yaml"), &|_| None)?.predict.unwrap();
/// assert_eq!(predict.on_failure, BadTilePlan::Fill(0.0));
/// # Ok::<(), patchweave_config::ConfigErrors>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum BadTilePlan {
    /// The prediction fails.
    #[default]
    Fail,
    /// The image is left out.
    Skip,
    /// This value stands in the place of the tile.
    Fill(f64),
}
