//! Images that are already in memory.

use ndarray::{ArrayD, Axis as Dim, s};
use patchweave_geometry::{ArrayLayout, Axes};
use patchweave_pixel::{Pixel, canonical_view, copy_as_f32};

use crate::{ImageStack, InsideWindow, PatchViewMut, StackError, StackInfo};

/// An array in memory, kept in its own type and axes; pixels become `f32` as they are read.
///
/// ```
/// use ndarray::Array;
/// use patchweave_geometry::Region;
/// use patchweave_stack::{ArrayStack, ImageStack, ImageStackExt};
///
/// let image = Array::from_shape_fn((4, 5, 2), |(y, x, c)| (100 * c + 10 * y + x) as u8);
/// let stack = ArrayStack::new(image.into_dyn(), &"YXC".parse()?)?;
/// assert_eq!(stack.info().shape().to_vec(), [1, 2, 4, 5]);
/// let whole = stack.read_patch(0, Some(&[1]), &Region::whole(stack.info().shape().extent))?;
/// assert_eq!(whole[[0, 0, 3, 4]], 134.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct ArrayStack<T> {
    array: ArrayD<T>,
    info: StackInfo,
}

impl<T: Pixel> ArrayStack<T> {
    /// Takes an array and the letters of its axes; the source is called `array`.
    ///
    /// # Errors
    /// [`StackError::Window`] if the axes do not fit the array or a size is zero.
    pub fn new(array: ArrayD<T>, axes: &Axes) -> Result<Self, StackError> {
        Self::named("array", array, axes)
    }

    /// Takes an array that came from `source`.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn named(source: impl Into<String>, array: ArrayD<T>, axes: &Axes) -> Result<Self, StackError> {
        let stack = source.into();
        match ArrayLayout::new(axes.clone(), array.shape()) {
            Ok(layout) => Ok(ArrayStack { array, info: StackInfo::new(stack, T::TYPE, layout) }),
            Err(source) => Err(StackError::Window { stack, source }),
        }
    }

    fn failed(&self, source: impl std::error::Error + Send + Sync + 'static) -> StackError {
        StackError::Other { stack: self.info.source.clone(), source: source.into() }
    }
}

impl<T: Pixel> ImageStack for ArrayStack<T> {
    fn info(&self) -> &StackInfo {
        &self.info
    }

    fn read_inside(&self, window: &InsideWindow<'_>, mut out: PatchViewMut<'_>) -> Result<(), StackError> {
        let sample = canonical_view(self.array.view(), &self.info.layout, window.sample_idx)
            .map_err(|source| self.failed(source))?;
        let region = window.region;
        let inside = sample.slice_move(s![.., region.range(0), region.range(1), region.range(2)]);
        let copied = match window.channels {
            None => copy_as_f32(inside, out),
            Some(channels) => channels.iter().enumerate().try_for_each(|(place, &channel)| {
                copy_as_f32(inside.index_axis(Dim(0), channel), out.index_axis_mut(Dim(0), place))
            }),
        };
        copied.map_err(|source| self.failed(source))
    }
}
