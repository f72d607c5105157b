//! The loops that turn pixels of any type into `f32` on their way.

use ndarray::{ArrayView, ArrayViewMut, ArrayViewMut4, Dimension, ErrorKind, ShapeError, Zip};
use pulp::{Arch, NullaryFnOnce};

use crate::Pixel;

/// Copies `source` into `target` of the same shape, converting to `f32`.
///
/// Rows that are contiguous on both sides are copied as slices, which the compiler vectorises.
///
/// # Errors
/// [`ShapeError`] if the shapes differ; nothing is written then.
pub fn copy_as_f32<T: Pixel, D: Dimension>(
    source: ArrayView<'_, T, D>,
    mut target: ArrayViewMut<'_, f32, D>,
) -> Result<(), ShapeError> {
    if source.shape() != target.shape() {
        return Err(ShapeError::from_kind(ErrorKind::IncompatibleShape));
    }
    if let (Some(from), Some(to)) = (source.as_slice(), target.as_slice_mut()) {
        convert_row(from, to);
        return Ok(());
    }
    Zip::from(source.rows()).and(target.rows_mut()).for_each(|from, mut to| {
        match (from.as_slice(), to.as_slice_mut()) {
            (Some(from), Some(to)) => convert_row(from, to),
            _ => Zip::from(from).and(&mut to).for_each(|&from, to| *to = from.to_f32()),
        }
    });
    Ok(())
}

/// Copies a block out of an array that lies in one piece of memory, converting to `f32`.
///
/// Element `[c, z, y, x]` of `target` is `pixels[start + c·strides[0] + z·strides[1] + y·strides[2] +
/// x·strides[3]]`. The loops use the widest vectors of the machine; the values do not depend on them.
///
/// # Errors
/// [`ShapeError`] if an element lies beyond `pixels`; nothing is written then.
pub fn copy_block_as_f32<T: Pixel>(
    pixels: &[T],
    start: usize,
    strides: [usize; 4],
    mut target: ArrayViewMut4<'_, f32>,
) -> Result<(), ShapeError> {
    let (c, z, y, x) = target.dim();
    if target.is_empty() {
        return Ok(());
    }
    let steps = [c, z, y, x].into_iter().zip(strides);
    let last = steps
        .map(|(n, stride)| (n - 1).checked_mul(stride))
        .try_fold(start, |last, step| last.checked_add(step?));
    if last.is_none_or(|last| last >= pixels.len()) {
        return Err(ShapeError::from_kind(ErrorKind::OutOfBounds));
    }
    if let Some(target) = target.as_slice_mut() {
        Arch::new().dispatch(CopyBlock { pixels, start, strides, shape: [c, z, y, x], target });
        return Ok(());
    }
    for (row_idx, mut row) in target.rows_mut().into_iter().enumerate() {
        let (plane_idx, y_idx) = (row_idx / y, row_idx % y);
        let start = start + (plane_idx / z) * strides[0] + (plane_idx % z) * strides[1] + y_idx * strides[2];
        match row.as_slice_mut() {
            Some(row) => copy_row(&pixels[start..], strides[3], row),
            None => {
                for (x, to) in row.iter_mut().enumerate() {
                    *to = pixels[start + x * strides[3]].to_f32();
                }
            }
        }
    }
    Ok(())
}

/// [`copy_block_as_f32`] into memory without gaps.
struct CopyBlock<'a, T> {
    pixels: &'a [T],
    start: usize,
    strides: [usize; 4],
    shape: [usize; 4],
    target: &'a mut [f32],
}

impl<T: Pixel> NullaryFnOnce for CopyBlock<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let CopyBlock { pixels, start, strides, shape: [_, n_z, n_y, n_x], target } = self;
        for (c, channel) in target.chunks_exact_mut(n_z * n_y * n_x).enumerate() {
            for (z, plane) in channel.chunks_exact_mut(n_y * n_x).enumerate() {
                let start = start + c * strides[0] + z * strides[1];
                for (y, row) in plane.chunks_exact_mut(n_x).enumerate() {
                    copy_row(&pixels[start + y * strides[2]..], strides[3], row);
                }
            }
        }
    }
}

#[inline(always)]
fn copy_row<T: Pixel>(from: &[T], stride: usize, to: &mut [f32]) {
    if stride == 1 {
        convert_row(&from[..to.len()], to);
    } else {
        for (to, from) in to.iter_mut().zip(from.iter().step_by(stride.max(1))) {
            *to = from.to_f32();
        }
    }
}

#[inline(always)]
fn convert_row<T: Pixel>(from: &[T], to: &mut [f32]) {
    for (to, &from) in to.iter_mut().zip(from) {
        *to = from.to_f32();
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array4, s};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// A block copied through strides equals the slice of the array, into memory with and without gaps.
        #[test]
        fn blocks_equal_slices(
            shape in prop::array::uniform4(1_usize..6), from in prop::array::uniform4(0_usize..5), by in 1_usize..3,
        ) {
            let array = Array4::from_shape_fn(shape, |(c, z, y, x)| {
                u16::try_from(1000 * c + 100 * z + 10 * y + x).unwrap()
            });
            let from = [0, 1, 2, 3].map(|axis| from[axis].min(shape[axis] - 1));
            let strides = [shape[1] * shape[2] * shape[3], shape[2] * shape[3], shape[3], by];
            let start = from[3] + from[..3].iter().zip(strides).map(|(at, stride)| at * stride).sum::<usize>();
            let slice = array.slice(s![from[0].., from[1].., from[2].., from[3]..;by]);
            let expected = slice.mapv(f32::from);
            let mut block = Array4::zeros(slice.raw_dim());
            copy_block_as_f32(array.as_slice().unwrap(), start, strides, block.view_mut()).unwrap();
            prop_assert_eq!(&block, &expected);
            let mut wide = Array4::<f32>::zeros([block.dim().0, block.dim().1, block.dim().2, block.dim().3 + 2]);
            let part = wide.slice_mut(s![.., .., .., 1..block.dim().3 + 1]);
            copy_block_as_f32(array.as_slice().unwrap(), start, strides, part).unwrap();
            prop_assert_eq!(wide.slice(s![.., .., .., 1..block.dim().3 + 1]), expected);
        }
    }

    #[test]
    fn blocks_beyond_the_array_are_refused() {
        let mut block = Array4::zeros([1, 1, 2, 2]);
        assert!(copy_block_as_f32(&[0_u8; 4], 0, [4, 4, 2, 1], block.view_mut()).is_ok());
        assert!(copy_block_as_f32(&[0_u8; 4], 1, [4, 4, 2, 1], block.view_mut()).is_err());
        assert!(copy_block_as_f32(&[0_u8; 4], 0, [4, 4, usize::MAX, 1], block.view_mut()).is_err());
    }
}
