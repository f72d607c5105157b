//! Why a model could not be made or did not predict.

/// What a model's own library reports.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a model could not be made or did not predict; every variant names the model.
///
/// ```
/// use patchweave_model::{Identity, Model};
///
/// let error = Identity::new().prepare([1, 0, 1, 8, 8]).unwrap_err();
/// assert_eq!(error.to_string(), "model identity: got inputs of 1×0×1×8×8 pixels, expected sizes above 0");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// Inputs that the model does not take, or memory for outputs that does not fit them.
    #[error("model {model}: got {got}, expected {expected}")]
    Shape {
        /// Name of the model.
        model: String,
        /// What the model was given.
        got: String,
        /// What it takes.
        expected: String,
    },
    /// A setting that no model can have.
    #[error("model {model}: got {got}, expected {expected}")]
    Setting {
        /// Name of the model.
        model: String,
        /// The setting.
        got: String,
        /// What it may be.
        expected: String,
    },
    /// A model that started and failed.
    #[error("model {model} failed")]
    Failed {
        /// Name of the model.
        model: String,
        /// The reason.
        source: Cause,
    },
}
