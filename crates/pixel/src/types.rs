//! Which numeric types a pixel may have, by name and as Rust types.

use std::fmt;

use half::f16;
use serde::{Deserialize, Serialize};

use crate::TypedPixel;
use crate::rounding::{nearest_f32, nearest_f64};

/// The numeric type of the pixels of a source or a result, named as NumPy names it.
///
/// ```
/// use patchweave_pixel::PixelType;
///
/// assert_eq!(PixelType::U16.name(), "uint16");
/// assert_eq!(PixelType::from_name("float32"), Some(PixelType::F32));
/// assert_eq!(PixelType::F64.n_bytes(), 8);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PixelType {
    /// Truth values, read as 0 and 1.
    Bool,
    /// Unsigned 8-bit integers.
    U8,
    /// Unsigned 16-bit integers.
    U16,
    /// Unsigned 32-bit integers.
    U32,
    /// Unsigned 64-bit integers.
    U64,
    /// Signed 8-bit integers.
    I8,
    /// Signed 16-bit integers.
    I16,
    /// Signed 32-bit integers.
    I32,
    /// Signed 64-bit integers.
    I64,
    /// Half-precision floats.
    F16,
    /// Single-precision floats.
    F32,
    /// Double-precision floats.
    F64,
}

impl PixelType {
    /// Every type.
    pub const ALL: [PixelType; 12] = [
        PixelType::Bool,
        PixelType::U8,
        PixelType::U16,
        PixelType::U32,
        PixelType::U64,
        PixelType::I8,
        PixelType::I16,
        PixelType::I32,
        PixelType::I64,
        PixelType::F16,
        PixelType::F32,
        PixelType::F64,
    ];

    /// The name that NumPy and Zarr use.
    pub fn name(self) -> &'static str {
        match self {
            PixelType::Bool => "bool",
            PixelType::U8 => "uint8",
            PixelType::U16 => "uint16",
            PixelType::U32 => "uint32",
            PixelType::U64 => "uint64",
            PixelType::I8 => "int8",
            PixelType::I16 => "int16",
            PixelType::I32 => "int32",
            PixelType::I64 => "int64",
            PixelType::F16 => "float16",
            PixelType::F32 => "float32",
            PixelType::F64 => "float64",
        }
    }

    /// The type with that name.
    pub fn from_name(name: &str) -> Option<PixelType> {
        PixelType::ALL.into_iter().find(|pixel_type| pixel_type.name() == name)
    }

    /// Bytes of one pixel.
    pub fn n_bytes(self) -> usize {
        match self {
            PixelType::Bool | PixelType::U8 | PixelType::I8 => 1,
            PixelType::U16 | PixelType::I16 | PixelType::F16 => 2,
            PixelType::U32 | PixelType::I32 | PixelType::F32 => 4,
            PixelType::U64 | PixelType::I64 | PixelType::F64 => 8,
        }
    }

    /// Whether every value of this type survives the trip through `f32` unchanged.
    pub fn fits_f32(self) -> bool {
        match self {
            PixelType::U32 | PixelType::U64 | PixelType::I32 | PixelType::I64 | PixelType::F64 => false,
            PixelType::Bool
            | PixelType::U8
            | PixelType::U16
            | PixelType::I8
            | PixelType::I16
            | PixelType::F16
            | PixelType::F32 => true,
        }
    }

    /// Whether every value of `other` is a value of this type as well.
    ///
    /// ```
    /// use patchweave_pixel::PixelType;
    ///
    /// assert!(PixelType::F32.holds(PixelType::U16));
    /// assert!(!PixelType::F16.holds(PixelType::U16));
    /// assert!(!PixelType::I16.holds(PixelType::U16));
    /// ```
    pub fn holds(self, other: PixelType) -> bool {
        // Whole numbers up to 2^bits, negative ones as well, and fractions.
        let (bits, negative, fractions) = self.range();
        let (other_bits, other_negative, other_fractions) = other.range();
        bits >= other_bits && negative >= other_negative && fractions >= other_fractions
    }

    /// Up to which power of two whole numbers are exact; whether there are negative ones; fractions.
    fn range(self) -> (u32, bool, bool) {
        match self {
            PixelType::Bool => (1, false, false),
            PixelType::U8 => (8, false, false),
            PixelType::U16 => (16, false, false),
            PixelType::U32 => (32, false, false),
            PixelType::U64 => (64, false, false),
            PixelType::I8 => (7, true, false),
            PixelType::I16 => (15, true, false),
            PixelType::I32 => (31, true, false),
            PixelType::I64 => (63, true, false),
            PixelType::F16 => (11, true, true),
            PixelType::F32 => (24, true, true),
            PixelType::F64 => (53, true, true),
        }
    }

    /// Whether values are whole numbers.
    pub fn is_integer(self) -> bool {
        !matches!(self, PixelType::F16 | PixelType::F32 | PixelType::F64)
    }
}

impl fmt::Display for PixelType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A Rust type that pixels may have.
///
/// Patches are handed out as `f32`; integers beyond 2²⁴ and doubles are rounded to the nearest.
pub trait Pixel:
    TypedPixel + bytemuck::NoUninit + Copy + Default + PartialOrd + fmt::Debug + Send + Sync + 'static
{
    /// The type's name at run time.
    const TYPE: PixelType;

    /// The type of means of such values: `f64` for doubles, `f32` for all others.
    type Mean: Pixel;

    /// This value as `f32`.
    fn to_f32(self) -> f32;

    /// Whether `f32` holds this value as it is; NaN is held.
    fn is_exact_f32(self) -> bool;

    /// The nearest value of this type; out of range becomes the limit, NaN becomes 0 for integers.
    fn from_f32(value: f32) -> Self;

    /// This value as `f64`; integers beyond 2⁵³ are rounded to the nearest.
    fn to_f64(self) -> f64;

    /// As [`from_f32`](Self::from_f32), from a double.
    fn from_f64(value: f64) -> Self;

    /// The value that `bytes` hold in that order; bytes of another length are 0.
    fn from_bytes(bytes: &[u8], order: ByteOrder) -> Self;

    /// Bytes of this machine's order as values, where their alignment allows it and every pattern is a value.
    fn cast(bytes: &[u8]) -> Option<&[Self]>;
}

/// Which byte of a number comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByteOrder {
    /// The least significant.
    Little,
    /// The most significant.
    Big,
}

impl ByteOrder {
    /// The order of this machine.
    pub const NATIVE: ByteOrder =
        if cfg!(target_endian = "big") { ByteOrder::Big } else { ByteOrder::Little };
}

/// The two methods about bytes for a type of numbers.
macro_rules! number_bytes {
    ($rust:ty) => {
        #[inline(always)]
        fn from_bytes(bytes: &[u8], order: ByteOrder) -> Self {
            let bytes = bytes.try_into().unwrap_or_default();
            match order {
                ByteOrder::Little => <$rust>::from_le_bytes(bytes),
                ByteOrder::Big => <$rust>::from_be_bytes(bytes),
            }
        }

        fn cast(bytes: &[u8]) -> Option<&[Self]> {
            bytemuck::try_cast_slice(bytes).ok()
        }
    };
}

macro_rules! integer_pixels {
    ($($rust:ty => $name:ident),*) => {$(
        impl Pixel for $rust {
            const TYPE: PixelType = PixelType::$name;
            type Mean = f32;

            #[inline(always)]
            fn to_f32(self) -> f32 {
                #[allow(clippy::cast_lossless, clippy::cast_precision_loss, reason = "rounding is the contract")]
                let value = self as f32;
                value
            }

            #[inline]
            fn is_exact_f32(self) -> bool {
                #[expect(clippy::cast_possible_truncation, reason = "no integer is beyond 2^64")]
                let there_and_back = self.to_f32() as i128;
                there_and_back == i128::from(self)
            }

            #[inline]
            fn from_f32(value: f32) -> Self {
                #[expect(clippy::cast_possible_truncation, reason = "`as` saturates, which is the contract")]
                #[allow(clippy::cast_sign_loss, reason = "`as` saturates, which is the contract")]
                let value = nearest_f32(value) as $rust;
                value
            }

            #[inline(always)]
            fn to_f64(self) -> f64 {
                #[allow(clippy::cast_lossless, clippy::cast_precision_loss, reason = "rounding is the contract")]
                let value = self as f64;
                value
            }

            #[inline]
            fn from_f64(value: f64) -> Self {
                #[expect(clippy::cast_possible_truncation, reason = "`as` saturates, which is the contract")]
                #[allow(clippy::cast_sign_loss, reason = "`as` saturates, which is the contract")]
                let value = nearest_f64(value) as $rust;
                value
            }

            number_bytes!($rust);
        }
    )*};
}

integer_pixels!(u8 => U8, u16 => U16, u32 => U32, u64 => U64, i8 => I8, i16 => I16, i32 => I32, i64 => I64);

impl Pixel for bool {
    const TYPE: PixelType = PixelType::Bool;
    type Mean = f32;

    #[inline(always)]
    fn to_f32(self) -> f32 {
        f32::from(u8::from(self))
    }

    #[inline]
    fn is_exact_f32(self) -> bool {
        true
    }

    #[inline]
    fn from_f32(value: f32) -> Self {
        value >= 0.5
    }

    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(u8::from(self))
    }

    #[inline]
    fn from_f64(value: f64) -> Self {
        value >= 0.5
    }

    #[inline(always)]
    fn from_bytes(bytes: &[u8], _order: ByteOrder) -> Self {
        bytes.first().is_some_and(|&byte| byte != 0)
    }

    fn cast(_bytes: &[u8]) -> Option<&[Self]> {
        None
    }
}

impl Pixel for f16 {
    const TYPE: PixelType = PixelType::F16;
    type Mean = f32;

    #[inline(always)]
    fn to_f32(self) -> f32 {
        f16::to_f32(self)
    }

    #[inline]
    fn is_exact_f32(self) -> bool {
        true
    }

    #[inline]
    fn from_f32(value: f32) -> Self {
        f16::from_f32(value)
    }

    #[inline(always)]
    fn to_f64(self) -> f64 {
        f16::to_f64(self)
    }

    #[inline]
    fn from_f64(value: f64) -> Self {
        f16::from_f64(value)
    }

    number_bytes!(f16);
}

impl Pixel for f32 {
    const TYPE: PixelType = PixelType::F32;
    type Mean = f32;

    #[inline(always)]
    fn to_f32(self) -> f32 {
        self
    }

    #[inline]
    fn is_exact_f32(self) -> bool {
        true
    }

    #[inline]
    fn from_f32(value: f32) -> Self {
        value
    }

    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }

    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "rounding is the contract")]
        let value = value as f32;
        value
    }

    number_bytes!(f32);
}

impl Pixel for f64 {
    const TYPE: PixelType = PixelType::F64;
    type Mean = f64;

    #[inline(always)]
    fn to_f32(self) -> f32 {
        #[expect(clippy::cast_possible_truncation, reason = "rounding is the contract")]
        let value = self as f32;
        value
    }

    #[inline]
    fn is_exact_f32(self) -> bool {
        self.is_nan() || f64::from(self.to_f32()) == self
    }

    #[inline]
    fn from_f32(value: f32) -> Self {
        f64::from(value)
    }

    #[inline(always)]
    fn to_f64(self) -> f64 {
        self
    }

    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        value
    }

    number_bytes!(f64);
}

/// Runs an expression with a type parameter set to the Rust type of a [`PixelType`].
///
/// ```
/// use patchweave_pixel::{PixelType, with_pixel};
///
/// let n_bytes = with_pixel!(PixelType::U16, T => std::mem::size_of::<T>());
/// assert_eq!(n_bytes, 2);
/// ```
#[macro_export]
macro_rules! with_pixel {
    ($pixel_type:expr, $name:ident => $body:expr) => {
        match $pixel_type {
            $crate::PixelType::Bool => {
                type $name = bool;
                $body
            }
            $crate::PixelType::U8 => {
                type $name = u8;
                $body
            }
            $crate::PixelType::U16 => {
                type $name = u16;
                $body
            }
            $crate::PixelType::U32 => {
                type $name = u32;
                $body
            }
            $crate::PixelType::U64 => {
                type $name = u64;
                $body
            }
            $crate::PixelType::I8 => {
                type $name = i8;
                $body
            }
            $crate::PixelType::I16 => {
                type $name = i16;
                $body
            }
            $crate::PixelType::I32 => {
                type $name = i32;
                $body
            }
            $crate::PixelType::I64 => {
                type $name = i64;
                $body
            }
            $crate::PixelType::F16 => {
                type $name = $crate::f16;
                $body
            }
            $crate::PixelType::F32 => {
                type $name = f32;
                $body
            }
            $crate::PixelType::F64 => {
                type $name = f64;
                $body
            }
        }
    };
}
