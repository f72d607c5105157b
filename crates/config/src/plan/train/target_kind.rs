//! Whether targets are intensities or labels.

/// Whether targets are intensities or labels.
///
/// ```
/// use patchweave_config::TargetKind;
///
/// assert!(TargetKind::Labels.is_labels() && !TargetKind::default().is_labels());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum TargetKind {
    /// The file does not say: they are treated as intensities, with a warning if they look like labels.
    #[default]
    Unsaid,
    /// Measured values, which are normalised.
    Intensities,
    /// Class or object numbers: never normalised, and an error where they cannot be delivered exactly.
    Labels,
}

impl TargetKind {
    /// Whether targets are labels, whose values have to be delivered exactly.
    pub fn is_labels(self) -> bool {
        self == TargetKind::Labels
    }
}
