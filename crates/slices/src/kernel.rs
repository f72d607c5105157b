//! What makes one channel of slices.

use patchweave_geometry::coordinate;

use crate::{Boundary, ZOperation};

/// What makes one channel out of one input channel.
#[derive(Debug, Clone)]
pub(crate) struct Kernel {
    pub kind: ZOperation,
    pub offsets: Vec<i64>,
}

impl Kernel {
    /// The slices of the volume it takes at `z0`; `None` for one of zeros.
    pub fn members(&self, boundary: Boundary, z0: usize, n_slices: usize) -> Vec<Option<usize>> {
        let z0 = coordinate(z0);
        let at = |offset: &i64| boundary.resolve(z0.saturating_add(*offset), n_slices);
        match boundary {
            Boundary::Skip => self.offsets.iter().map(at).filter(Option::is_some).collect(),
            Boundary::Clamp | Boundary::Zero | Boundary::Reflect => self.offsets.iter().map(at).collect(),
        }
    }
}
