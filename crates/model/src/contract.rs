//! What a model has to do.

use ndarray::{ArrayView5, ArrayViewMut5};

use crate::{ModelError, ModelInfo, Whole, WholePixels};

/// Turns blocks of pixels into blocks of pixels.
///
/// Blocks have the order `BCZYX`; planes have depth 1. A closure becomes a model with [`FnModel`](crate::FnModel).
/// [`ModelExt::predict_alone`](crate::ModelExt::predict_alone) makes memory for the outputs.
///
/// ```
/// use ndarray::{Array5, ArrayView5, ArrayViewMut5, azip};
/// use patchweave_model::{InputInfo, Model, ModelError, ModelExt, ModelInfo, OutputInfo};
///
/// /// Inverts contrast.
/// struct Negative(ModelInfo);
///
/// impl Model for Negative {
///     fn info(&self) -> &ModelInfo {
///         &self.0
///     }
///
///     fn predict(
///         &self,
///         inputs: ArrayView5<'_, f32>,
///         outputs: &mut [ArrayViewMut5<'_, f32>],
///     ) -> Result<(), ModelError> {
///         self.0.check_call(inputs.dim().into(), outputs)?;
///         azip!((pixel in &mut outputs[0], input in &inputs) *pixel = -input);
///         Ok(())
///     }
/// }
///
/// let negative = Negative(ModelInfo::new("negative", InputInfo::any(), vec![OutputInfo::new("negative")]));
/// assert_eq!(negative.predict_alone(Array5::ones([1, 1, 1, 2, 2]).view())?[0].sum(), -4.0);
/// # Ok::<(), patchweave_model::ModelError>(())
/// ```
pub trait Model: Send + Sync {
    /// What is known of the model before it predicts; the same for the whole life of the model.
    fn info(&self) -> &ModelInfo;

    /// Makes ready for inputs of this shape `BCZYX`, and refuses here what would fail later.
    ///
    /// # Errors
    /// [`ModelError`] if the model cannot handle such inputs.
    fn prepare(&self, inputs: [usize; 5]) -> Result<(), ModelError> {
        self.info().check(inputs)
    }

    /// The most bytes that a call with inputs of this shape `BCZYX` needs beside inputs and outputs, as far as that is known
    /// beforehand; 0 by default.
    ///
    /// # Errors
    /// [`ModelError`] if the model cannot handle such inputs.
    fn working_bytes(&self, inputs: [usize; 5]) -> Result<usize, ModelError> {
        self.info().check(inputs).map(|()| 0)
    }

    /// The bytes that the model holds between calls once it is [ready](Self::prepare) for inputs of this shape `BCZYX`, such as
    /// weights, however many calls there are at the same time; 0 by default.
    ///
    /// # Errors
    /// [`ModelError`] if the model cannot handle such inputs.
    fn held_bytes(&self, inputs: [usize; 5]) -> Result<usize, ModelError> {
        self.info().check(inputs).map(|()| 0)
    }

    /// Predicts a batch `BCZYX` into memory of the caller: one view for every output of [`info`](Self::info), of the shape
    /// that [`ModelInfo::output_shapes`] tells, whatever the views hold before.
    ///
    /// It works without [`prepare`](Self::prepare) before.
    ///
    /// # Errors
    /// [`ModelError`] if the model cannot handle the batch or the memory; the outputs may then be partly written.
    fn predict(
        &self,
        inputs: ArrayView5<'_, f32>,
        outputs: &mut [ArrayViewMut5<'_, f32>],
    ) -> Result<(), ModelError>;

    /// As [`predict`](Self::predict), for models that [draw random numbers](ModelInfo::random): those of every sample are to
    /// follow from its seed alone, so that a prediction can be made again.
    ///
    /// `seeds` has a number for every sample of the batch, as [`seeds_of`](crate::seeds_of) makes them. Models that draw nothing, or
    /// from elsewhere, need not implement it; those that do may give the same for every call of `predict`.
    ///
    /// # Errors
    /// As [`predict`](Self::predict).
    fn predict_seeded(
        &self,
        inputs: ArrayView5<'_, f32>,
        seeds: &[u64],
        outputs: &mut [ArrayViewMut5<'_, f32>],
    ) -> Result<(), ModelError> {
        let _ = seeds;
        self.predict(inputs, outputs)
    }

    /// The model that predicts tiles of these pixels, where that depends on more than a tile, such as the mean of an image.
    ///
    /// It takes and makes what this model does. Whoever predicts tiles asks for [`Whole::Run`] once, asks the answer for
    /// [`Whole::Image`] with every image, and predicts its tiles with the answer to that. A model that is not asked takes what
    /// it is given for the whole. Models around another one hand this on.
    ///
    /// # Errors
    /// [`ModelError`] if the pixels cannot be read or the model cannot predict parts of them.
    fn for_whole(
        &self,
        _whole: Whole,
        _pixels: &dyn WholePixels,
    ) -> Result<Option<Box<dyn Model>>, ModelError> {
        Ok(None)
    }

    /// Refuses what [`for_whole`](Self::for_whole) would refuse of pixels that are not one tile, before any of them is read.
    /// Models around another one hand this on.
    ///
    /// # Errors
    /// [`ModelError::Failed`] if the model predicts no parts of an image, or of the images of a run.
    fn check_tiled(&self, _whole: Whole) -> Result<(), ModelError> {
        Ok(())
    }
}

macro_rules! forward_model {
    ($($pointer:ty),*) => {$(
        impl<M: Model + ?Sized> Model for $pointer {
            fn info(&self) -> &ModelInfo {
                (**self).info()
            }

            fn prepare(&self, inputs: [usize; 5]) -> Result<(), ModelError> {
                (**self).prepare(inputs)
            }

            fn working_bytes(&self, inputs: [usize; 5]) -> Result<usize, ModelError> {
                (**self).working_bytes(inputs)
            }

            fn held_bytes(&self, inputs: [usize; 5]) -> Result<usize, ModelError> {
                (**self).held_bytes(inputs)
            }

            fn predict(
                &self,
                inputs: ArrayView5<'_, f32>,
                outputs: &mut [ArrayViewMut5<'_, f32>],
            ) -> Result<(), ModelError> {
                (**self).predict(inputs, outputs)
            }

            fn predict_seeded(
                &self,
                inputs: ArrayView5<'_, f32>,
                seeds: &[u64],
                outputs: &mut [ArrayViewMut5<'_, f32>],
            ) -> Result<(), ModelError> {
                (**self).predict_seeded(inputs, seeds, outputs)
            }

            fn for_whole(
                &self,
                whole: Whole,
                pixels: &dyn WholePixels,
            ) -> Result<Option<Box<dyn Model>>, ModelError> {
                (**self).for_whole(whole, pixels)
            }

            fn check_tiled(&self, whole: Whole) -> Result<(), ModelError> {
                (**self).check_tiled(whole)
            }
        }
    )*};
}

forward_model!(&M, Box<M>, std::sync::Arc<M>);
