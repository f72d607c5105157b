//! Which structures there are, by name and by drawing routine.

use std::fmt;

use rand_chacha::ChaCha8Rng;

use crate::density::Density;
use crate::{filaments, nuclei, puncta};

/// What a simulated image shows.
///
/// ```
/// use patchweave_simulate::StructureKind;
///
/// assert_eq!(StructureKind::ALL.map(StructureKind::name), ["nuclei", "filaments", "puncta"]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StructureKind {
    /// Soft-edged ellipsoids with chromatin-like texture and dark nucleoli, some 35 pixels wide.
    Nuclei,
    /// Long smooth curved lines, one to two pixels wide before the blur, like microtubules.
    Filaments,
    /// Small spots of log-normal brightness in loose clusters, like vesicles.
    Puncta,
}

impl StructureKind {
    /// Every kind, in the order in which structures cycle through them.
    pub const ALL: [StructureKind; 3] =
        [StructureKind::Nuclei, StructureKind::Filaments, StructureKind::Puncta];

    /// The lower-case plural name.
    pub fn name(self) -> &'static str {
        match self {
            StructureKind::Nuclei => "nuclei",
            StructureKind::Filaments => "filaments",
            StructureKind::Puncta => "puncta",
        }
    }

    /// The kind of structure number `structure_idx`, and how many of that kind came before it.
    pub(crate) fn of_structure(structure_idx: usize) -> (StructureKind, usize) {
        let n_kinds = StructureKind::ALL.len();
        (StructureKind::ALL[structure_idx % n_kinds], structure_idx / n_kinds)
    }

    /// Adds structures of this kind to an image of any size, as densely everywhere.
    pub(crate) fn draw(self, density: &mut Density, rng: &mut ChaCha8Rng) {
        match self {
            StructureKind::Nuclei => nuclei::draw(density, rng),
            StructureKind::Filaments => filaments::draw(density, rng),
            StructureKind::Puncta => puncta::draw(density, rng),
        }
    }
}

impl fmt::Display for StructureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
