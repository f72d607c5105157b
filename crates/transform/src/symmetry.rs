//! The eight ways to lay a square on itself.

use ndarray::{ArrayView4, ArrayViewMut4, Axis, ShapeError};

/// A combination of flips and quarter turns in the YX plane; `Z` and channels stay.
///
/// ```
/// use ndarray::{Array4, array};
/// use patchweave_transform::PlaneSymmetry;
///
/// let block = array![[[[1.0_f32, 2.0], [3.0, 4.0]]]];
/// let mut out = Array4::zeros([1, 1, 2, 2]);
/// PlaneSymmetry::quarter_turns(1).write(block.view(), out.view_mut())?;
/// assert_eq!(out, array![[[[2.0, 4.0], [1.0, 3.0]]]]);
/// assert_eq!(PlaneSymmetry::quarter_turns(3).after(PlaneSymmetry::quarter_turns(1)), PlaneSymmetry::IDENTITY);
/// # Ok::<(), ndarray::ShapeError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PlaneSymmetry {
    /// Rows of the result run along columns of the source.
    transpose: bool,
    /// The source is read from its last row to its first.
    flip_y: bool,
    /// The source is read from its last column to its first.
    flip_x: bool,
}

impl PlaneSymmetry {
    /// Leaves the plane as it is.
    pub const IDENTITY: Self = PlaneSymmetry { transpose: false, flip_y: false, flip_x: false };
    /// Swaps top and bottom.
    pub const FLIP_Y: Self = PlaneSymmetry { transpose: false, flip_y: true, flip_x: false };
    /// Swaps left and right.
    pub const FLIP_X: Self = PlaneSymmetry { transpose: false, flip_y: false, flip_x: true };

    /// Turns counter-clockwise (with `Y` down) `n` times by 90°: one turn is `out[i, j] = in[j, nX − 1 − i]`.
    pub fn quarter_turns(n: u32) -> Self {
        let one = PlaneSymmetry { transpose: true, flip_y: false, flip_x: true };
        (0..n % 4).fold(Self::IDENTITY, |turned, _| one.after(turned))
    }

    /// First `first`, then this.
    #[must_use]
    pub fn after(self, first: Self) -> Self {
        let (y, x) = if first.transpose { (self.flip_x, self.flip_y) } else { (self.flip_y, self.flip_x) };
        PlaneSymmetry {
            transpose: first.transpose ^ self.transpose,
            flip_y: first.flip_y ^ y,
            flip_x: first.flip_x ^ x,
        }
    }

    /// Whether the sizes along `Y` and `X` change places.
    pub fn swaps_axes(self) -> bool {
        self.transpose
    }

    /// Writes `source` under this symmetry to `target`; both are `CZYX`.
    ///
    /// # Errors
    /// [`ShapeError`] if the target has not the resulting shape.
    pub fn write(
        self,
        source: ArrayView4<'_, f32>,
        mut target: ArrayViewMut4<'_, f32>,
    ) -> Result<(), ShapeError> {
        let mut seen = source;
        if self.flip_y {
            seen.invert_axis(Axis(2));
        }
        if self.flip_x {
            seen.invert_axis(Axis(3));
        }
        if self.transpose {
            seen.swap_axes(2, 3);
        }
        if seen.shape() != target.shape() {
            return Err(ShapeError::from_kind(ndarray::ErrorKind::IncompatibleShape));
        }
        target.assign(&seen);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array4;
    use proptest::prelude::*;

    fn any_symmetry() -> impl Strategy<Value = PlaneSymmetry> {
        (any::<bool>(), 0_u32..4).prop_map(|(flip, turns)| {
            let flip = if flip { PlaneSymmetry::FLIP_Y } else { PlaneSymmetry::IDENTITY };
            PlaneSymmetry::quarter_turns(turns).after(flip)
        })
    }

    fn apply(symmetry: PlaneSymmetry, source: &Array4<f32>) -> Array4<f32> {
        let (c, z, y, x) = source.dim();
        let shape = if symmetry.swaps_axes() { [c, z, x, y] } else { [c, z, y, x] };
        let mut out = Array4::zeros(shape);
        symmetry.write(source.view(), out.view_mut()).unwrap();
        out
    }

    proptest! {
        #[test]
        fn composing_is_applying_twice(first in any_symmetry(), second in any_symmetry(), y in 1_usize..5, x in 1_usize..5) {
            let block = Array4::from_shape_fn([2, 2, y, x], |(c, z, y, x)| (1000 * c + 100 * z + 10 * y + x) as f32);
            prop_assert_eq!(apply(second.after(first), &block), apply(second, &apply(first, &block)));
        }
    }

    #[test]
    fn there_are_eight() {
        let mut all: Vec<PlaneSymmetry> = [PlaneSymmetry::IDENTITY, PlaneSymmetry::FLIP_X]
            .into_iter()
            .flat_map(|flip| (0..4).map(move |n| PlaneSymmetry::quarter_turns(n).after(flip)))
            .collect();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 8);
    }
}
