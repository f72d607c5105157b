//! Whether pixels are finite numbers.

use ndarray::ArrayView4;

/// Whether no pixel of a block is infinite or no number; takes a fraction of the time that copying it does.
///
/// ```
/// use ndarray::array;
/// use patchweave_transform::all_finite;
///
/// assert!(all_finite(array![[[[1.0_f32, f32::MAX, -0.0]]]].view()));
/// assert!(!all_finite(array![[[[1.0_f32, f32::NAN, 3.0]]]].view()));
/// ```
pub fn all_finite(block: ArrayView4<'_, f32>) -> bool {
    match block.as_slice() {
        Some(pixels) => are_finite(pixels),
        None => block.rows().into_iter().all(|row| match row.as_slice() {
            Some(pixels) => are_finite(pixels),
            None => row.iter().all(|pixel| pixel.is_finite()),
        }),
    }
}

fn are_finite(pixels: &[f32]) -> bool {
    let mut seen = Evidence::default();
    pixels.iter().for_each(|pixel| seen.add(*pixel));
    seen.is_finite()
}

/// What was seen of pixels so far; without a branch, so that a loop around it becomes vector instructions.
#[derive(Clone, Copy, Default)]
pub(crate) struct Evidence(u32);

impl Evidence {
    const SIGN: u32 = 1 << 31;
    const EXPONENT: u32 = 1 << 23;

    /// Adds one to the exponent: that of a number which is not finite flows over into the sign.
    #[inline]
    pub(crate) fn add(&mut self, pixel: f32) {
        self.0 |= (pixel.to_bits() & !Self::SIGN) + Self::EXPONENT;
    }

    pub(crate) fn is_finite(self) -> bool {
        self.0 & Self::SIGN == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array4, Axis, Slice};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn they_are_if_each_of_them_is(
            pixels in prop::collection::vec(any::<f32>(), 24..=24),
            bad in prop::option::of((0_usize..24, prop::sample::select(vec![f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY]))),
            step in prop::sample::select(vec![1_isize, 2, -1]),
        ) {
            let mut pixels: Vec<f32> = pixels.into_iter().map(|pixel| if pixel.is_finite() { pixel } else { f32::MAX }).collect();
            if let Some((at, value)) = bad {
                pixels[at] = value;
            }
            let block = Array4::from_shape_vec([2, 1, 3, 4], pixels).unwrap();
            for axis in 0..4 {
                let view = block.slice_axis(Axis(axis), Slice::new(0, None, step));
                prop_assert_eq!(all_finite(view), view.iter().all(|pixel| pixel.is_finite()));
            }
        }
    }
}
