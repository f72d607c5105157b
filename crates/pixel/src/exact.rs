//! Looking for pixels that `f32` does not hold as they are.

use std::fmt;

use crate::{ByteOrder, Pixel, PixelType};

/// A pixel that `f32` does not hold as it is.
///
/// ```
/// use patchweave_pixel::{ByteOrder, find_inexact_bytes};
///
/// let bytes: Vec<u8> = [7_u32, 16_777_216, 16_777_217].iter().flat_map(|pixel| pixel.to_le_bytes()).collect();
/// let row = |n| find_inexact_bytes::<u32>(&bytes, ByteOrder::Little, 0, [0, 0, 0, 1], [1, 1, 1, n]);
/// assert_eq!(row(2), None);
/// let found = row(3).unwrap();
/// assert_eq!((found.czyx, found.to_string()), ([0, 0, 0, 2], "16777217 (uint32)".to_owned()));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InexactPixel {
    /// Where it is in the block that was looked at, `CZYX`.
    pub czyx: [usize; 4],
    /// Its value as text.
    pub value: String,
    /// Its type.
    pub pixel_type: PixelType,
}

impl fmt::Display for InexactPixel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.value, self.pixel_type)
    }
}

/// The first pixel of a block that `f32` does not hold; the block is that of
/// [`copy_block_as_f32`](crate::copy_block_as_f32), pixels beyond the end count as held.
pub fn find_inexact<T: Pixel>(
    pixels: &[T],
    start: usize,
    strides: [usize; 4],
    shape: [usize; 4],
) -> Option<InexactPixel> {
    find(|at| pixels.get(at).copied(), start, strides, shape)
}

/// As [`find_inexact`] for bytes of any alignment and order, as [`copy_bytes_as_f32`](crate::copy_bytes_as_f32) reads
/// them.
pub fn find_inexact_bytes<T: Pixel>(
    bytes: &[u8],
    order: ByteOrder,
    start: usize,
    strides: [usize; 4],
    shape: [usize; 4],
) -> Option<InexactPixel> {
    let n_bytes = size_of::<T>();
    let pixel = |at: usize| {
        let first = at.checked_mul(n_bytes)?;
        Some(T::from_bytes(bytes.get(first..first.checked_add(n_bytes)?)?, order))
    };
    find(pixel, start, strides, shape)
}

fn find<T: Pixel>(
    pixel: impl Fn(usize) -> Option<T>,
    start: usize,
    strides: [usize; 4],
    [n_c, n_z, n_y, n_x]: [usize; 4],
) -> Option<InexactPixel> {
    if T::TYPE.fits_f32() {
        return None;
    }
    for c in 0..n_c {
        for z in 0..n_z {
            for y in 0..n_y {
                let row = start + c * strides[0] + z * strides[1] + y * strides[2];
                let wrong =
                    |x: &usize| pixel(row + x * strides[3]).is_some_and(|pixel| !pixel.is_exact_f32());
                if let Some(x) = (0..n_x).find(wrong) {
                    let value = pixel(row + x * strides[3]).map_or_else(String::new, |v| format!("{v:?}"));
                    return Some(InexactPixel { czyx: [c, z, y, x], value, pixel_type: T::TYPE });
                }
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// What is held comes back from `f32` as it was.
        #[test]
        fn held_values_come_back(
            a in any::<u32>(), b in any::<i32>(), c in any::<u64>(), d in any::<i64>(), e in any::<f64>(),
            small in -(1_i64 << 24)..=1 << 24, shift in 0_u32..39,
        ) {
            // Doubles hold all integers of 32 bits.
            prop_assert_eq!(a.is_exact_f32(), f64::from(a.to_f32()) == f64::from(a));
            prop_assert_eq!(b.is_exact_f32(), f64::from(b.to_f32()) == f64::from(b));
            // At most 24 bits stand between the first and the last one that is set.
            let fits = |bits: u64| bits == 0 || 64 - bits.leading_zeros() - bits.trailing_zeros() <= 24;
            prop_assert_eq!(c.is_exact_f32(), fits(c));
            prop_assert_eq!(d.is_exact_f32(), fits(d.unsigned_abs()));
            prop_assert_eq!(e.is_exact_f32(), f64::from(e.to_f32()) == e);
            prop_assert!(small.is_exact_f32() && (small << shift).is_exact_f32());
        }

        /// The first one in the order of rows is found, in either order of bytes.
        #[test]
        fn the_first_one_is_found(
            shape in prop::array::uniform4(1_usize..4), wrong in prop::collection::vec(any::<prop::sample::Index>(), 0..3),
        ) {
            let n: usize = shape.iter().product();
            let mut pixels = vec![5_i64; n];
            wrong.iter().for_each(|at| pixels[at.index(n)] = -16_777_217);
            let first = pixels.iter().position(|&pixel| pixel != 5);
            let strides = [shape[1] * shape[2] * shape[3], shape[2] * shape[3], shape[3], 1];
            let place = first.map(|at| {
                [at / strides[0], at / strides[1] % shape[1], at / strides[2] % shape[2], at % shape[3]]
            });
            let found = find_inexact(&pixels, 0, strides, shape);
            prop_assert_eq!(found.as_ref().map(|found| found.czyx), place);
            prop_assert!(found.as_ref().is_none_or(|found| found.value == "-16777217"));
            let bytes: Vec<u8> = pixels.iter().flat_map(|pixel| pixel.to_be_bytes()).collect();
            prop_assert_eq!(find_inexact_bytes::<i64>(&bytes, ByteOrder::Big, 0, strides, shape), found);
        }
    }

    #[test]
    fn no_number_is_held_and_infinity_too() {
        assert!(f64::NAN.is_exact_f32() && f64::INFINITY.is_exact_f32());
        assert!(!1e300.is_exact_f32() && !1e-300.is_exact_f32() && !0.1.is_exact_f32() && 0.5.is_exact_f32());
        assert!(!u64::MAX.is_exact_f32() && !i64::MAX.is_exact_f32() && i64::MIN.is_exact_f32());
        assert!(find_inexact(&[1_i64], 3, [9; 4], [1, 1, 1, 4]).is_none());
    }
}
