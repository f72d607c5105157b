//! Images whose pixels tell where they are.

use ndarray::{ArrayD, IxDyn};
use patchweave_geometry::Axes;
use patchweave_pixel::{ByteOrder, MoveError, Pixel, PixelType, to_canonical};

/// An array that counts its pixels in C order, as far as the type can count, then from 0 again.
///
/// Every value is exact in `f32`. The count starts over at a prime, so that neighbours along every axis
/// differ and a shifted or transposed copy is noticed; truth values repeat the pattern `1 0 0 1 0`.
///
/// ```
/// use patchweave_testkit::ramp;
///
/// let image = ramp::<u16>(&[2, 3]);
/// assert_eq!(image[[1, 2]], 5);
/// assert_eq!(ramp::<u8>(&[300])[[299]], 48);
/// ```
pub fn ramp<T: Pixel>(shape: &[usize]) -> ArrayD<T> {
    let period: usize = match T::TYPE {
        PixelType::Bool => 5,
        PixelType::U8 => 251,
        PixelType::I8 => 127,
        PixelType::U16 | PixelType::I16 => 32_749,
        PixelType::F16 => 2_039,
        _ => 16_777_213,
    };
    let mut count = 0;
    ArrayD::from_shape_simple_fn(IxDyn(shape), || {
        let place = count % period;
        count += 1;
        #[expect(clippy::cast_precision_loss, reason = "periods are below 2^24")]
        let value = place as f32;
        if T::TYPE == PixelType::Bool {
            T::from_f32(f32::from(u8::from(place.is_multiple_of(3))))
        } else {
            T::from_f32(value)
        }
    })
}

/// An array of values that fill their type: integers of 32 and 64 bits and doubles are not values of `f32`.
///
/// Neighbours along every axis differ. Floats have fractions, integers all of their bytes.
///
/// ```
/// use patchweave_pixel::Pixel;
/// use patchweave_testkit::wide_ramp;
///
/// assert!(wide_ramp::<u32>(&[2, 3]).iter().skip(1).all(|value| !value.is_exact_f32()));
/// assert!(wide_ramp::<f64>(&[3]).iter().skip(1).all(|value| !value.is_exact_f32()));
/// ```
pub fn wide_ramp<T: Pixel>(shape: &[usize]) -> ArrayD<T> {
    let mut count = 0_u32;
    ArrayD::from_shape_simple_fn(IxDyn(shape), || {
        let mixed = u64::from(count).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let fraction = f64::from(count) / 3.0;
        count += 1;
        if T::TYPE.is_integer() {
            T::from_bytes(&mixed.to_be_bytes()[..T::TYPE.n_bytes()], ByteOrder::Big)
        } else {
            T::from_f64(fraction)
        }
    })
}

/// An array as `SC(Z)YX` in `f32`: what an image source with these pixels has to deliver.
///
/// # Errors
/// [`MoveError`] if the axes do not describe the array.
pub fn canonical_f32<T: Pixel>(array: &ArrayD<T>, axes: &Axes) -> Result<ArrayD<f32>, MoveError> {
    Ok(to_canonical(array.view(), axes)?.mapv(Pixel::to_f32))
}
