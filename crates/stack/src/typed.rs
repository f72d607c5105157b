//! Arrays whose pixel type is known at run time, as images.

use std::sync::Arc;

use patchweave_geometry::Axes;
use patchweave_pixel::{TypedArray, with_typed};

use crate::{ArrayStack, ImageStack, StackError};

/// An image of an array whose pixel type is known at run time, such as one that was written into memory.
///
/// An array in C order is kept as it is, any other is copied once.
///
/// ```
/// use patchweave_pixel::{PixelType, TypedArray};
/// use patchweave_stack::{ImageStack, stack_of};
///
/// let array = TypedArray::zeros(PixelType::U16, &[4, 5]).unwrap();
/// let stack = stack_of(array, &"YX".parse()?)?;
/// assert_eq!(stack.info().pixel_type, PixelType::U16);
/// assert_eq!(stack.info().shape().to_vec(), [1, 1, 4, 5]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`StackError::Window`] if the axes do not fit the array or a size is zero.
pub fn stack_of(array: TypedArray, axes: &Axes) -> Result<Arc<dyn ImageStack>, StackError> {
    Ok(with_typed!(TypedArray, array, array => Arc::new(ArrayStack::new(array, axes)?)))
}
