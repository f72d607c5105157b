//! The strategies that a configuration can name.

use super::mode::Mode;

/// A strategy that a configuration can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PatchingKind {
    Random,
    Stratified,
    Weighted,
    Foreground,
    Sequential,
    FixedRandom,
    Tiled,
    Whole,
}

/// What is said of a strategy.
struct Form {
    name: &'static str,
    /// The mode of data sets that are cut so.
    mode: Mode,
    /// Whether CAREamics has it.
    is_of_reference: bool,
}

impl PatchingKind {
    /// All strategies, in the order in which messages list them.
    const ALL: [PatchingKind; 8] = [
        PatchingKind::Random,
        PatchingKind::Stratified,
        PatchingKind::Weighted,
        PatchingKind::Foreground,
        PatchingKind::Sequential,
        PatchingKind::FixedRandom,
        PatchingKind::Tiled,
        PatchingKind::Whole,
    ];

    fn form(self) -> Form {
        let form = |name, mode, is_of_reference| Form { name, mode, is_of_reference };
        match self {
            PatchingKind::Random => form("random", Mode::Training, true),
            PatchingKind::Stratified => form("stratified", Mode::Training, true),
            PatchingKind::Weighted => form("weighted", Mode::Training, false),
            PatchingKind::Foreground => form("foreground", Mode::Training, false),
            PatchingKind::Sequential => form("sequential", Mode::Training, false),
            PatchingKind::FixedRandom => form("fixed_random", Mode::Validating, true),
            PatchingKind::Tiled => form("tiled", Mode::Predicting, true),
            PatchingKind::Whole => form("whole", Mode::Predicting, true),
        }
    }

    /// The name in a configuration.
    pub fn name(self) -> &'static str {
        self.form().name
    }

    /// The mode of data sets that are cut so.
    pub fn mode(self) -> Mode {
        self.form().mode
    }

    /// All strategies by their names, with those that CAREamics lacks or without them.
    pub fn by_name(with_additions: bool) -> Vec<(&'static str, PatchingKind)> {
        let is_known = |kind: &PatchingKind| with_additions || kind.form().is_of_reference;
        PatchingKind::ALL.into_iter().filter(is_known).map(|kind| (kind.name(), kind)).collect()
    }
}
