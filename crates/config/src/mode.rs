//! What a data set is for.

use crate::scalar::Names;

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

    /// The one of that name.
    pub fn from_name(name: &str) -> Option<Mode> {
        MODES.find(name)
    }
}

pub(crate) const MODES: Names<'_, Mode> = Names {
    known: &[
        ("training", Mode::Training),
        ("validating", Mode::Validating),
        ("predicting", Mode::Predicting),
    ],
    refused: &[],
};
