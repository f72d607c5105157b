//! Arrays whose pixel type is known at run time: owned, seen, and written to.

use std::borrow::Cow;
use std::ops::Range;

use bytemuck::NoUninit;
use half::f16;
use ndarray::{ArrayD, ArrayViewD, ArrayViewMutD, Axis, ErrorKind, IxDyn, ShapeError, Slice};
use patchweave_geometry::try_lazy_zeros;

use crate::{ByteOrder, Pixel, PixelType, with_pixel};

/// The arrays that hold pixels of one Rust type; implemented for every [`Pixel`](crate::Pixel).
///
/// ```
/// use ndarray::arr1;
/// use patchweave_pixel::{PixelType, TypedPixel};
///
/// let row = arr1(&[1_u16, 2]).into_dyn();
/// assert_eq!(u16::typed_view(row.view()).pixel_type(), PixelType::U16);
/// assert!(f32::of_view(u16::typed_view(row.view())).is_none());
/// ```
pub trait TypedPixel: Sized {
    /// An array as one whose type is known at run time.
    fn typed(array: ArrayD<Self>) -> TypedArray;

    /// A view as one whose type is known at run time.
    fn typed_view(view: ArrayViewD<'_, Self>) -> TypedView<'_>;

    /// A writable view as one whose type is known at run time.
    fn typed_view_mut(view: ArrayViewMutD<'_, Self>) -> TypedViewMut<'_>;

    /// The view again, if it has pixels of this type.
    fn of_view(view: TypedView<'_>) -> Option<ArrayViewD<'_, Self>>;

    /// The writable view again, if it has pixels of this type.
    fn of_view_mut(view: TypedViewMut<'_>) -> Option<ArrayViewMutD<'_, Self>>;
}

/// Runs an expression with an array of any kind bound to its [`ndarray`] array; the kind is `TypedArray`, `TypedView` or
/// `TypedViewMut`.
///
/// ```
/// use patchweave_pixel::{PixelType, TypedArray, with_typed};
///
/// let array = TypedArray::zeros(PixelType::I64, &[4]).unwrap();
/// assert_eq!(with_typed!(TypedView, array.view(), view => view.len()), 4);
/// ```
#[macro_export]
macro_rules! with_typed {
    ($kind:ident, $array:expr, $bound:pat => $body:expr) => {
        match $array {
            $crate::$kind::Bool($bound) => $body,
            $crate::$kind::U8($bound) => $body,
            $crate::$kind::U16($bound) => $body,
            $crate::$kind::U32($bound) => $body,
            $crate::$kind::U64($bound) => $body,
            $crate::$kind::I8($bound) => $body,
            $crate::$kind::I16($bound) => $body,
            $crate::$kind::I32($bound) => $body,
            $crate::$kind::I64($bound) => $body,
            $crate::$kind::F16($bound) => $body,
            $crate::$kind::F32($bound) => $body,
            $crate::$kind::F64($bound) => $body,
        }
    };
}

/// As [`with_typed!`], for an expression that becomes the same variant of a kind.
macro_rules! map_typed {
    ($kind:ident => $to:ident, $array:expr, $bound:pat => $body:expr) => {
        match $array {
            $kind::Bool($bound) => $to::Bool($body),
            $kind::U8($bound) => $to::U8($body),
            $kind::U16($bound) => $to::U16($body),
            $kind::U32($bound) => $to::U32($body),
            $kind::U64($bound) => $to::U64($body),
            $kind::I8($bound) => $to::I8($body),
            $kind::I16($bound) => $to::I16($body),
            $kind::I32($bound) => $to::I32($body),
            $kind::I64($bound) => $to::I64($body),
            $kind::F16($bound) => $to::F16($body),
            $kind::F32($bound) => $to::F32($body),
            $kind::F64($bound) => $to::F64($body),
        }
    };
}

/// Declares the three kinds of arrays with a variant per pixel type.
macro_rules! typed_arrays {
    ($($name:ident: $rust:ty),*) => {
        /// An array of pixels of any type, in memory of its own.
        ///
        /// ```
        /// use patchweave_pixel::{PixelType, TypedArray};
        ///
        /// let array = TypedArray::zeros(PixelType::U16, &[2, 3]).unwrap();
        /// assert_eq!((array.pixel_type(), array.shape()), (PixelType::U16, &[2, 3][..]));
        /// assert_eq!(array.view().to_le_bytes().as_ref(), [0; 12]);
        /// ```
        #[derive(Debug, Clone, PartialEq)]
        #[allow(missing_docs, reason = "the variants are the pixel types")]
        pub enum TypedArray { $($name(ArrayD<$rust>)),* }

        /// Pixels of any type that somebody else owns, with any strides.
        ///
        /// ```
        /// use ndarray::arr2;
        /// use patchweave_pixel::TypedPixel;
        ///
        /// let array = arr2(&[[1_i16, 2], [3, 4]]).into_dyn();
        /// let view = i16::typed_view(array.view()).permuted_axes(&[1, 0]);
        /// assert_eq!(view.to_le_bytes().as_ref(), [1, 0, 3, 0, 2, 0, 4, 0], "columns come first now");
        /// assert!(u8::of_view(view).is_none());
        /// ```
        #[derive(Debug, Clone, PartialEq)]
        #[allow(missing_docs, reason = "the variants are the pixel types")]
        pub enum TypedView<'a> { $($name(ArrayViewD<'a, $rust>)),* }

        /// Pixels of any type that are written to, in memory of somebody else.
        ///
        /// ```
        /// use patchweave_pixel::{PixelType, TypedArray};
        ///
        /// let mut to = TypedArray::zeros(PixelType::U8, &[2, 2]).unwrap();
        /// let ones = TypedArray::U8(ndarray::ArrayD::from_elem(vec![2, 1], 1));
        /// to.view_mut().slice_axis(1, 1..2).assign(&ones.view())?;
        /// assert_eq!(to.view().to_le_bytes().as_ref(), [0, 1, 0, 1]);
        /// # Ok::<(), ndarray::ShapeError>(())
        /// ```
        #[derive(Debug)]
        #[allow(missing_docs, reason = "the variants are the pixel types")]
        pub enum TypedViewMut<'a> { $($name(ArrayViewMutD<'a, $rust>)),* }

        $(impl TypedPixel for $rust {
            fn typed(array: ArrayD<Self>) -> TypedArray {
                TypedArray::$name(array)
            }

            fn typed_view(view: ArrayViewD<'_, Self>) -> TypedView<'_> {
                TypedView::$name(view)
            }

            fn typed_view_mut(view: ArrayViewMutD<'_, Self>) -> TypedViewMut<'_> {
                TypedViewMut::$name(view)
            }

            fn of_view(view: TypedView<'_>) -> Option<ArrayViewD<'_, Self>> {
                if let TypedView::$name(view) = view { Some(view) } else { None }
            }

            fn of_view_mut(view: TypedViewMut<'_>) -> Option<ArrayViewMutD<'_, Self>> {
                if let TypedViewMut::$name(view) = view { Some(view) } else { None }
            }
        })*
    };
}

typed_arrays!(
    Bool: bool, U8: u8, U16: u16, U32: u32, U64: u64, I8: i8, I16: i16, I32: i32, I64: i64,
    F16: f16, F32: f32, F64: f64
);

/// What the three kinds have in common.
macro_rules! common_methods {
    ($kind:ident) => {
        /// The pixel type.
        #[must_use]
        pub fn pixel_type(&self) -> PixelType {
            with_typed!($kind, self, array => type_of(array.iter()))
        }

        /// The size of every dimension.
        #[must_use]
        pub fn shape(&self) -> &[usize] {
            with_typed!($kind, self, array => array.shape())
        }
    };
}

/// How views are cut and turned; dimensions, places and orders must exist.
macro_rules! view_methods {
    ($kind:ident) => {
        common_methods!($kind);

        /// A part along one dimension, which must exist.
        #[must_use]
        pub fn slice_axis(self, dimension: usize, part: Range<usize>) -> Self {
            let part = Slice::from(part);
            map_typed!($kind => $kind, self, mut view => {
                view.slice_axis_inplace(Axis(dimension), part);
                view
            })
        }

        /// A part along every dimension, which must exist.
        #[must_use]
        pub fn slice_box(self, start: &[usize], size: &[usize]) -> Self {
            let parts = start.iter().zip(size).enumerate();
            parts.fold(self, |view, (dimension, (start, size))| view.slice_axis(dimension, *start..start + size))
        }

        /// The same pixels with their dimensions in another order, a permutation.
        #[must_use]
        pub fn permuted_axes(self, order: &[usize]) -> Self {
            map_typed!($kind => $kind, self, view => view.permuted_axes(IxDyn(order)))
        }

        /// The same pixels with a dimension of size 1 more.
        #[must_use]
        pub fn insert_axis(self, dimension: usize) -> Self {
            map_typed!($kind => $kind, self, view => view.insert_axis(Axis(dimension)))
        }

        /// The pixels at one place of a dimension, which is left out and must have that place.
        #[must_use]
        pub fn index_axis(self, dimension: usize, at: usize) -> Self {
            map_typed!($kind => $kind, self, view => view.index_axis_move(Axis(dimension), at))
        }
    };
}

fn type_of<'a, T: Pixel>(_pixels: impl Iterator<Item = &'a T>) -> PixelType {
    T::TYPE
}

impl TypedArray {
    common_methods!(TypedArray);

    /// An array of zeros; `None` if there is no memory for it.
    #[must_use]
    pub fn zeros(pixel_type: PixelType, shape: &[usize]) -> Option<Self> {
        with_pixel!(pixel_type, T => {
            let pixels = try_lazy_zeros::<T>(shape)?;
            ArrayD::from_shape_vec(shape, pixels).ok().map(T::typed)
        })
    }

    /// All pixels, to be seen.
    #[must_use]
    pub fn view(&self) -> TypedView<'_> {
        map_typed!(TypedArray => TypedView, self, array => array.view())
    }

    /// All pixels, to be written to.
    pub fn view_mut(&mut self) -> TypedViewMut<'_> {
        map_typed!(TypedArray => TypedViewMut, self, array => array.view_mut())
    }

    /// The array of pixels that lie in C order in bytes; `None` if there are not as many as the shape needs, or no memory.
    ///
    /// A byte of a truth value is true unless it is 0.
    #[must_use]
    pub fn from_bytes(
        pixel_type: PixelType,
        shape: &[usize],
        bytes: &[u8],
        order: ByteOrder,
    ) -> Option<Self> {
        let n_pixels = shape.iter().try_fold(1_usize, |n, size| n.checked_mul(*size))?;
        if n_pixels.checked_mul(pixel_type.n_bytes()) != Some(bytes.len()) {
            return None;
        }
        with_pixel!(pixel_type, T => {
            let mut pixels = Vec::new();
            pixels.try_reserve_exact(n_pixels).ok()?;
            match T::cast(bytes) {
                Some(values) if order == ByteOrder::NATIVE || size_of::<T>() == 1 => pixels.extend_from_slice(values),
                _ => pixels.extend(bytes.chunks_exact(size_of::<T>()).map(|bytes| T::from_bytes(bytes, order))),
            }
            ArrayD::from_shape_vec(shape, pixels).ok().map(T::typed)
        })
    }
}

impl<'a> TypedView<'a> {
    view_methods!(TypedView);

    /// The same pixels, borrowed for a shorter time.
    #[must_use]
    pub fn view(&self) -> TypedView<'_> {
        map_typed!(TypedView => TypedView, self, view => view.view())
    }

    /// The pixels in C order and the byte order of this machine; borrowed where they lie so.
    #[must_use]
    pub fn to_bytes(&self) -> Cow<'_, [u8]> {
        with_typed!(TypedView, self, view => match view.as_slice() {
            Some(pixels) => Cow::Borrowed(bytemuck::cast_slice(pixels)),
            None => Cow::Owned(bytes_of(view)),
        })
    }

    /// The pixels in C order, each with its least significant byte first.
    #[must_use]
    pub fn to_le_bytes(&self) -> Cow<'_, [u8]> {
        self.to_bytes_in(ByteOrder::Little)
    }

    /// The pixels in C order, with the bytes of each in this order.
    #[must_use]
    pub fn to_bytes_in(&self, order: ByteOrder) -> Cow<'_, [u8]> {
        let mut bytes = self.to_bytes();
        let n_bytes = self.pixel_type().n_bytes();
        if order != ByteOrder::NATIVE && n_bytes > 1 {
            bytes.to_mut().chunks_exact_mut(n_bytes).for_each(<[u8]>::reverse);
        }
        bytes
    }

    /// Whether every pixel is 0, which for floats means positive 0.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        with_typed!(TypedView, self, view => match view.as_slice() {
            Some(pixels) => is_zero(bytemuck::cast_slice(pixels)),
            None => view.rows().into_iter().all(|row| match row.as_slice() {
                Some(row) => is_zero(bytemuck::cast_slice(row)),
                None => row.iter().all(|pixel| is_zero(bytemuck::bytes_of(pixel))),
            }),
        })
    }

    /// A copy in memory of its own, in C order; `None` if there is none.
    #[must_use]
    pub fn to_array(&self) -> Option<TypedArray> {
        let mut array = TypedArray::zeros(self.pixel_type(), self.shape())?;
        array.view_mut().assign(self).ok()?;
        Some(array)
    }
}

impl TypedViewMut<'_> {
    view_methods!(TypedViewMut);

    /// The same pixels, borrowed for a shorter time.
    pub fn view_mut(&mut self) -> TypedViewMut<'_> {
        map_typed!(TypedViewMut => TypedViewMut, self, view => view.view_mut())
    }

    /// Sets every pixel to 0.
    pub fn set_zero(&mut self) {
        with_typed!(TypedViewMut, self, view => view.fill(Default::default()));
    }

    /// Copies pixels of the same type and shape.
    ///
    /// # Errors
    /// [`ShapeError`] if type or shape differ; nothing is written then.
    pub fn assign(&mut self, from: &TypedView<'_>) -> Result<(), ShapeError> {
        if self.shape() != from.shape() {
            return Err(ShapeError::from_kind(ErrorKind::IncompatibleShape));
        }
        match (self, from) {
            (TypedViewMut::Bool(to), TypedView::Bool(from)) => to.assign(from),
            (TypedViewMut::U8(to), TypedView::U8(from)) => to.assign(from),
            (TypedViewMut::U16(to), TypedView::U16(from)) => to.assign(from),
            (TypedViewMut::U32(to), TypedView::U32(from)) => to.assign(from),
            (TypedViewMut::U64(to), TypedView::U64(from)) => to.assign(from),
            (TypedViewMut::I8(to), TypedView::I8(from)) => to.assign(from),
            (TypedViewMut::I16(to), TypedView::I16(from)) => to.assign(from),
            (TypedViewMut::I32(to), TypedView::I32(from)) => to.assign(from),
            (TypedViewMut::I64(to), TypedView::I64(from)) => to.assign(from),
            (TypedViewMut::F16(to), TypedView::F16(from)) => to.assign(from),
            (TypedViewMut::F32(to), TypedView::F32(from)) => to.assign(from),
            (TypedViewMut::F64(to), TypedView::F64(from)) => to.assign(from),
            _ => return Err(ShapeError::from_kind(ErrorKind::IncompatibleLayout)),
        }
        Ok(())
    }
}

fn bytes_of<T: NoUninit>(view: &ArrayViewD<'_, T>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(view.len() * size_of::<T>());
    for row in view.rows() {
        match row.as_slice() {
            Some(row) => bytes.extend_from_slice(bytemuck::cast_slice(row)),
            None => row.iter().for_each(|pixel| bytes.extend_from_slice(bytemuck::bytes_of(pixel))),
        }
    }
    bytes
}

fn is_zero(bytes: &[u8]) -> bool {
    // Words first: an image has many zeros.
    let (head, words, tail) = bytemuck::pod_align_to::<u8, u64>(bytes);
    words.iter().all(|word| *word == 0) && head.iter().chain(tail).all(|byte| *byte == 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Bytes in either order come back as the pixels they were, whatever the strides.
        #[test]
        fn bytes_come_back(
            shape in prop::collection::vec(1_usize..5, 1..5), turn in any::<prop::sample::Index>(),
            kind in prop::sample::select(PixelType::ALL.to_vec()), seed in any::<u64>(),
        ) {
            let n_bytes = shape.iter().product::<usize>() * kind.n_bytes();
            let mut state = seed | 1;
            let bytes: Vec<u8> = (0..n_bytes).map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                // Truth values have two patterns; a float of 0x40 bytes is no NaN, which equals nothing.
                let byte = (state >> 33).to_le_bytes()[0];
                if kind == PixelType::Bool { byte & 1 } else { byte & 0x3f }
            }).collect();
            let array = TypedArray::from_bytes(kind, &shape, &bytes, ByteOrder::Little).unwrap();
            let there = array.view().to_le_bytes().into_owned();
            prop_assert_eq!(there, bytes.clone());
            let big = array.view().to_bytes_in(ByteOrder::Big).into_owned();
            prop_assert_eq!(TypedArray::from_bytes(kind, &shape, &big, ByteOrder::Big).unwrap(), array.clone());

            let by = turn.index(shape.len());
            let order: Vec<usize> = (0..shape.len()).map(|at| (at + by) % shape.len()).collect();
            let turned = array.view().permuted_axes(&order);
            let copy = turned.to_array().unwrap();
            let copied = copy.view().to_bytes().into_owned();
            prop_assert_eq!(copied, turned.to_bytes().into_owned());
            prop_assert_eq!(turned.is_zero(), bytes.iter().all(|byte| *byte == 0));
            let mut back = vec![0; order.len()];
            order.iter().enumerate().for_each(|(place, at)| back[*at] = place);
            prop_assert_eq!(copy.view().permuted_axes(&back), array.view());
            prop_assert!(TypedArray::from_bytes(kind, &shape, &bytes[1..], ByteOrder::Little).is_none());
        }
    }

    #[test]
    fn other_types_and_shapes_are_not_assigned() {
        let mut to = TypedArray::zeros(PixelType::U16, &[2, 2]).unwrap();
        for other in [TypedArray::zeros(PixelType::I16, &[2, 2]), TypedArray::zeros(PixelType::U16, &[4])] {
            assert!(to.view_mut().assign(&other.unwrap().view()).is_err());
        }
        assert!(TypedArray::zeros(PixelType::F64, &[usize::MAX, 2]).is_none());
    }

    #[test]
    fn a_box_is_a_part_along_every_dimension() {
        let mut array = TypedArray::zeros(PixelType::U8, &[3, 4]).unwrap();
        let ones = TypedArray::U8(ArrayD::from_elem(vec![1, 2], 1));
        array.view_mut().slice_box(&[2, 1], &[1, 2]).assign(&ones.view()).unwrap();
        assert_eq!(array.view().to_bytes().as_ref(), [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0]);
        assert!(!array.view().is_zero() && array.view().slice_axis(0, 0..2).is_zero());
        array.view_mut().set_zero();
        assert!(array.view().is_zero());
    }
}
