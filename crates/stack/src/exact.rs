//! A stack whose pixels are delivered as they are or not at all: for labels, which rounding would make other labels.

use patchweave_pixel::TypedViewMut;

use crate::judgement::check_exact;
use crate::{Exactness, ImageStack, InsideWindow, PatchViewMut, StackError, StackInfo};

/// A stack that refuses pixels which `f32` does not hold, where others round them.
///
/// Types that fit into `f32` cost nothing. Wider integers are looked at again only where a window has values of 2²⁴ or
/// more; doubles are, always. A source of the user's own that does not [tell](ImageStack::exactness) may have whole
/// numbers below 2²⁴.
///
/// ```
/// use std::sync::Arc;
///
/// use ndarray::arr2;
/// use patchweave_geometry::Region;
/// use patchweave_stack::{ArrayStack, ExactStack, ImageStack, ImageStackExt};
///
/// let labels = |last: u32| {
///     let stack = ArrayStack::new(arr2(&[[0, 7], [0, last]]).into_dyn(), &"YX".parse()?)?;
///     let region = Region::whole(stack.info().shape().extent);
///     Ok::<_, Box<dyn std::error::Error>>(ExactStack::new(Arc::new(stack)).read_patch(0, None, &region))
/// };
/// assert_eq!(labels(16_777_216)??[[0, 0, 1, 1]], 16_777_216.0);
/// let error = labels(16_777_217)?.unwrap_err();
/// assert!(error.to_string().starts_with("array: pixel [0, 0, 1, 1] (CZYX) of sample 0 is 16777217 (uint32), which float32"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct ExactStack<S> {
    stack: S,
}

impl<S: ImageStack> ExactStack<S> {
    /// The same image, without rounding.
    pub fn new(stack: S) -> Self {
        ExactStack { stack }
    }
}

impl<S: ImageStack> ImageStack for ExactStack<S> {
    fn info(&self) -> &StackInfo {
        self.stack.info()
    }

    fn read_inside(&self, window: &InsideWindow<'_>, mut out: PatchViewMut<'_>) -> Result<(), StackError> {
        self.stack.read_inside(window, out.view_mut())?;
        check_exact(self.info(), window, &out.view(), || self.stack.exactness(window))
    }

    fn read_typed_inside(&self, window: &InsideWindow<'_>, out: TypedViewMut<'_>) -> Result<(), StackError> {
        self.stack.read_typed_inside(window, out)
    }

    fn exactness(&self, window: &InsideWindow<'_>) -> Result<Exactness, StackError> {
        self.stack.exactness(window)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ArrayStack, ImageStackExt};
    use ndarray::{Array, Array2};
    use patchweave_geometry::{Extent, PerAxis, Region};
    use patchweave_pixel::Pixel;
    use proptest::prelude::*;

    /// A source that does not tell.
    struct Silent<S>(S);

    impl<S: ImageStack> ImageStack for Silent<S> {
        fn info(&self) -> &StackInfo {
            self.0.info()
        }

        fn read_inside(&self, window: &InsideWindow<'_>, out: PatchViewMut<'_>) -> Result<(), StackError> {
            self.0.read_inside(window, out)
        }
    }

    fn stack<T: Pixel>(pixels: Vec<T>) -> ArrayStack<T> {
        let pixels = Array::from_shape_vec((2, 2, 3), pixels).unwrap().into_dyn();
        ArrayStack::new(pixels, &"CYX".parse().unwrap()).unwrap()
    }

    fn read(stack: &impl ImageStack) -> Result<Vec<f32>, StackError> {
        // Beyond the image, with a channel twice.
        let region = Region { start: PerAxis::new(&[-1, 0]).unwrap(), size: Extent::new(&[4, 3]).unwrap() };
        Ok(stack.read_patch(0, Some(&[1, 0, 1]), &region)?.into_iter().collect())
    }

    proptest! {
        /// Pixels come as they are, or the read is an error that names one that `f32` does not hold.
        #[test]
        fn nothing_is_rounded(pixels in prop::collection::vec(prop_oneof![0_u64..9, any::<u64>(), Just(1 << 40)], 12)) {
            let plain = stack(pixels.clone());
            match read(&ExactStack::new(&plain)) {
                Ok(values) => {
                    prop_assert!(pixels.iter().all(|pixel| pixel.is_exact_f32()));
                    prop_assert_eq!(values, read(&plain).unwrap());
                }
                Err(StackError::Inexact { czyx: [c, z, y, x], value, .. }) => {
                    let pixel = pixels[6 * c + 3 * y + x];
                    prop_assert!(z == 0 && !pixel.is_exact_f32());
                    prop_assert_eq!(value, format!("{pixel} (uint64)"));
                }
                Err(other) => return Err(TestCaseError::fail(other.to_string())),
            }
            // Who cannot look at the source itself refuses whatever may have been rounded.
            let silent = read(&ExactStack::new(Silent(&plain)));
            prop_assert_eq!(silent.is_ok(), pixels.iter().all(|pixel| *pixel < 1 << 24));
        }

        #[test]
        fn doubles_are_looked_at_always(pixels in prop::collection::vec(prop_oneof![Just(0.1), Just(0.5), -9.0..9.0_f64, Just(f64::NAN)], 12)) {
            let is_exact = pixels.iter().all(|pixel| pixel.is_exact_f32());
            prop_assert_eq!(read(&ExactStack::new(stack(pixels))).is_ok(), is_exact);
        }
    }

    #[test]
    fn a_place_counts_in_the_image() {
        let mut pixels = Array2::<i32>::zeros((40, 50));
        pixels[[30, 20]] = -16_777_217;
        let plain = ArrayStack::named("labels.tif", pixels.into_dyn(), &"YX".parse().unwrap()).unwrap();
        let region =
            Region { start: PerAxis::new(&[25, 10]).unwrap(), size: Extent::new(&[20, 20]).unwrap() };
        let error = ExactStack::new(plain).read_patch(0, None, &region).unwrap_err();
        let expected = "labels.tif: pixel [0, 0, 30, 20] (CZYX) of sample 0 is -16777217 (int32), which float32 does not hold: \
                        labels are delivered as they are; number them below 2^24, as whole numbers";
        assert_eq!(error.to_string(), expected);
    }
}
