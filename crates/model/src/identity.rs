//! The model that changes nothing.

use ndarray::{ArrayView5, ArrayViewMut5};

use crate::{InputInfo, Likeness, Model, ModelError, ModelInfo, OutputInfo};

/// Gives the input back: what comes out of a prediction shows what cutting and stitching do.
///
/// ```
/// use ndarray::Array5;
/// use patchweave_model::{Identity, ModelExt};
///
/// let inputs = Array5::from_shape_fn([1, 2, 1, 4, 4], |(_, channel, _, y, x)| (channel * 16 + y * 4 + x) as f32);
/// assert_eq!(Identity::new().predict_alone(inputs.view())?, [inputs]);
/// # Ok::<(), patchweave_model::ModelError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Identity {
    info: ModelInfo,
}

impl Identity {
    /// The model that changes nothing.
    #[must_use]
    pub fn new() -> Self {
        let output = OutputInfo::new("identity").with_likeness(Likeness::Input);
        Identity { info: ModelInfo::new("identity", InputInfo::any(), vec![output]).parallel() }
    }
}

impl Default for Identity {
    fn default() -> Self {
        Identity::new()
    }
}

impl Model for Identity {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn predict(
        &self,
        inputs: ArrayView5<'_, f32>,
        outputs: &mut [ArrayViewMut5<'_, f32>],
    ) -> Result<(), ModelError> {
        self.info.check_call(inputs.dim().into(), outputs)?;
        for output in outputs {
            output.assign(&inputs);
        }
        Ok(())
    }
}
