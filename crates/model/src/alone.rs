//! Predicting into new memory.

use ndarray::{Array5, ArrayView5, ArrayViewMut5};

use crate::{Model, ModelError};

/// What follows from the methods of [`Model`].
pub trait ModelExt: Model {
    /// Predicts a batch `BCZYX` into new memory, one array for every output.
    ///
    /// ```
    /// use ndarray::Array5;
    /// use patchweave_model::{ChannelMean, ModelExt};
    ///
    /// let inputs = Array5::from_shape_fn([1, 3, 1, 2, 2], |(_, channel, ..)| channel as f32);
    /// assert_eq!(ChannelMean::new().predict_alone(inputs.view())?, [Array5::<f32>::ones([1, 1, 1, 2, 2])]);
    /// # Ok::<(), patchweave_model::ModelError>(())
    /// ```
    ///
    /// # Errors
    /// As [`Model::predict`].
    fn predict_alone(&self, inputs: ArrayView5<'_, f32>) -> Result<Vec<Array5<f32>>, ModelError> {
        let shape = inputs.dim().into();
        self.info().check(shape)?;
        let mut outputs: Vec<Array5<f32>> =
            self.info().output_shapes(shape).into_iter().map(Array5::zeros).collect();
        let mut views: Vec<ArrayViewMut5<'_, f32>> =
            outputs.iter_mut().map(|output| output.view_mut()).collect();
        self.predict(inputs, &mut views)?;
        Ok(outputs)
    }
}

impl<M: Model + ?Sized> ModelExt for M {}
