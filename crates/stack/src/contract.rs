//! What an image source has to do.

use patchweave_pixel::TypedViewMut;

use crate::inside_window::{InsideWindow, PatchViewMut};
use crate::{Exactness, StackError, StackInfo, typed_read};

/// One image source of any kind and size.
///
/// To read a format of your own, implement the two methods and hand the stack to a patch extractor. Checking
/// of arguments and zero-filling outside the image are done by [`ImageStackExt::read_into`](crate::ImageStackExt::read_into).
///
/// ```
/// use patchweave_geometry::ArrayLayout;
/// use patchweave_pixel::PixelType;
/// use patchweave_stack::{ImageStack, ImageStackExt, InsideWindow, PatchViewMut, StackError, StackInfo};
///
/// /// An image whose pixel at (y, x) is 100 y + x.
/// struct Ramp(StackInfo);
///
/// impl ImageStack for Ramp {
///     fn info(&self) -> &StackInfo {
///         &self.0
///     }
///
///     fn read_inside(&self, window: &InsideWindow<'_>, mut out: PatchViewMut<'_>) -> Result<(), StackError> {
///         let [_, y0, x0] = window.region.start;
///         for ((_, _, y, x), value) in out.indexed_iter_mut() {
///             *value = (100 * (y0 + y) + x0 + x) as f32;
///         }
///         Ok(())
///     }
/// }
///
/// let layout = ArrayLayout::new("YX".parse()?, &[50, 60])?;
/// let ramp = Ramp(StackInfo::new("ramp", PixelType::F32, layout));
/// let patch = ramp.read_patch(0, None, &patchweave_geometry::Region {
///     start: patchweave_geometry::PerAxis::new(&[48, -1])?,
///     size: patchweave_geometry::Extent::new(&[3, 3])?,
/// })?;
/// assert_eq!(patch.as_slice().unwrap(), [0.0, 4800.0, 4801.0, 0.0, 4900.0, 4901.0, 0.0, 0.0, 0.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait ImageStack: Send + Sync {
    /// What is known about the image without reading pixels.
    fn info(&self) -> &StackInfo;

    /// Reads a window that lies inside the image into `out`, whose shape is that of the window.
    ///
    /// # Errors
    /// [`StackError`] if the source cannot deliver the pixels; `out` may then be partly written.
    fn read_inside(&self, window: &InsideWindow<'_>, out: PatchViewMut<'_>) -> Result<(), StackError>;

    /// Reads a window that lies inside the image as pixels of the type that [`info`](Self::info) names; `out` has that type
    /// and the shape of the window, `CZYX`.
    ///
    /// Unless a source does better, pixels are read as `f32` and become what they were; those that `f32` may have rounded are
    /// refused, as by [`ExactStack`](crate::ExactStack).
    ///
    /// # Errors
    /// As [`read_inside`](Self::read_inside), [`StackError::Inexact`] for pixels that may have been rounded, and
    /// [`StackError::PixelType`] for memory of another type.
    fn read_typed_inside(&self, window: &InsideWindow<'_>, out: TypedViewMut<'_>) -> Result<(), StackError> {
        let read = |values: PatchViewMut<'_>| self.read_inside(window, values);
        typed_read::from_f32(self.info(), window, out, read, || self.exactness(window))
    }

    /// Whether the pixels of a window, before they became `f32`, are values of `f32`; for [`ExactStack`](crate::ExactStack),
    /// which asks after it has read the window.
    ///
    /// Implement it where pixels are wider than `f32` and may be labels.
    ///
    /// # Errors
    /// As [`read_inside`](Self::read_inside).
    fn exactness(&self, _window: &InsideWindow<'_>) -> Result<Exactness, StackError> {
        Ok(Exactness::Unknown)
    }
}

macro_rules! forward_stack {
    ($($pointer:ty),*) => {$(
        impl<S: ImageStack + ?Sized> ImageStack for $pointer {
            fn info(&self) -> &StackInfo {
                (**self).info()
            }

            fn read_inside(&self, window: &InsideWindow<'_>, out: PatchViewMut<'_>) -> Result<(), StackError> {
                (**self).read_inside(window, out)
            }

            fn read_typed_inside(
                &self,
                window: &InsideWindow<'_>,
                out: TypedViewMut<'_>,
            ) -> Result<(), StackError> {
                (**self).read_typed_inside(window, out)
            }

            fn exactness(&self, window: &InsideWindow<'_>) -> Result<Exactness, StackError> {
                (**self).exactness(window)
            }
        }
    )*};
}

forward_stack!(&S, Box<S>, std::sync::Arc<S>);
