//! The mean over channels as a model.

use ndarray::{ArrayView5, ArrayViewMut5, Axis};

use crate::{ChannelRule, InputInfo, Likeness, Model, ModelError, ModelInfo, OutputInfo};

/// The mean of all channels, pixel by pixel.
///
/// ```
/// use ndarray::Array5;
/// use patchweave_model::{ChannelMean, ModelExt};
///
/// let inputs = Array5::from_shape_fn([2, 2, 1, 1, 3], |(batch, channel, ..)| (10 * batch + channel) as f32);
/// let mean = ChannelMean::new().predict_alone(inputs.view())?;
/// assert_eq!(mean[0].as_slice().unwrap(), [0.5, 0.5, 0.5, 10.5, 10.5, 10.5]);
/// # Ok::<(), patchweave_model::ModelError>(())
/// ```
#[derive(Debug, Clone)]
pub struct ChannelMean {
    info: ModelInfo,
}

impl ChannelMean {
    /// The mean of all channels.
    #[must_use]
    pub fn new() -> Self {
        let output =
            OutputInfo::new("mean").with_channels(ChannelRule::Fixed(1)).with_likeness(Likeness::Input);
        ChannelMean { info: ModelInfo::new("channel_mean", InputInfo::any(), vec![output]).parallel() }
    }
}

impl Default for ChannelMean {
    fn default() -> Self {
        ChannelMean::new()
    }
}

impl Model for ChannelMean {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn predict(
        &self,
        inputs: ArrayView5<'_, f32>,
        outputs: &mut [ArrayViewMut5<'_, f32>],
    ) -> Result<(), ModelError> {
        self.info.check_call(inputs.dim().into(), outputs)?;
        #[expect(clippy::cast_precision_loss, reason = "rounded as a sum of that many channels is")]
        let n_channels = inputs.len_of(Axis(1)) as f32;
        for output in outputs {
            let mut mean = output.index_axis_mut(Axis(1), 0);
            mean.fill(0.0);
            for channel in inputs.axis_iter(Axis(1)) {
                mean += &channel;
            }
            mean /= n_channels;
        }
        Ok(())
    }
}
