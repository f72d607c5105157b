//! What a model has to do, and the simplest one.

use ndarray::{Array5, ArrayView5, Axis, Slice};

/// Why a model could not predict; anything a model's own library reports.
#[derive(Debug, thiserror::Error)]
#[error("model {model} failed")]
pub struct ModelError {
    /// Name of the model.
    pub model: String,
    /// The reason.
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// Whose intensities a prediction has, and so which statistics bring it back to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Likeness {
    /// Those of the input: a filtered input.
    Input,
    /// Those of the target a model was trained with; of the input where there are none.
    Target,
}

/// Turns a batch of inputs into a batch of predictions of the same spatial size.
///
/// ```
/// use ndarray::{Array5, ArrayView5};
/// use patchweave_predict::{Model, ModelError};
///
/// /// Inverts contrast.
/// struct Negative;
///
/// impl Model for Negative {
///     fn name(&self) -> &str {
///         "negative"
///     }
///
///     fn predict(&self, inputs: ArrayView5<'_, f32>) -> Result<Array5<f32>, ModelError> {
///         Ok(inputs.mapv(|pixel| -pixel))
///     }
/// }
///
/// assert_eq!(Negative.predict(Array5::ones([1, 1, 1, 2, 2]).view())?.sum(), -4.0);
/// # Ok::<(), ModelError>(())
/// ```
pub trait Model: Send + Sync {
    /// A short name, used in file names.
    fn name(&self) -> &str;

    /// Predicts a batch `BCZYX` (planes have depth 1) of normalised pixels.
    ///
    /// The result has the same batch and spatial sizes and any number of channels, the same for all batches.
    ///
    /// # Errors
    /// [`ModelError`] if the model cannot handle the batch.
    fn predict(&self, inputs: ArrayView5<'_, f32>) -> Result<Array5<f32>, ModelError>;

    /// How many pixels around a pixel its prediction depends on; tiles that overlap by twice as many give
    /// the same result as the whole image, if the image is at least as large as a tile (what a tile has
    /// beyond the image is zero).
    fn halo(&self) -> usize {
        0
    }

    /// Whose intensities the prediction has.
    fn likeness(&self) -> Likeness {
        Likeness::Target
    }
}

/// Gives the input back: what comes out of a prediction shows what cutting and stitching do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Identity;

impl Model for Identity {
    fn name(&self) -> &'static str {
        "identity"
    }

    fn predict(&self, inputs: ArrayView5<'_, f32>) -> Result<Array5<f32>, ModelError> {
        Ok(inputs.to_owned())
    }

    fn likeness(&self) -> Likeness {
        Likeness::Input
    }
}

/// Lets a model that knows nothing of lateral context see the native scale alone, which is the first channel.
///
/// ```
/// use ndarray::Array5;
/// use patchweave_predict::{Identity, Model, NativeScale};
///
/// let inputs = Array5::from_shape_fn([1, 3, 1, 2, 2], |(_, scale, ..)| scale as f32);
/// let predicted = NativeScale(Box::new(Identity)).predict(inputs.view())?;
/// assert_eq!(predicted, Array5::<f32>::zeros([1, 1, 1, 2, 2]));
/// # Ok::<(), patchweave_predict::ModelError>(())
/// ```
pub struct NativeScale(pub Box<dyn Model>);

impl Model for NativeScale {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn predict(&self, inputs: ArrayView5<'_, f32>) -> Result<Array5<f32>, ModelError> {
        self.0.predict(inputs.slice_axis(Axis(1), Slice::from(..1)))
    }

    fn halo(&self) -> usize {
        self.0.halo()
    }

    fn likeness(&self) -> Likeness {
        self.0.likeness()
    }
}
