//! Models that see the native scale alone.

use ndarray::{ArrayView5, ArrayViewMut5, Axis, Slice};

use crate::{ChannelRule, Model, ModelError, ModelInfo};

/// Lets a model that knows nothing of lateral context see the native scale alone, which is the first channel.
///
/// ```
/// use ndarray::Array5;
/// use patchweave_model::{Identity, ModelExt, NativeScale};
///
/// let inputs = Array5::from_shape_fn([1, 3, 1, 2, 2], |(_, scale, ..)| scale as f32);
/// let predicted = NativeScale::new(Identity::new()).predict_alone(inputs.view())?;
/// assert_eq!(predicted, [Array5::<f32>::zeros([1, 1, 1, 2, 2])]);
/// # Ok::<(), patchweave_model::ModelError>(())
/// ```
#[derive(Debug, Clone)]
pub struct NativeScale<M> {
    model: M,
    info: ModelInfo,
}

impl<M: Model> NativeScale<M> {
    /// A model that hands the first channel to `model`.
    pub fn new(model: M) -> Self {
        let mut info = model.info().clone();
        info.input.n_channels = None;
        for output in &mut info.outputs {
            output.channels = ChannelRule::Fixed(output.channels.of(1));
        }
        NativeScale { model, info }
    }
}

impl<M: Model> Model for NativeScale<M> {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn prepare(&self, inputs: [usize; 5]) -> Result<(), ModelError> {
        self.info.check(inputs)?;
        let [batch, _, z, y, x] = inputs;
        self.model.prepare([batch, 1, z, y, x])
    }

    fn working_bytes(&self, inputs: [usize; 5]) -> Result<usize, ModelError> {
        self.info.check(inputs)?;
        let [batch, _, z, y, x] = inputs;
        self.model.working_bytes([batch, 1, z, y, x])
    }

    fn predict(
        &self,
        inputs: ArrayView5<'_, f32>,
        outputs: &mut [ArrayViewMut5<'_, f32>],
    ) -> Result<(), ModelError> {
        self.info.check_call(inputs.dim().into(), outputs)?;
        self.model.predict(inputs.slice_axis(Axis(1), Slice::from(..1)), outputs)
    }

    fn predict_seeded(
        &self,
        inputs: ArrayView5<'_, f32>,
        seeds: &[u64],
        outputs: &mut [ArrayViewMut5<'_, f32>],
    ) -> Result<(), ModelError> {
        self.info.check_call(inputs.dim().into(), outputs)?;
        self.model.predict_seeded(inputs.slice_axis(Axis(1), Slice::from(..1)), seeds, outputs)
    }
}
