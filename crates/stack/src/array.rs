//! Images that are already in memory.

use ndarray::{ArrayD, Axis as Dim};
use patchweave_geometry::{ArrayLayout, Axes, Axis};
use patchweave_pixel::{InexactPixel, Pixel, copy_block_as_f32, find_inexact};

use crate::{Exactness, Identity, ImageStack, InsideWindow, PatchViewMut, StackError, StackInfo};

/// An array in memory, kept in its own type and axes; pixels become `f32` as they are read.
///
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
pub struct ArrayStack<T> {
    /// In C order.
    pixels: Vec<T>,
    /// Values from one index to the next along `CZYX`; 0 for an axis that the array lacks.
    strides: [usize; 4],
    /// The same along `S` and `T`.
    sample_strides: [usize; 2],
    info: StackInfo,
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
        let stack = source.into();
        let layout = match ArrayLayout::new(axes.clone(), array.shape()) {
            Ok(layout) => layout,
            Err(source) => return Err(StackError::Window { stack, source }),
        };
        let shape = layout.shape();
        let stride = |axis: Axis| axes.position(axis).map_or(0, |at| shape[at + 1..].iter().product());
        let (strides, sample_strides) =
            ([Axis::C, Axis::Z, Axis::Y, Axis::X].map(stride), [Axis::S, Axis::T].map(stride));
        let mut info = StackInfo::new(stack, T::TYPE, layout);
        info.identity = Identity::in_memory();
        let pixels = in_c_order(array);
        Ok(ArrayStack { pixels, strides, sample_strides, info })
    }

    fn copy(&self, start: usize, out: PatchViewMut<'_>) -> Result<(), StackError> {
        copy_block_as_f32(&self.pixels, start, self.strides, out).map_err(|source| self.failed(source))
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

impl<T: Pixel> ImageStack for ArrayStack<T> {
    fn info(&self) -> &StackInfo {
        &self.info
    }

    fn read_inside(&self, window: &InsideWindow<'_>, mut out: PatchViewMut<'_>) -> Result<(), StackError> {
        let start = self.start_of(window)?;
        match window.channels {
            None => self.copy(start, out),
            Some(channels) => channels.iter().enumerate().try_for_each(|(place, &channel)| {
                let part = out.slice_axis_mut(Dim(0), (place..place + 1).into());
                self.copy(start + channel * self.strides[0], part)
            }),
        }
    }

    fn exactness(&self, window: &InsideWindow<'_>) -> Result<Exactness, StackError> {
        let start = self.start_of(window)?;
        let [n_z, n_y, n_x] = window.region.size;
        let find = |first: usize, n_c| {
            find_inexact(&self.pixels, start + first * self.strides[0], self.strides, [n_c, n_z, n_y, n_x])
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
