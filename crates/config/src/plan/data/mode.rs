//! The purpose of a data set.

/// The purpose of a data set.
///
/// ```
/// use patchweave_config::Mode;
///
/// assert_eq!(Mode::Predicting.name(), "predicting");
/// assert_eq!(Mode::from_name("training"), Some(Mode::Training));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Training; a run may use such a data set for prediction as well.
    Training,
    /// Validation during a training; no section of a run uses such a data set alone.
    Validating,
    /// Prediction only.
    Predicting,
}

impl Mode {
    /// The name in a configuration.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Training => "training",
            Mode::Validating => "validating",
            Mode::Predicting => "predicting",
        }
    }

    const ALL: [Mode; 3] = [Mode::Training, Mode::Validating, Mode::Predicting];

    /// The mode with a name, if there is one.
    pub fn from_name(name: &str) -> Option<Mode> {
        Mode::ALL.into_iter().find(|mode| mode.name() == name)
    }
}
