//! What a data set is for.

/// What a data set is for.
///
/// ```
/// use patchweave_config::Mode;
///
/// assert_eq!(Mode::Predicting.name(), "predicting");
/// assert_eq!(Mode::from_name("training"), Some(Mode::Training));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// For training; such a data set may be predicted as well.
    Training,
    /// For validation during a training. No section of a run uses it alone.
    Validating,
    /// For prediction only.
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

    /// The one of that name.
    pub fn from_name(name: &str) -> Option<Mode> {
        Mode::ALL.into_iter().find(|mode| mode.name() == name)
    }
}
