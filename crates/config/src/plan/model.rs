//! The built-in models.

/// A built-in model.
///
/// ```
/// assert_eq!(patchweave_config::ModelPlan::Gaussian { sigma: 2.0 }.name(), "gaussian");
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ModelPlan {
    /// Returns its input.
    Identity,
    /// The mean of the channels of its input.
    ChannelMean,
    /// Gaussian blur.
    Gaussian {
        /// Standard deviation in pixels, above 0 and at most 100.
        sigma: f64,
    },
}

impl ModelPlan {
    /// The name in a configuration.
    pub fn name(&self) -> &'static str {
        match self {
            ModelPlan::Identity => "identity",
            ModelPlan::ChannelMean => "channel_mean",
            ModelPlan::Gaussian { .. } => "gaussian",
        }
    }
}
