//! The eight ways to lay a square on itself.

use ndarray::{ArrayView4, ArrayViewMut4, Axis, ErrorKind, ShapeError};

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
        let n_y = source.len_of(Axis(2));
        let n_x = source.len_of(Axis(3));
        let mut expected = source.raw_dim();
        if self.transpose {
            (expected[2], expected[3]) = (n_x, n_y);
        }
        if target.raw_dim() != expected {
            return Err(ShapeError::from_kind(ErrorKind::IncompatibleShape));
        }
        if let (Some(from), Some(to)) = (source.as_slice(), target.as_slice_mut())
            && !from.is_empty()
        {
            for (from, to) in from.chunks_exact(n_y * n_x).zip(to.chunks_exact_mut(n_y * n_x)) {
                self.write_plane(from, to, n_y, n_x);
            }
            return Ok(());
        }
        target.assign(&self.seen(source));
        Ok(())
    }

    /// Puts a block `CZYX` under this symmetry in place, plane by plane, so that a plane is still in the processor's cache
    /// when it is written again; `scratch` becomes as large as a plane.
    ///
    /// # Errors
    /// [`ShapeError`] if the symmetry would change the shape.
    pub fn apply(self, mut block: ArrayViewMut4<'_, f32>, scratch: &mut Vec<f32>) -> Result<(), ShapeError> {
        let (_, _, n_y, n_x) = block.dim();
        if self.transpose && n_y != n_x {
            return Err(ShapeError::from_kind(ErrorKind::IncompatibleShape));
        }
        if block.is_empty() || self == Self::IDENTITY {
            return Ok(());
        }
        for mut channel in block.outer_iter_mut() {
            for mut plane in channel.outer_iter_mut() {
                scratch.clear();
                match plane.as_slice_mut() {
                    Some(pixels) => {
                        scratch.extend_from_slice(pixels);
                        self.write_plane(scratch, pixels, n_y, n_x);
                    }
                    None => {
                        scratch.extend(plane.iter());
                        let source = ArrayView4::from_shape([1, 1, n_y, n_x], scratch)?;
                        plane.assign(
                            &self.seen(source).index_axis_move(Axis(0), 0).index_axis_move(Axis(0), 0),
                        );
                    }
                }
            }
        }
        Ok(())
    }

    /// A block as it looks under this symmetry, without a copy.
    fn seen(self, mut block: ArrayView4<'_, f32>) -> ArrayView4<'_, f32> {
        if self.flip_y {
            block.invert_axis(Axis(2));
        }
        if self.flip_x {
            block.invert_axis(Axis(3));
        }
        if self.transpose {
            block.swap_axes(2, 3);
        }
        block
    }

    /// Writes one plane of `n_y` rows and `n_x` columns, both sides in C order.
    fn write_plane(self, from: &[f32], to: &mut [f32], n_y: usize, n_x: usize) {
        if self.transpose {
            return self.write_transposed(from, to, n_y, n_x);
        }
        for (y, row) in to.chunks_exact_mut(n_x).enumerate() {
            let y = if self.flip_y { n_y - 1 - y } else { y };
            let source = &from[y * n_x..(y + 1) * n_x];
            if self.flip_x {
                row.iter_mut().zip(source.iter().rev()).for_each(|(to, from)| *to = *from);
            } else {
                row.copy_from_slice(source);
            }
        }
    }

    /// Rows of the result are columns of the source; in blocks, so that both stay in the cache.
    fn write_transposed(self, from: &[f32], to: &mut [f32], n_y: usize, n_x: usize) {
        const BLOCK: usize = 16;
        for (band, rows) in to.chunks_mut(BLOCK * n_y).enumerate() {
            for first in (0..n_y).step_by(BLOCK) {
                let columns = first..(first + BLOCK).min(n_y);
                for (row, line) in rows.chunks_exact_mut(n_y).enumerate() {
                    let x = band * BLOCK + row;
                    let x = if self.flip_x { n_x - 1 - x } else { x };
                    for (column, to) in columns.clone().zip(&mut line[columns.clone()]) {
                        let y = if self.flip_y { n_y - 1 - column } else { column };
                        *to = from[y * n_x + x];
                    }
                }
            }
        }
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
        /// The way through slices gives what the way through strides gives.
        #[test]
        fn memory_order_does_not_matter(symmetry in any_symmetry(), y in 1_usize..40, x in 1_usize..40) {
            let block = Array4::from_shape_fn([1, 2, y, x], |(_, z, y, x)| (10_000 * z + 100 * y + x) as f32);
            let strided = Array4::from_shape_fn([1, 2, y, 2 * x], |(_, z, y, x)| block[[0, z, y, x / 2]]);
            let strided = strided.slice(ndarray::s![.., .., .., ..;2]);
            let mut out = Array4::zeros(apply(symmetry, &block).raw_dim());
            symmetry.write(strided, out.view_mut()).unwrap();
            prop_assert_eq!(out, apply(symmetry, &block));
        }

        /// In place or into other memory, in one piece or not.
        #[test]
        fn in_place_is_the_same(symmetry in any_symmetry(), y in 1_usize..40, x in 1_usize..40) {
            let block = Array4::from_shape_fn([2, 2, y, x], |(c, z, y, x)| (20_000 * c + 10_000 * z + 100 * y + x) as f32);
            let mut scratch = vec![7.0; 3];
            let mut wide = Array4::zeros([2, 2, y, x + 3]);
            let mut strided = wide.slice_mut(ndarray::s![.., .., .., 1..=x]);
            strided.assign(&block);
            let mut turned = block.clone();
            if symmetry.swaps_axes() && y != x {
                prop_assert!(symmetry.apply(turned.view_mut(), &mut scratch).is_err());
                prop_assert_eq!(turned, block);
            } else {
                symmetry.apply(turned.view_mut(), &mut scratch).unwrap();
                symmetry.apply(strided.view_mut(), &mut scratch).unwrap();
                prop_assert_eq!(&turned, &apply(symmetry, &block));
                prop_assert_eq!(strided, turned);
            }
        }

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
