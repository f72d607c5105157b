//! Models that see the native scale alone.

use ndarray::{ArrayView4, ArrayView5, ArrayViewMut5, Axis, Slice};

use crate::{Cause, ChannelRule, Model, ModelError, ModelInfo, Whole, WholePixels};

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

    fn held_bytes(&self, inputs: [usize; 5]) -> Result<usize, ModelError> {
        self.info.check(inputs)?;
        let [batch, _, z, y, x] = inputs;
        self.model.held_bytes([batch, 1, z, y, x])
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

    fn for_whole(
        &self,
        whole: Whole,
        pixels: &dyn WholePixels,
    ) -> Result<Option<Box<dyn Model>>, ModelError> {
        let knowing = self.model.for_whole(whole, &NativePixels(pixels))?;
        Ok(knowing.map(|model| Box::new(NativeScale::new(model)) as Box<dyn Model>))
    }

    fn check_tiled(&self, whole: Whole) -> Result<(), ModelError> {
        self.model.check_tiled(whole)
    }
}

/// The first channel of pixels.
struct NativePixels<'a>(&'a dyn WholePixels);

impl WholePixels for NativePixels<'_> {
    fn n_channels(&self) -> usize {
        1
    }

    fn is_one_tile(&self) -> bool {
        self.0.is_one_tile()
    }

    fn each_block(
        &self,
        look: &mut dyn FnMut(ArrayView4<'_, f32>) -> Result<(), Cause>,
    ) -> Result<(), Cause> {
        self.0.each_block(&mut |block| look(block.slice_axis(Axis(0), Slice::from(..1))))
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array4, Array5};

    use super::*;
    use crate::{FnModel, InputInfo, ModelExt, OutputInfo};

    /// Makes the sum of all pixels it is shown, once it knows them.
    struct Sum(Option<f32>);

    fn info() -> ModelInfo {
        ModelInfo::new("sum", InputInfo::any(), vec![OutputInfo::new("sum")])
    }

    impl Model for Sum {
        fn info(&self) -> &ModelInfo {
            static INFO: std::sync::OnceLock<ModelInfo> = std::sync::OnceLock::new();
            INFO.get_or_init(info)
        }

        fn predict(
            &self,
            _: ArrayView5<'_, f32>,
            outputs: &mut [ArrayViewMut5<'_, f32>],
        ) -> Result<(), ModelError> {
            outputs[0].fill(self.0.unwrap());
            Ok(())
        }

        fn for_whole(
            &self,
            _: Whole,
            pixels: &dyn WholePixels,
        ) -> Result<Option<Box<dyn Model>>, ModelError> {
            let mut sum = 0.0;
            let looked = pixels.each_block(&mut |block| {
                assert_eq!(block.dim().0, pixels.n_channels());
                sum += block.sum();
                Ok(())
            });
            looked.unwrap();
            Ok(Some(Box::new(Sum(Some(sum)))))
        }
    }

    struct TwoScales(Array4<f32>);

    impl WholePixels for TwoScales {
        fn n_channels(&self) -> usize {
            2
        }

        fn is_one_tile(&self) -> bool {
            true
        }

        fn each_block(
            &self,
            look: &mut dyn FnMut(ArrayView4<'_, f32>) -> Result<(), Cause>,
        ) -> Result<(), Cause> {
            look(self.0.view())
        }
    }

    #[test]
    fn models_are_shown_the_native_scale_of_the_whole() {
        let whole = TwoScales(Array4::from_shape_fn([2, 1, 2, 2], |(scale, ..)| 1.0 + 100.0 * scale as f32));
        let native = NativeScale::new(Sum(None));
        let knowing = native.for_whole(Whole::Image, &whole).unwrap().unwrap();
        let made = knowing.predict_alone(Array5::zeros([1, 2, 1, 1, 1]).view()).unwrap();
        assert_eq!(made[0].sum(), 4.0);
        let other = NativeScale::new(FnModel::new(info(), |_, _| Ok(())));
        assert!(other.for_whole(Whole::Run, &whole).unwrap().is_none());
    }
}
