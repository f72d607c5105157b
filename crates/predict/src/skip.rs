//! Tiles that are left out of a prediction.

use ndarray::{Array4, ArrayView4, Axis};
use patchweave_geometry::TileSpec;
use patchweave_stack::{ImageStack, ImageStackExt, StackError};
use patchweave_transform::{NormalizeError, Normalizer};

/// Which tiles are left out of a prediction, and what stands in the results instead.
///
/// No model sees them. Where tiles are blended, the value takes part in the mean as a prediction would.
///
/// ```
/// use patchweave_predict::{PredictOptions, Skip};
///
/// let skip = Some(Skip { below: Some(110.0), value: 0.0 });
/// let options = PredictOptions { skip, ..PredictOptions::default() };
/// assert_ne!(options, PredictOptions::default());
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Skip {
    /// A tile is left out if all of its raw pixels, in all channels that models see, lie below this. A pixel that is not a
    /// number does not. Without a limit, tiles are left out only by [masks](crate::Predictor::with_masks).
    pub below: Option<f32>,
    /// What all outputs have there, in raw intensities; deviations of predictions are 0.
    pub value: f32,
}

/// The limit of every channel, normalised as pixels are.
pub(crate) struct SkipLimits {
    /// None if pixels do not decide.
    limits: Option<Vec<f32>>,
    pub value: f32,
}

impl SkipLimits {
    pub fn new(skip: Skip, normalizer: &Normalizer, n_channels: usize) -> Result<Self, NormalizeError> {
        let Some(below) = skip.below else { return Ok(SkipLimits { limits: None, value: skip.value }) };
        let mut limits = Array4::from_elem([n_channels, 1, 1, 1], below);
        normalizer.apply_input(limits.view_mut())?;
        Ok(SkipLimits { limits: Some(limits.into_iter().collect()), value: skip.value })
    }

    /// Whether a normalised sample is left out.
    ///
    /// Normalisation never turns the order of two numbers around, so that what reaches the limit is never left out.
    pub fn leaves_out(&self, sample: ArrayView4<'_, f32>) -> bool {
        let Some(limits) = &self.limits else { return false };
        let mut channels = sample.axis_iter(Axis(0)).zip(limits);
        channels.all(|(channel, limit)| channel.iter().all(|pixel| pixel < limit))
    }
}

/// Whether a mask has no pixel of a tile: all of them are 0. What is not a number counts as a pixel.
pub(crate) fn is_masked(mask: &dyn ImageStack, tile: &TileSpec) -> Result<bool, StackError> {
    let pixels = mask.read_patch(tile.patch.sample_idx, None, &tile.patch.region())?;
    Ok(pixels.iter().all(|pixel| *pixel == 0.0))
}
