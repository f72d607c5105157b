//! The models that come with the program.

/// A model that comes with the program.
///
/// ```
/// assert_eq!(patchweave_config::ModelPlan::Gaussian { sigma: 2.0 }.name(), "gaussian");
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ModelPlan {
    /// Gives back what it is given.
    Identity,
    /// Blurs with a Gaussian.
    Gaussian {
        /// Its standard deviation in pixels, above 0 and at most 100.
        sigma: f64,
    },
}

impl ModelPlan {
    /// The name in a configuration.
    pub fn name(&self) -> &'static str {
        match self {
            ModelPlan::Identity => "identity",
            ModelPlan::Gaussian { .. } => "gaussian",
        }
    }
}
