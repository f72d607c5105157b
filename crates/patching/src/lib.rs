//! Which region of which image is patch number `i`: patching strategies and the randomness behind them.
//!
//! Strategies know shapes, never pixels and never files. No strategy that can compute its specs keeps
//! a list of them, so opening a huge data set costs no more than its shapes.

mod conflict;
mod counts;
mod error;
mod fixed;
mod leak;
mod permutation;
mod random;
mod rng;
mod search;
mod sequential;
mod split_mix;
mod start_box;
mod starts;
mod stratified;
mod tiled;
mod weighted;
mod weights;
mod whole;

use std::ops::Range;

use patchweave_geometry::{Extent, RegionSpec};

pub use error::PatchingError;
pub use fixed::FixedPatching;
pub use leak::{Leak, LeakSearch, SharedSample, SharedSamples};
pub use permutation::Permutation;
pub use random::{FixedRandomPatching, RandomPatching};
pub use rng::{Draw, PatchRng, Round};
pub use sequential::SequentialPatching;
pub use split_mix::split_mix;
pub use starts::Starts;
pub use stratified::{GridCell, GridRegion, Separation, StratifiedPatching, hold_out, split_validation};
pub use tiled::TiledPatching;
pub use weighted::WeightedPatching;
pub use weights::SampleWeights;
pub use whole::WholePatching;

/// Maps an index in `[0, n_patches)` to the region of an image.
///
/// Implement this for a strategy of your own; every index of the range must give a spec. Randomness comes
/// from `rng` alone, which is keyed by (seed, epoch, index), so that a strategy gives the same specs
/// whatever the number of threads.
pub trait Patching: Send + Sync {
    /// How many patches one epoch has.
    fn n_patches(&self) -> usize;

    /// The spec of patch `index`.
    ///
    /// # Errors
    /// [`PatchingError::IndexOutOfRange`] if `index` is not below [`n_patches`](Self::n_patches).
    fn spec(&self, index: usize, rng: &mut PatchRng) -> Result<RegionSpec, PatchingError>;

    /// The size of patch `index`, which no draw changes.
    ///
    /// # Errors
    /// [`PatchingError::IndexOutOfRange`].
    fn patch_size(&self, index: usize) -> Result<Extent, PatchingError>;

    /// The indices whose patches come from stack `data_idx`; none for a stack that does not exist.
    ///
    /// Constructors ask it once for every stack when they are made, so it must not look at all patches: a range, or a look
    /// into a list that was sorted before.
    fn indices_of(&self, data_idx: usize) -> PatchIndices;

    /// Where the patches of a sample can start, for [`LeakSearch`]; nothing is known unless a strategy says so.
    fn starts(&self, _data_idx: usize, _sample_idx: usize) -> Starts<'_> {
        Starts::unknown()
    }
}

/// The indices of one stack's patches, in ascending order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PatchIndices {
    /// A contiguous range, which most strategies have.
    Range(Range<usize>),
    /// Any indices.
    List(Vec<usize>),
}

impl PatchIndices {
    /// The indices one by one.
    pub fn iter(&self) -> Box<dyn Iterator<Item = usize> + '_> {
        match self {
            PatchIndices::Range(range) => Box::new(range.clone()),
            PatchIndices::List(list) => Box::new(list.iter().copied()),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            PatchIndices::Range(range) => range.len(),
            PatchIndices::List(list) => list.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The index at `place`, counted from 0.
    pub fn get(&self, place: usize) -> Option<usize> {
        match self {
            PatchIndices::Range(range) => range.start.checked_add(place).filter(|index| *index < range.end),
            PatchIndices::List(list) => list.get(place).copied(),
        }
    }
}

macro_rules! forward_patching {
    ($($pointer:ty),*) => {$(
        impl<P: Patching + ?Sized> Patching for $pointer {
            fn n_patches(&self) -> usize {
                (**self).n_patches()
            }

            fn spec(&self, index: usize, rng: &mut PatchRng) -> Result<RegionSpec, PatchingError> {
                (**self).spec(index, rng)
            }

            fn patch_size(&self, index: usize) -> Result<Extent, PatchingError> {
                (**self).patch_size(index)
            }

            fn indices_of(&self, data_idx: usize) -> PatchIndices {
                (**self).indices_of(data_idx)
            }

            fn starts(&self, data_idx: usize, sample_idx: usize) -> Starts<'_> {
                (**self).starts(data_idx, sample_idx)
            }
        }
    )*};
}

forward_patching!(&P, Box<P>, std::sync::Arc<P>);
