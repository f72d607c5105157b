//! Where the patches of a strategy can start, so that proofs need not draw them.

use std::fmt;

use patchweave_geometry::{AxisGrid, Extent, PatchSpec, PerAxis};

use crate::PatchingError;
use crate::start_box::StartBox;

/// Where the patches of one sample can start.
///
/// ```
/// use patchweave_geometry::{Extent, ImageShape};
/// use patchweave_patching::{Patching, SequentialPatching};
///
/// let shapes = [ImageShape::from_slice(&[1, 1, 8, 24])?];
/// let patching = SequentialPatching::new(&shapes, Extent::new(&[8, 8])?, None)?;
/// assert_eq!(format!("{:?}", patching.starts(0, 0)), "Starts(patches of [8, 8])");
/// assert_eq!(format!("{:?}", patching.starts(7, 0)), "Starts(a list)");
/// # Ok::<(), patchweave_patching::PatchingError>(())
/// ```
pub struct Starts<'a>(pub(crate) Kind<'a>);

pub(crate) enum Kind<'a> {
    Unknown,
    Listed(Box<dyn Iterator<Item = Result<PatchSpec, PatchingError>> + 'a>),
    Among(Box<dyn StartSet + 'a>),
}

/// Starts of patches of one size that are not listed.
pub(crate) trait StartSet {
    fn patch_size(&self) -> Extent;

    /// A start within a box at which a patch can be drawn, if there is one.
    fn start_within(&self, within: &StartBox) -> Option<[usize; 3]>;
}

impl<'a> Starts<'a> {
    /// Nothing is known.
    pub fn unknown() -> Self {
        Starts(Kind::Unknown)
    }

    /// Exactly the patches of a list, which are all of one sample.
    pub fn listed(patches: impl Iterator<Item = Result<PatchSpec, PatchingError>> + 'a) -> Self {
        Starts(Kind::Listed(Box::new(patches)))
    }

    /// Anywhere in an image, as far as the patch fits; only at its first pixel along axes where it does not fit.
    pub fn anywhere(image: Extent, patch_size: Extent) -> Self {
        Starts::among(Anywhere { image, patch_size })
    }

    /// Those of the windows along every axis.
    pub(crate) fn on_grid(patch_size: Extent, axes: PerAxis<AxisGrid>) -> Self {
        Starts::among(OnGrid { patch_size, axes })
    }

    pub(crate) fn none() -> Self {
        Starts::listed(std::iter::empty())
    }

    pub(crate) fn among(starts: impl StartSet + 'a) -> Self {
        Starts(Kind::Among(Box::new(starts)))
    }
}

impl fmt::Debug for Starts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Unknown => write!(f, "Starts(unknown)"),
            Kind::Listed(_) => write!(f, "Starts(a list)"),
            Kind::Among(set) => write!(f, "Starts(patches of {:?})", set.patch_size()),
        }
    }
}

/// Starts along each axis from 0 to the last at which a patch fits.
pub(crate) fn all_starts(image: &Extent, patch_size: &Extent) -> StartBox {
    let n = image.to_zyx();
    let p = patch_size.to_zyx();
    StartBox { low: [0; 3], high: [0, 1, 2].map(|axis| n[axis].saturating_sub(p[axis]) + 1) }
}

struct Anywhere {
    image: Extent,
    patch_size: Extent,
}

impl StartSet for Anywhere {
    fn patch_size(&self) -> Extent {
        self.patch_size
    }

    fn start_within(&self, within: &StartBox) -> Option<[usize; 3]> {
        all_starts(&self.image, &self.patch_size).intersection(within).map(|shared| shared.low)
    }
}

struct OnGrid {
    patch_size: Extent,
    axes: PerAxis<AxisGrid>,
}

impl StartSet for OnGrid {
    fn patch_size(&self) -> Extent {
        self.patch_size
    }

    fn start_within(&self, within: &StartBox) -> Option<[usize; 3]> {
        let mut found = [0; 3];
        for (axis, grid) in self.axes.map(Some).to_zyx(None).into_iter().enumerate() {
            let Some(grid) = grid else { continue };
            let start = grid.start_from(within.low[axis])?;
            found[axis] = (start < within.high[axis]).then_some(start)?;
        }
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// A grid gives a start of the box if it has one there, and nothing else.
        #[test]
        fn grids_give_starts_of_the_box(
            grids in prop::array::uniform2((1_usize..20, 1_usize..8, 1_usize..8)),
            low in prop::array::uniform2(0_usize..20), size in prop::array::uniform2(1_usize..9),
        ) {
            let [y, x] = grids.map(|(size, window, step)| AxisGrid::new(size, window, step).unwrap());
            let starts = [y, x].map(|grid| grid.starts().collect::<Vec<_>>());
            let patch_size = Extent::new(&[1, 1]).unwrap();
            let on_grid = OnGrid { patch_size, axes: PerAxis::new(&[y, x]).unwrap() };
            let within = StartBox { low: [0, low[0], low[1]], high: [1, low[0] + size[0], low[1] + size[1]] };
            let is_there = |axis: usize| {
                starts[axis].iter().any(|start| (low[axis]..low[axis] + size[axis]).contains(start))
            };
            let found = on_grid.start_within(&within);
            prop_assert_eq!(found.is_some(), is_there(0) && is_there(1));
            if let Some(start) = found {
                prop_assert!(within.contains(start));
                prop_assert!(starts[0].contains(&start[1]) && starts[1].contains(&start[2]));
            }
        }
    }
}
