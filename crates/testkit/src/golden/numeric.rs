//! Arrays of any pixel type, as cases store them.

use half::f16;
use ndarray::{ArrayD, IxDyn, ShapeBuilder};
use npyz::{DType, NpyFile, Order, TypeChar};
use patchweave_pixel::{Pixel, PixelType};

use crate::golden::CaseError;

/// Values that an array of consecutive numbers may have.
const ARANGE_LIMIT: usize = 1 << 28;

/// One element, without loss.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scalar {
    /// A whole number or a truth value.
    Integer(i128),
    /// A float of any width.
    Float(f64),
}

macro_rules! numeric_array {
    ($($variant:ident($rust:ty) = $scalar:ident),* $(,)?) => {
        /// An array of one of the pixel types.
        #[derive(Debug, Clone)]
        pub enum NumericArray {$(
            #[doc = concat!("Elements of type `", stringify!($rust), "`.")]
            $variant(ArrayD<$rust>),
        )*}

        $(
            impl From<ArrayD<$rust>> for NumericArray {
                fn from(array: ArrayD<$rust>) -> Self {
                    NumericArray::$variant(array)
                }
            }

            impl From<$rust> for Scalar {
                fn from(value: $rust) -> Self {
                    Scalar::$scalar(value.into())
                }
            }
        )*

        /// Runs an expression with a name bound to the typed array inside a [`NumericArray`].
        macro_rules! with_numeric {
            ($numeric:expr, $array:ident => $body:expr) => {
                match $numeric {$(
                    $crate::golden::NumericArray::$variant($array) => $body,
                )*}
            };
        }
    };
}

numeric_array!(
    Bool(bool) = Integer,
    U8(u8) = Integer,
    U16(u16) = Integer,
    U32(u32) = Integer,
    U64(u64) = Integer,
    I8(i8) = Integer,
    I16(i16) = Integer,
    I32(i32) = Integer,
    I64(i64) = Integer,
    F16(f16) = Float,
    F32(f32) = Float,
    F64(f64) = Float,
);
pub(crate) use with_numeric;

impl NumericArray {
    /// The sizes of the dimensions.
    pub fn shape(&self) -> &[usize] {
        with_numeric!(self, array => array.shape())
    }

    /// The type of the elements.
    pub fn pixel_type(&self) -> PixelType {
        fn of<T: Pixel>(_: &ArrayD<T>) -> PixelType {
            T::TYPE
        }
        with_numeric!(self, array => of(array))
    }

    /// Every element in C order.
    pub fn scalars(&self) -> Vec<Scalar> {
        with_numeric!(self, array => array.iter().map(|&value| value.into()).collect())
    }

    /// The same array in `f32`, rounded to the nearest where that is needed.
    pub fn to_f32(&self) -> ArrayD<f32> {
        with_numeric!(self, array => array.mapv(Pixel::to_f32))
    }

    /// The numbers 0, 1, 2 … in C order; integer types wrap around as NumPy's `astype` does.
    ///
    /// # Errors
    /// [`CaseError::Entry`] if the shape has too many values for a test.
    pub fn arange(shape: &[usize], pixel_type: PixelType) -> Result<Self, CaseError> {
        let n_values = shape.iter().try_fold(1_usize, |n, &size| n.checked_mul(size));
        let Some(n_values) = n_values.filter(|&n| n <= ARANGE_LIMIT) else {
            return Err(CaseError::Entry {
                name: "arange".to_owned(),
                got: format!("shape {shape:?}"),
                expected: "a shape of at most 2^28 values",
            });
        };
        macro_rules! wrapping {
            ($($variant:ident($rust:ty)),*) => {
                match pixel_type {
                    PixelType::Bool => count(n_values, shape, |i| i != 0)?.into(),
                    PixelType::F16 => count(n_values, shape, |i| f16::from_f64(i as f64))?.into(),
                    PixelType::F32 => count(n_values, shape, |i| i as f32)?.into(),
                    PixelType::F64 => count(n_values, shape, |i| i as f64)?.into(),
                    $(PixelType::$variant => count(n_values, shape, |i| i as $rust)?.into(),)*
                }
            };
        }
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_possible_wrap,
            clippy::cast_precision_loss,
            reason = "wrapping is what the makers of the cases do"
        )]
        let array = wrapping!(U8(u8), U16(u16), U32(u32), U64(u64), I8(i8), I16(i16), I32(i32), I64(i64));
        Ok(array)
    }

    /// Decodes a file in NumPy's format, of any byte order and memory order.
    ///
    /// # Errors
    /// [`CaseError::Npy`] if it is none, [`CaseError::PixelType`] if its elements are no pixels.
    pub fn from_npy(place: &str, bytes: &[u8]) -> Result<Self, CaseError> {
        let bad = |source| CaseError::Npy { place: place.to_owned(), source };
        let file = NpyFile::new(bytes).map_err(bad)?;
        let dtype = file.dtype();
        let DType::Plain(type_str) = &dtype else {
            return Err(CaseError::PixelType { place: place.to_owned(), found: dtype.descr() });
        };
        macro_rules! decoded {
            ($(($kind:ident, $size:literal) => $rust:ty),* $(,)?) => {
                match (type_str.type_char(), type_str.size_field()) {
                    $((TypeChar::$kind, $size) => elements::<$rust>(file).map_err(bad)?.into(),)*
                    _ => {
                        return Err(CaseError::PixelType { place: place.to_owned(), found: dtype.descr() });
                    }
                }
            };
        }
        Ok(decoded!(
            (Bool, 1) => bool,
            (Uint, 1) => u8,
            (Uint, 2) => u16,
            (Uint, 4) => u32,
            (Uint, 8) => u64,
            (Int, 1) => i8,
            (Int, 2) => i16,
            (Int, 4) => i32,
            (Int, 8) => i64,
            (Float, 2) => f16,
            (Float, 4) => f32,
            (Float, 8) => f64,
        ))
    }
}

fn count<T>(n_values: usize, shape: &[usize], value: impl Fn(usize) -> T) -> Result<ArrayD<T>, CaseError> {
    Ok(ArrayD::from_shape_vec(IxDyn(shape), (0..n_values).map(value).collect())?)
}

fn elements<T: Clone + npyz::Deserialize>(file: NpyFile<&[u8]>) -> std::io::Result<ArrayD<T>> {
    let invalid = |error: Box<dyn std::error::Error + Send + Sync>| std::io::Error::other(error);
    let shape: Vec<usize> = file
        .shape()
        .iter()
        .map(|&size| usize::try_from(size))
        .collect::<Result<_, _>>()
        .map_err(|error| invalid(error.into()))?;
    let is_fortran = file.order() == Order::Fortran;
    let array = ArrayD::from_shape_vec(IxDyn(&shape).set_f(is_fortran), file.into_vec()?);
    let array = array.map_err(|error| invalid(error.into()))?;
    Ok(array.as_standard_layout().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn npy(descr: &str, fortran: bool, shape: &str, data: &[u8]) -> Vec<u8> {
        let fortran = if fortran { "True" } else { "False" };
        let mut header = format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}");
        while (10 + header.len() + 1) % 64 != 0 {
            header.push(' ');
        }
        header.push('\n');
        let n_header = u16::try_from(header.len()).unwrap().to_le_bytes();
        [b"\x93NUMPY\x01\x00".as_slice(), &n_header, header.as_bytes(), data].concat()
    }

    #[test]
    fn every_byte_and_memory_order_is_read() {
        let data = [0, 1, 0, 2, 1, 0, 0, 4];
        let array = NumericArray::from_npy("a", &npy(">u2", true, "(2, 2)", &data)).unwrap();
        let expected = [1, 256, 2, 4].map(Scalar::Integer);
        assert_eq!((array.pixel_type(), array.scalars()), (PixelType::U16, expected.to_vec()));
        let array = NumericArray::from_npy("a", &npy("|b1", false, "(2,)", &[1, 0])).unwrap();
        assert_eq!(array.scalars(), [1, 0].map(Scalar::Integer));
        let array = NumericArray::from_npy("a", &npy("<f2", false, "(1,)", &[0, 0x3e])).unwrap();
        assert_eq!(array.scalars(), [Scalar::Float(1.5)]);
    }

    #[test]
    fn consecutive_numbers_wrap() {
        let array = NumericArray::arange(&[258], PixelType::U8).unwrap();
        assert_eq!(array.scalars()[255..], [255, 0, 1].map(Scalar::Integer));
    }

    #[test]
    fn other_types_are_named() {
        let error = NumericArray::from_npy("a.npy", &npy("<c8", false, "(1,)", &[0; 8])).unwrap_err();
        assert_eq!(error.to_string(), "a.npy: type '<c8' is no pixel type");
    }
}
