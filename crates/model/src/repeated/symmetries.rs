//! Which flips and turns of a plane a model is asked for.

use ndarray::{ArrayView5, Axis};

/// Which flips and turns of the YX plane a model is asked for.
///
/// ```
/// use patchweave_model::Symmetries;
///
/// assert_eq!([Symmetries::None, Symmetries::Flips, Symmetries::All].map(Symmetries::count), [1, 4, 8]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Symmetries {
    /// The tile as it is.
    #[default]
    None,
    /// The tile, flipped along Y, along X and along both: four.
    Flips,
    /// These, and the same a quarter turn further: all eight symmetries of a square.
    All,
}

impl Symmetries {
    /// How many there are, the tile as it is among them.
    #[must_use]
    pub fn count(self) -> usize {
        self.all().count()
    }

    pub(super) fn all(self) -> impl Iterator<Item = Symmetry> {
        let n = match self {
            Symmetries::None => 1,
            Symmetries::Flips => 4,
            Symmetries::All => 8,
        };
        (0..n).map(|bits| Symmetry {
            flips_y: bits & 1 != 0,
            flips_x: bits & 2 != 0,
            transposes: bits & 4 != 0,
        })
    }
}

/// One of them: flips first, then `Y` and `X` change places.
#[derive(Debug, Clone, Copy)]
pub(super) struct Symmetry {
    flips_y: bool,
    flips_x: bool,
    pub transposes: bool,
}

impl Symmetry {
    /// A block `BCZYX` as the model sees it.
    pub fn apply(self, mut block: ArrayView5<'_, f32>) -> ArrayView5<'_, f32> {
        self.flip(&mut block);
        if self.transposes {
            block.swap_axes(3, 4);
        }
        block
    }

    /// What the model made of it, turned back.
    pub fn undo(self, mut block: ArrayView5<'_, f32>) -> ArrayView5<'_, f32> {
        if self.transposes {
            block.swap_axes(3, 4);
        }
        self.flip(&mut block);
        block
    }

    fn flip(self, block: &mut ArrayView5<'_, f32>) {
        if self.flips_y {
            block.invert_axis(Axis(3));
        }
        if self.flips_x {
            block.invert_axis(Axis(4));
        }
    }
}

/// A shape whose `Y` and `X` have changed places.
pub(super) fn transposed([b, c, z, y, x]: [usize; 5]) -> [usize; 5] {
    [b, c, z, x, y]
}
