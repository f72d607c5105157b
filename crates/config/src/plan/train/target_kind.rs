//! Whether targets are intensities or labels.

/// What the pixels of targets are.
///
/// ```
/// use patchweave_config::TargetKind;
///
/// assert!(TargetKind::Labels.is_labels() && !TargetKind::default().is_labels());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum TargetKind {
    /// Nobody says; they are taken for intensities, with a warning if they look like labels.
    #[default]
    Unsaid,
    /// Measured values, which are normalised.
    Intensities,
    /// Numbers of classes or objects: never normalised, delivered as they are or not at all.
    Labels,
}

impl TargetKind {
    /// Whether values are delivered as they are or not at all.
    pub fn is_labels(self) -> bool {
        self == TargetKind::Labels
    }
}
