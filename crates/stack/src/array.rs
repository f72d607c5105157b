//! Images that are already in memory.

use std::marker::PhantomData;

use ndarray::{ArrayD, ArrayViewMut4, Axis as Dim, ShapeError};
use patchweave_geometry::{ArrayLayout, Axes, Axis, c_strides};
use patchweave_pixel::{InexactPixel, Pixel, TypedViewMut, copy_block, copy_block_as_f32, find_inexact};

use crate::{Exactness, Identity, ImageStack, InsideWindow, PatchViewMut, StackError, StackInfo};

/// An array in memory, kept in its own type and axes; pixels become `f32` as they are read.
///
/// The pixels may belong to somebody else, the `O` of [`of_owner`](ArrayStack::of_owner).
/// Every array has an [identity](Identity) of its own, which its clones share.
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
pub struct ArrayStack<T, O = Vec<T>> {
    pixels: O,
    /// How many values `pixels` has.
    n_values: usize,
    /// Values from one index to the next along `CZYX`; 0 for an axis that the array lacks.
    strides: [usize; 4],
    /// The same along `S` and `T`.
    sample_strides: [usize; 2],
    info: StackInfo,
    of: PhantomData<T>,
}

impl<T: Pixel> ArrayStack<T> {
    /// Takes an array and the letters of its axes; the source is called `array`.
    ///
    /// An array in C order is kept as it is, any other is copied once.
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
        let shape = array.shape().to_vec();
        Self::of_owner(source, in_c_order(array), &shape, None, axes)
    }
}

impl<T: Pixel, O: AsRef<[T]> + Send + Sync> ArrayStack<T, O> {
    /// Takes pixels that something else owns, without a copy: memory of another language, a mapped file, an
    /// `Arc<[T]>`.
    ///
    /// `shape` are the sizes of the dimensions that `axes` names. `strides` count values, not bytes, from one index of a
    /// dimension to the next; `None` for pixels in C order. They are not negative: an array of NumPy that is reversed has
    /// to be copied first. `owner` has to give the same slice every time.
    ///
    /// Each call makes an image with an identity of its own: two stacks over one memory count as different images, also where
    /// leaks are looked for. Clone the stack where the same image is needed twice.
    ///
    /// # Errors
    /// [`StackError::Window`] if the axes do not fit the shape or a size is zero, [`StackError::Damaged`] if there are not as
    /// many strides as sizes, or fewer values than they reach.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use patchweave_geometry::Region;
    /// use patchweave_stack::{ArrayStack, ImageStack, ImageStackExt};
    ///
    /// let shared: Arc<[u16]> = (0..12).collect();
    /// // Columns follow one another.
    /// let stack = ArrayStack::<u16, _>::of_owner("shared", shared.clone(), &[3, 4], Some(&[1, 3]), &"YX".parse()?)?;
    /// let whole = stack.read_patch(0, None, &Region::whole(stack.info().shape().extent))?;
    /// assert_eq!(whole[[0, 0, 2, 1]], 5.0);
    /// let error = ArrayStack::<u16, _>::of_owner("shared", shared, &[4, 4], None, &"YX".parse()?).unwrap_err();
    /// assert_eq!(error.to_string(), "shared: shape and strides: got 12 values, expected at least 16");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of_owner(
        source: impl Into<String>,
        owner: O,
        shape: &[usize],
        strides: Option<&[usize]>,
        axes: &Axes,
    ) -> Result<Self, StackError> {
        let stack = source.into();
        let layout = match ArrayLayout::new(axes.clone(), shape) {
            Ok(layout) => layout,
            Err(source) => return Err(StackError::Window { stack, source }),
        };
        let damaged = |place: &str, got: String, expected: String| {
            StackError::damaged(stack.clone(), place, got, expected)
        };
        let strides = strides.map_or_else(|| c_strides(shape), <[usize]>::to_vec);
        if strides.len() != shape.len() {
            let got = format!("{} strides", strides.len());
            return Err(damaged("shape and strides", got, format!("{} as there are sizes", shape.len())));
        }
        let n_values = owner.as_ref().len();
        let reached = last_of(shape, &strides).and_then(|last| last.checked_add(1));
        if reached.is_none_or(|reached| n_values < reached) {
            let expected = reached.map_or("more than can be counted".to_owned(), |n| format!("at least {n}"));
            return Err(damaged("shape and strides", format!("{n_values} values"), expected));
        }
        let stride = |axis: Axis| axes.position(axis).map_or(0, |at| strides[at]);
        let sample_strides = [Axis::S, Axis::T].map(stride);
        let strides = [Axis::C, Axis::Z, Axis::Y, Axis::X].map(stride);
        let mut info = StackInfo::new(stack, T::TYPE, layout);
        info.identity = Identity::in_memory();
        Ok(ArrayStack { pixels: owner, n_values, strides, sample_strides, info, of: PhantomData })
    }

    /// The values, if the owner still has them.
    fn pixels(&self) -> Result<&[T], StackError> {
        let pixels = self.pixels.as_ref();
        if pixels.len() == self.n_values {
            return Ok(pixels);
        }
        Err(StackError::damaged(
            &self.info.source,
            "the memory",
            format!("{} values", pixels.len()),
            format!("{} as before", self.n_values),
        ))
    }

    /// Copies the channels of a window with `copy`.
    fn copy_with<U>(
        &self,
        window: &InsideWindow<'_>,
        mut out: ArrayViewMut4<'_, U>,
        copy: CopyBlock<T, U>,
    ) -> Result<(), StackError> {
        let start = self.start_of(window)?;
        let pixels = self.pixels()?;
        let copied = match window.channels {
            None => copy(pixels, start, self.strides, out),
            Some(channels) => channels.iter().enumerate().try_for_each(|(place, &channel)| {
                let part = out.slice_axis_mut(Dim(0), (place..place + 1).into());
                copy(pixels, start + channel * self.strides[0], self.strides, part)
            }),
        };
        copied.map_err(|source| self.failed(source))
    }

    /// The value that a window starts with, in its first channel.
    fn start_of(&self, window: &InsideWindow<'_>) -> Result<usize, StackError> {
        let (s, t) =
            self.info.layout.locate_sample(window.sample_idx).map_err(|source| self.failed(source))?;
        let [z, y, x] = window.region.start;
        let places = [s, t].into_iter().zip(self.sample_strides);
        let places = places.chain([z, y, x].into_iter().zip(self.strides[1..].iter().copied()));
        Ok(places.map(|(place, stride)| place * stride).sum())
    }

    fn failed(&self, source: impl std::error::Error + Send + Sync + 'static) -> StackError {
        StackError::Other { stack: self.info.source.clone(), source: source.into() }
    }
}

/// Copies a block out of memory, as [`copy_block`] does.
type CopyBlock<T, U> = fn(&[T], usize, [usize; 4], ArrayViewMut4<'_, U>) -> Result<(), ShapeError>;

/// The place of the last value; `None` if memory cannot have it.
fn last_of(shape: &[usize], strides: &[usize]) -> Option<usize> {
    shape.iter().zip(strides).try_fold(0_usize, |last, (size, stride)| {
        last.checked_add(size.saturating_sub(1).checked_mul(*stride)?)
    })
}

/// The values of an array without a copy where its memory allows that.
fn in_c_order<T: Pixel>(array: ArrayD<T>) -> Vec<T> {
    if !array.is_standard_layout() {
        return array.iter().copied().collect();
    }
    let len = array.len();
    let (mut pixels, offset) = array.into_raw_vec_and_offset();
    pixels.truncate(offset.unwrap_or(0) + len);
    match offset {
        None | Some(0) => pixels,
        Some(offset) => pixels.split_off(offset),
    }
}

impl<T: Pixel, O: AsRef<[T]> + Send + Sync> ImageStack for ArrayStack<T, O> {
    fn info(&self) -> &StackInfo {
        &self.info
    }

    fn read_inside(&self, window: &InsideWindow<'_>, out: PatchViewMut<'_>) -> Result<(), StackError> {
        self.copy_with(window, out, copy_block_as_f32)
    }

    fn read_typed_inside(&self, window: &InsideWindow<'_>, out: TypedViewMut<'_>) -> Result<(), StackError> {
        let got = out.pixel_type();
        let out = T::of_view_mut(out).ok_or_else(|| self.info.other_pixel_type(got))?;
        let out = out.into_dimensionality().map_err(|source| self.failed(source))?;
        self.copy_with(window, out, copy_block)
    }

    fn exactness(&self, window: &InsideWindow<'_>) -> Result<Exactness, StackError> {
        let start = self.start_of(window)?;
        let [n_z, n_y, n_x] = window.region.size;
        let pixels = self.pixels()?;
        let find = |first: usize, n_c| {
            find_inexact(pixels, start + first * self.strides[0], self.strides, [n_c, n_z, n_y, n_x])
        };
        let found = match window.channels {
            None => find(0, self.info.shape().n_channels),
            Some(channels) => channels.iter().enumerate().find_map(|(c, &channel)| {
                let pixel = find(channel, 1)?;
                let [_, z, y, x] = pixel.czyx;
                Some(InexactPixel { czyx: [c, z, y, x], ..pixel })
            }),
        };
        Ok(found.map_or(Exactness::Exact, Exactness::Inexact))
    }
}
