//! Closures as models.

use ndarray::{ArrayView5, ArrayViewMut5};

use crate::{Cause, Model, ModelError, ModelInfo};

/// A closure with what is known of it.
///
/// The closure gets inputs that [`ModelInfo::check_call`] accepts, and memory of the shapes that follow.
///
/// ```
/// use ndarray::Array5;
/// use patchweave_model::{FnModel, InputInfo, ModelExt, ModelInfo, OutputInfo};
///
/// let info = ModelInfo::new("double", InputInfo::any(), vec![OutputInfo::new("double")]);
/// let double = FnModel::new(info, |inputs, outputs| {
///     outputs[0].assign(&inputs.mapv(|pixel| 2.0 * pixel));
///     Ok(())
/// });
/// assert_eq!(double.predict_alone(Array5::ones([1, 1, 1, 2, 2]).view())?[0].sum(), 8.0);
/// # Ok::<(), patchweave_model::ModelError>(())
/// ```
pub struct FnModel<F> {
    info: ModelInfo,
    predict: F,
}

impl<F> FnModel<F>
where
    F: Fn(ArrayView5<'_, f32>, &mut [ArrayViewMut5<'_, f32>]) -> Result<(), Cause> + Send + Sync,
{
    /// A model that calls `predict`.
    pub fn new(info: ModelInfo, predict: F) -> Self {
        FnModel { info, predict }
    }
}

impl<F> Model for FnModel<F>
where
    F: Fn(ArrayView5<'_, f32>, &mut [ArrayViewMut5<'_, f32>]) -> Result<(), Cause> + Send + Sync,
{
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn predict(
        &self,
        inputs: ArrayView5<'_, f32>,
        outputs: &mut [ArrayViewMut5<'_, f32>],
    ) -> Result<(), ModelError> {
        self.info.check_call(inputs.dim().into(), outputs)?;
        (self.predict)(inputs, outputs)
            .map_err(|source| ModelError::Failed { model: self.info.name.clone(), source })
    }
}
