//! The loops that copy pixels of any type, as they are or into `f32`.

use std::marker::PhantomData;
use std::ops::Range;

use ndarray::{ArrayView, ArrayViewMut, ArrayViewMut4, Dimension, ErrorKind, ShapeError, Zip, s};
use pulp::{Arch, NullaryFnOnce};

use crate::{ByteOrder, Pixel};

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
/// x·strides[3]]`; a stride of 0 repeats. The loops use the widest vectors of the machine; the values do not
/// depend on them.
///
/// # Errors
/// [`ShapeError`] if an element lies beyond `pixels`; nothing is written then.
pub fn copy_block_as_f32<T: Pixel>(
    pixels: &[T],
    start: usize,
    strides: [usize; 4],
    target: ArrayViewMut4<'_, f32>,
) -> Result<(), ShapeError> {
    let whole = whole(&target);
    copy_pixels::<ToF32, _>(pixels, start, strides, target, whole)
}

/// As [`copy_block_as_f32`], for pixels that stay what they are.
///
/// # Errors
/// As [`copy_block_as_f32`].
///
/// ```
/// use ndarray::Array4;
/// use patchweave_pixel::copy_block;
///
/// let mut column = Array4::zeros([1, 1, 2, 1]);
/// copy_block(&[1, u64::MAX, 3, u64::MAX - 1], 1, [0, 0, 2, 1], column.view_mut())?;
/// assert_eq!(column.as_slice().unwrap(), [u64::MAX, u64::MAX - 1]);
/// # Ok::<(), ndarray::ShapeError>(())
/// ```
pub fn copy_block<T: Pixel>(
    pixels: &[T],
    start: usize,
    strides: [usize; 4],
    target: ArrayViewMut4<'_, T>,
) -> Result<(), ShapeError> {
    let whole = whole(&target);
    copy_pixels::<AsTheyAre, _>(pixels, start, strides, target, whole)
}

/// Copies a block out of pixels as they lie in a file into a part of `target`, converting to `f32`.
///
/// As [`copy_block_as_f32`] for bytes of any alignment and order; `start` and `strides` count pixels, and `part` is the
/// range along `CZYX` that is written. A byte of a truth value is true unless it is 0.
///
/// # Errors
/// [`ShapeError`] if an element lies beyond `bytes` or `part` beyond `target`; nothing is written then.
///
/// ```
/// use ndarray::Array4;
/// use patchweave_pixel::{ByteOrder, copy_bytes_as_f32};
///
/// let mut row = Array4::zeros([1, 1, 1, 3]);
/// let (bytes, part) = ([0, 1, 0, 2, 1, 0], [0..1, 0..1, 0..1, 1..3]);
/// copy_bytes_as_f32::<u16>(&bytes, ByteOrder::Big, 1, [0, 0, 0, 1], row.view_mut(), part)?;
/// assert_eq!(row.as_slice().unwrap(), [0.0, 2.0, 256.0]);
/// # Ok::<(), ndarray::ShapeError>(())
/// ```
pub fn copy_bytes_as_f32<T: Pixel>(
    bytes: &[u8],
    order: ByteOrder,
    start: usize,
    strides: [usize; 4],
    target: ArrayViewMut4<'_, f32>,
    part: [Range<usize>; 4],
) -> Result<(), ShapeError> {
    copy_ordered::<ToF32, T>(bytes, order, start, strides, target, part)
}

/// As [`copy_bytes_as_f32`], for pixels that stay what they are.
///
/// # Errors
/// As [`copy_bytes_as_f32`].
pub fn copy_bytes<T: Pixel>(
    bytes: &[u8],
    order: ByteOrder,
    start: usize,
    strides: [usize; 4],
    target: ArrayViewMut4<'_, T>,
    part: [Range<usize>; 4],
) -> Result<(), ShapeError> {
    copy_ordered::<AsTheyAre, T>(bytes, order, start, strides, target, part)
}

fn copy_ordered<W: Way<T>, T: Pixel>(
    bytes: &[u8],
    order: ByteOrder,
    start: usize,
    strides: [usize; 4],
    target: ArrayViewMut4<'_, W::To>,
    part: [Range<usize>; 4],
) -> Result<(), ShapeError> {
    let is_native = order == ByteOrder::NATIVE || size_of::<T>() == 1;
    match T::cast(bytes) {
        Some(pixels) if is_native => copy_pixels::<W, _>(pixels, start, strides, target, part),
        _ => match order {
            ByteOrder::Little => {
                copy_pixels::<W, _>(Bytes::<T, false>::new(bytes), start, strides, target, part)
            }
            ByteOrder::Big => copy_pixels::<W, _>(Bytes::<T, true>::new(bytes), start, strides, target, part),
        },
    }
}

/// All of a target.
fn whole<T>(target: &ArrayViewMut4<'_, T>) -> [Range<usize>; 4] {
    let (c, z, y, x) = target.dim();
    [0..c, 0..z, 0..y, 0..x]
}

/// What becomes of pixels when they are copied.
trait Way<T> {
    type To: Copy + Default;

    fn of(pixel: T) -> Self::To;
}

struct ToF32;

impl<T: Pixel> Way<T> for ToF32 {
    type To = f32;

    #[inline(always)]
    fn of(pixel: T) -> f32 {
        pixel.to_f32()
    }
}

struct AsTheyAre;

impl<T: Pixel> Way<T> for AsTheyAre {
    type To = T;

    #[inline(always)]
    fn of(pixel: T) -> T {
        pixel
    }
}

/// Pixels in one piece of memory, however they lie there.
trait Pixels: Copy {
    type Pixel: Pixel;

    fn len(self) -> usize;

    /// The pixels from `start` on, which must exist.
    fn from(self, start: usize) -> impl Iterator<Item = Self::Pixel>;
}

impl<T: Pixel> Pixels for &[T] {
    type Pixel = T;

    fn len(self) -> usize {
        <[T]>::len(self)
    }

    #[inline(always)]
    fn from(self, start: usize) -> impl Iterator<Item = Self::Pixel> {
        self[start..].iter().copied()
    }
}

/// Pixels of any alignment, their most significant byte first if `IS_BIG`.
struct Bytes<'a, T, const IS_BIG: bool> {
    bytes: &'a [u8],
    pixel: PhantomData<T>,
}

impl<'a, T, const IS_BIG: bool> Bytes<'a, T, IS_BIG> {
    fn new(bytes: &'a [u8]) -> Self {
        Bytes { bytes, pixel: PhantomData }
    }
}

impl<T, const IS_BIG: bool> Clone for Bytes<'_, T, IS_BIG> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, const IS_BIG: bool> Copy for Bytes<'_, T, IS_BIG> {}

impl<T: Pixel, const IS_BIG: bool> Pixels for Bytes<'_, T, IS_BIG> {
    type Pixel = T;

    fn len(self) -> usize {
        self.bytes.len() / size_of::<T>()
    }

    #[inline(always)]
    fn from(self, start: usize) -> impl Iterator<Item = Self::Pixel> {
        let order = if IS_BIG { ByteOrder::Big } else { ByteOrder::Little };
        let pixels = self.bytes[start * size_of::<T>()..].chunks_exact(size_of::<T>());
        pixels.map(move |bytes| T::from_bytes(bytes, order))
    }
}

fn copy_pixels<W: Way<P::Pixel>, P: Pixels>(
    pixels: P,
    start: usize,
    strides: [usize; 4],
    mut target: ArrayViewMut4<'_, W::To>,
    part: [Range<usize>; 4],
) -> Result<(), ShapeError> {
    let (n_c, n_z, n_y, n_x) = target.dim();
    let is_inside = part.iter().zip([n_c, n_z, n_y, n_x]).all(|(part, n)| part.end <= n);
    let shape = part.each_ref().map(ExactSizeIterator::len);
    if is_inside && shape.contains(&0) {
        return Ok(());
    }
    let steps = shape.into_iter().zip(strides);
    let last = steps
        .map(|(n, stride)| n.checked_sub(1)?.checked_mul(stride))
        .try_fold(start, |last, step| last.checked_add(step?));
    if !is_inside || last.is_none_or(|last| last >= pixels.len()) {
        return Err(ShapeError::from_kind(ErrorKind::OutOfBounds));
    }
    // Plain slices are quicker to walk than views.
    if let Some(target) = target.as_slice_mut() {
        let target_strides = [n_z * n_y * n_x, n_y * n_x, n_x];
        let [c, z, y, x] = part.each_ref().map(|part| part.start);
        let first = c * target_strides[0] + z * target_strides[1] + y * target_strides[2] + x;
        let target = &mut target[first..];
        Arch::new().dispatch(CopyBlock::<W, P> { pixels, start, strides, shape, target, target_strides });
        return Ok(());
    }
    let [c, z, y, x] = part;
    let mut part = target.slice_mut(s![c, z, y, x]);
    for (row_idx, mut row) in part.rows_mut().into_iter().enumerate() {
        let plane_idx = row_idx / shape[2];
        let y = row_idx % shape[2];
        let c = plane_idx / shape[1];
        let z = plane_idx % shape[1];
        let start = start + c * strides[0] + z * strides[1] + y * strides[2];
        match row.as_slice_mut() {
            Some(row) => copy_row::<W, P>(pixels, start, strides[3], row),
            None => {
                for (x, to) in row.iter_mut().enumerate() {
                    pixels.from(start + x * strides[3]).take(1).for_each(|pixel| *to = W::of(pixel));
                }
            }
        }
    }
    Ok(())
}

/// [`copy_pixels`] into memory without gaps; all of it is proven to lie inside.
struct CopyBlock<'a, W: Way<P::Pixel>, P: Pixels> {
    pixels: P,
    start: usize,
    strides: [usize; 4],
    shape: [usize; 4],
    /// From the first value that is written on.
    target: &'a mut [W::To],
    /// From one index to the next along `CZY`.
    target_strides: [usize; 3],
}

impl<W: Way<P::Pixel>, P: Pixels> NullaryFnOnce for CopyBlock<'_, W, P> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let CopyBlock { pixels, start, strides, shape: [n_c, n_z, n_y, n_x], target, target_strides } = self;
        for c in 0..n_c {
            for z in 0..n_z {
                let from = start + c * strides[0] + z * strides[1];
                let to = c * target_strides[0] + z * target_strides[1];
                for y in 0..n_y {
                    let to = to + y * target_strides[2];
                    copy_row::<W, P>(pixels, from + y * strides[2], strides[3], &mut target[to..to + n_x]);
                }
            }
        }
    }
}

#[inline(always)]
fn copy_row<W: Way<P::Pixel>, P: Pixels>(pixels: P, start: usize, stride: usize, to: &mut [W::To]) {
    let mut from = pixels.from(start).map(W::of);
    match stride {
        0 => to.fill(from.next().unwrap_or_default()),
        1 => to.iter_mut().zip(from).for_each(|(to, from)| *to = from),
        _ => to.iter_mut().zip(from.step_by(stride)).for_each(|(to, from)| *to = from),
    }
}

fn convert_row<T: Pixel>(from: &[T], to: &mut [f32]) {
    for (to, &from) in to.iter_mut().zip(from) {
        *to = from.to_f32();
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array4;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Bytes of either order and any alignment give the pixels they hold.
        #[test]
        fn bytes_equal_pixels(
            pixels in prop::collection::vec(any::<i32>(), 1..40), by in 0_usize..3, shift in 0_usize..4,
        ) {
            let n = if by == 0 { 5 } else { pixels.len().div_ceil(by) };
            let expected = Array4::from_shape_fn([1, 1, 1, n], |(_, _, _, x)| pixels[x * by].to_f32());
            for (order, bytes) in [
                (ByteOrder::Little, pixels.iter().flat_map(|pixel| pixel.to_le_bytes()).collect::<Vec<u8>>()),
                (ByteOrder::Big, pixels.iter().flat_map(|pixel| pixel.to_be_bytes()).collect()),
            ] {
                let shifted = [vec![7; shift], bytes].concat();
                let mut got = Array4::zeros([1, 1, 1, n]);
                let strides = [0, 0, 0, by];
                let part = [0..1, 0..1, 0..1, 0..n];
                let bytes = &shifted[shift..];
                copy_bytes_as_f32::<i32>(bytes, order, 0, strides, got.view_mut(), part.clone()).unwrap();
                prop_assert_eq!(&got, &expected);
                let mut own = Array4::zeros([1, 1, 1, n]);
                copy_bytes::<i32>(bytes, order, 0, strides, own.view_mut(), part.clone()).unwrap();
                prop_assert!((0..n).all(|x| own[[0, 0, 0, x]] == pixels[x * by]), "{:?}", own);
                let too_far =
                    copy_bytes_as_f32::<i32>(bytes, order, pixels.len(), strides, got.view_mut(), part);
                prop_assert!(too_far.is_err());
                let beyond = [0..1, 0..1, 0..1, 0..n + 1];
                prop_assert!(copy_bytes_as_f32::<i32>(bytes, order, 0, [0; 4], got.view_mut(), beyond).is_err());
            }
        }

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
            let mut own = Array4::zeros(slice.raw_dim());
            copy_block(array.as_slice().unwrap(), start, strides, own.view_mut()).unwrap();
            prop_assert_eq!(&own, &slice);
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
