//! What becomes of pixels that several tiles have.

/// What becomes of pixels that several tiles have.
///
/// ```
/// use std::path::Path;
///
/// use patchweave_config::BlendPlan;
///
/// let text = "
/// output: out
/// data_config:
///   {mode: predicting, data_type: tiff, axes: YX, patching: {name: whole}, normalization: {name: none}}
/// predict: {input: a.tiff, models: [identity], blend: {name: gaussian, width: 0.25}}
/// ";
/// let predict = patchweave_config::parse(text, Path::new("a.yaml"), &|_| None)?.predict.unwrap();
/// assert_eq!(predict.blend, BlendPlan::Gaussian { width: 0.25 });
/// # Ok::<(), patchweave_config::ConfigErrors>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum BlendPlan {
    /// The tile in whose middle they lie keeps them.
    #[default]
    Crop,
    /// The mean of all.
    Constant,
    /// A mean with a weight for pixels near the border of their tile.
    Border {
        /// Pixels, at least 1.
        width: usize,
        /// From 0 to 1; 0.1 by default.
        weight: f64,
    },
    /// A mean with weights that fall linearly towards the border of a tile.
    Linear,
    /// A mean with the weights of a Hann window.
    Hann,
    /// A mean with the weights of a Gaussian.
    Gaussian {
        /// Standard deviation as a part of the size of a tile, above 0 and at most 10.
        width: f64,
    },
}

/// What is written beside results about the tiles that pixels come from.
///
/// ```
/// use std::path::Path;
///
/// use patchweave_config::TileImagesPlan;
///
/// let text = "
/// output: out
/// data_config:
///   {mode: predicting, data_type: tiff, axes: YX, patching: {name: whole}, normalization: {name: none}}
/// predict: {input: a.tiff, models: [identity], blend: {name: hann, weights: true}}
/// ";
/// let predict = patchweave_config::parse(text, Path::new("a.yaml"), &|_| None)?.predict.unwrap();
/// assert_eq!(predict.tile_images, TileImagesPlan { weights: true, deviation: false });
/// # Ok::<(), patchweave_config::ConfigErrors>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TileImagesPlan {
    /// What the tiles of every pixel weigh together.
    pub weights: bool,
    /// How much tiles differ where they overlap.
    pub deviation: bool,
}
