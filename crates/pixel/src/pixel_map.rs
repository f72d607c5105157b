//! Pixels of one type become pixels of another: rounded, clipped and scaled as it was chosen, and what was lost is counted.

use std::ops::AddAssign;

use half::f16;
use ndarray::{ErrorKind, ShapeError};

use crate::{Pixel, PixelType, TypedView, TypedViewMut, with_typed};

/// How pixels become another type.
///
/// Without a scale values stay what they are: rounded to the nearest that the type has, of two the even one, clipped to its
/// range; what is not a number becomes 0 in integers. With a scale two values are given that become the ends of what is
/// written: 0 and the largest value for integers, 0 and 1 for floats; values outside are clipped for integers.
///
/// ```
/// use patchweave_pixel::{PixelMap, PixelType, TypedArray, TypedPixel};
///
/// let from = ndarray::arr1(&[-1.0_f32, 0.4, 300.0]).into_dyn();
/// let mut to = TypedArray::zeros(PixelType::U8, &[3]).unwrap();
/// let lost = PixelMap::to(PixelType::U8).convert(&f32::typed_view(from.view()), to.view_mut())?;
/// assert_eq!(to.view().to_bytes().as_ref(), [0, 0, 255]);
/// assert_eq!((lost.n_clipped, lost.n_rounded, lost.n_nan), (2, 1, 0));
///
/// let scaled = PixelMap::to(PixelType::U8).with_scale(-1.0, 300.0);
/// scaled.convert(&f32::typed_view(from.view()), to.view_mut())?;
/// assert_eq!(to.view().to_bytes().as_ref(), [0, 1, 255]);
/// # Ok::<(), ndarray::ShapeError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PixelMap {
    pixel_type: PixelType,
    scale: Option<(f64, f64)>,
}

/// What was lost when pixels became another type.
///
/// ```
/// use patchweave_pixel::Lost;
///
/// let mut all = Lost::default();
/// all += Lost { n_rounded: 3, ..Lost::default() };
/// assert!(!all.is_nothing());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lost {
    /// Pixels that were outside of the range of the type.
    pub n_clipped: u64,
    /// Pixels inside of the range that the type does not have.
    pub n_rounded: u64,
    /// Pixels that were not a number and became 0.
    pub n_nan: u64,
}

impl Lost {
    /// Whether every pixel kept its value.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Lost::default()
    }
}

impl AddAssign for Lost {
    fn add_assign(&mut self, other: Self) {
        self.n_clipped += other.n_clipped;
        self.n_rounded += other.n_rounded;
        self.n_nan += other.n_nan;
    }
}

impl PixelMap {
    /// Values stay what they are, as far as the type has them.
    #[must_use]
    pub fn to(pixel_type: PixelType) -> Self {
        PixelMap { pixel_type, scale: None }
    }

    /// Values from `low` to `high` are spread over the type; where `high` is not above `low`, all become 0.
    #[must_use]
    pub fn with_scale(self, low: f64, high: f64) -> Self {
        PixelMap { scale: Some((low, high)), ..self }
    }

    /// The type that pixels get.
    #[must_use]
    pub fn pixel_type(&self) -> PixelType {
        self.pixel_type
    }

    /// Whether values are spread over the type.
    #[must_use]
    pub fn is_scaled(&self) -> bool {
        self.scale.is_some()
    }

    /// Whether pixels of a type stay as they are.
    #[must_use]
    pub fn is_identity(&self, from: PixelType) -> bool {
        self.scale.is_none() && from == self.pixel_type
    }

    /// Converts pixels into memory of the same shape and this type.
    ///
    /// With a scale only clipped pixels and those that are not a number count as lost.
    ///
    /// # Errors
    /// [`ShapeError`] if shape or type of `to` are others; nothing is written then.
    pub fn convert(&self, from: &TypedView<'_>, mut to: TypedViewMut<'_>) -> Result<Lost, ShapeError> {
        if to.pixel_type() != self.pixel_type || to.shape() != from.shape() {
            return Err(ShapeError::from_kind(ErrorKind::IncompatibleShape));
        }
        if self.is_identity(from.pixel_type()) {
            to.assign(from)?;
            return Ok(Lost::default());
        }
        let mut lost = Lost::default();
        if self.scale.is_none() && from.pixel_type().is_integer() {
            let mut whole = Vec::new();
            in_parts(from.view(), to, &mut |from, to| {
                read_whole(&from, &mut whole);
                lost += set_whole(to, &whole);
            });
        } else {
            let mut floats = Vec::new();
            in_parts(from.view(), to, &mut |from, to| {
                read_floats(&from, &mut floats);
                lost += self.set_floats(to, &mut floats);
            });
        }
        Ok(lost)
    }

    fn set_floats(&self, to: TypedViewMut<'_>, values: &mut [f64]) -> Lost {
        if let Some((low, high)) = self.scale {
            let top = if self.pixel_type.is_integer() { largest(self.pixel_type) } else { 1.0 };
            let by = if high > low { top / (high - low) } else { 0.0 };
            values.iter_mut().for_each(|value| *value = (*value - low) * by);
            let mut lost = set_all(to, values);
            lost.n_rounded = 0;
            return lost;
        }
        set_all(to, values)
    }
}

/// The largest value of an integer type, as the float below it where there is none.
fn largest(pixel_type: PixelType) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "the nearest is as good, values are clipped")]
    match pixel_type {
        PixelType::U8 => f64::from(u8::MAX),
        PixelType::U16 => f64::from(u16::MAX),
        PixelType::U32 => f64::from(u32::MAX),
        PixelType::U64 => u64::MAX as f64,
        PixelType::I8 => f64::from(i8::MAX),
        PixelType::I16 => f64::from(i16::MAX),
        PixelType::I32 => f64::from(i32::MAX),
        PixelType::I64 => i64::MAX as f64,
        PixelType::Bool | PixelType::F16 | PixelType::F32 | PixelType::F64 => 1.0,
    }
}

/// Parts of at most about so many pixels are converted at once, in memory of a few hundred kilobytes.
const PART: usize = 1 << 14;

/// Calls `convert` with parts of two views of the same shape.
fn in_parts(
    from: TypedView<'_>,
    mut to: TypedViewMut<'_>,
    convert: &mut dyn FnMut(TypedView<'_>, TypedViewMut<'_>),
) {
    let n_pixels: usize = from.shape().iter().product();
    if from.shape().len() < 2 || n_pixels <= PART {
        return convert(from, to);
    }
    for at in 0..from.shape()[0] {
        in_parts(from.view().index_axis(0, at), to.view_mut().index_axis(0, at), convert);
    }
}

fn read_floats(from: &TypedView<'_>, values: &mut Vec<f64>) {
    values.clear();
    with_typed!(TypedView, from, from => values.extend(from.iter().map(|pixel| pixel.to_f64())));
}

fn set_all(to: TypedViewMut<'_>, values: &[f64]) -> Lost {
    let mut lost = Lost::default();
    with_typed!(TypedViewMut, to, to => {
        to.into_iter().zip(values).for_each(|(pixel, value)| lost += set(pixel, *value));
    });
    lost
}

/// Sets a pixel to the nearest value, and says what is lost.
fn set<T: Pixel>(pixel: &mut T, value: f64) -> Lost {
    *pixel = T::from_f64(value);
    let got = pixel.to_f64();
    if got == value {
        return Lost::default();
    }
    if value.is_nan() {
        return Lost { n_nan: u64::from(T::TYPE.is_integer()), ..Lost::default() };
    }
    // A float becomes infinite, an integer differs by one or more.
    let is_clipped = if T::TYPE.is_integer() { (got - value).abs() >= 1.0 } else { got.is_infinite() };
    Lost { n_clipped: u64::from(is_clipped), n_rounded: u64::from(!is_clipped), n_nan: 0 }
}

/// Whole numbers of every type, without a detour over floats where there is none.
trait Whole: Copy {
    /// The value; of a float without its fraction.
    fn wide(self) -> i128;

    /// The nearest value.
    fn narrow(value: i128) -> Self;

    /// Whether it stands for all values beyond it.
    fn is_limit(self) -> bool;
}

macro_rules! whole {
    ($($rust:ty),*) => {$(impl Whole for $rust {
        fn wide(self) -> i128 {
            i128::from(self)
        }

        fn narrow(value: i128) -> Self {
            let limit = if value < 0 { <$rust>::MIN } else { <$rust>::MAX };
            <$rust>::try_from(value).unwrap_or(limit)
        }

        fn is_limit(self) -> bool {
            true
        }
    })*};
}

whole!(u8, u16, u32, u64, i8, i16, i32, i64);

impl Whole for bool {
    fn wide(self) -> i128 {
        i128::from(self)
    }

    fn narrow(value: i128) -> Self {
        value > 0
    }

    fn is_limit(self) -> bool {
        true
    }
}

macro_rules! floats {
    ($($rust:ty),*) => {$(impl Whole for $rust {
        fn wide(self) -> i128 {
            #[expect(clippy::cast_possible_truncation, reason = "no value of 64 bits is beyond 2^127")]
            let whole = self.to_f64() as i128;
            whole
        }

        fn narrow(value: i128) -> Self {
            #[expect(clippy::cast_precision_loss, reason = "rounding is the contract")]
            let nearest = value as f64;
            <$rust as Pixel>::from_f64(nearest)
        }

        fn is_limit(self) -> bool {
            self.to_f64().is_infinite()
        }
    })*};
}

floats!(f16, f32, f64);

fn read_whole(from: &TypedView<'_>, values: &mut Vec<i128>) {
    values.clear();
    with_typed!(TypedView, from, from => values.extend(from.iter().map(|pixel| pixel.wide())));
}

fn set_whole(to: TypedViewMut<'_>, values: &[i128]) -> Lost {
    let mut n_clipped = 0;
    let mut n_rounded = 0;
    with_typed!(TypedViewMut, to, to => {
        for (pixel, value) in to.into_iter().zip(values) {
            *pixel = Whole::narrow(*value);
            if pixel.wide() != *value {
                let is_clipped = pixel.is_limit();
                n_clipped += u64::from(is_clipped);
                n_rounded += u64::from(!is_clipped);
            }
        }
    });
    Lost { n_clipped, n_rounded, n_nan: 0 }
}

#[cfg(test)]
mod tests {
    use ndarray::ArrayD;
    use proptest::prelude::*;

    use super::*;
    use crate::{TypedArray, TypedPixel, with_pixel};

    fn converted(map: PixelMap, from: &TypedArray) -> (TypedArray, Lost) {
        let mut to = TypedArray::zeros(map.pixel_type(), from.shape()).unwrap();
        let lost = map.convert(&from.view(), to.view_mut()).unwrap();
        (to, lost)
    }

    proptest! {
        /// Whole numbers of 64 bits become the nearest of any type, and only what is another number counts as lost.
        #[test]
        fn whole_numbers_are_clipped(
            values in prop::collection::vec(prop_oneof![any::<i64>(), -300_i64..300], 1..20),
            to in prop::sample::select(PixelType::ALL.to_vec()),
        ) {
            let shape = vec![1, values.len()];
            let from = i64::typed(ArrayD::from_shape_vec(shape, values.clone()).unwrap());
            let (got, lost) = converted(PixelMap::to(to), &from);
            let mut n_same = 0;
            with_pixel!(to, T => {
                let got = T::of_view(got.view()).unwrap();
                for (pixel, value) in got.iter().zip(&values) {
                    if T::TYPE.is_integer() {
                        // Doubles hold all limits but those of 64 bits.
                        let expected = T::from_f64(*value as f64);
                        let is_exact = Whole::wide(*value as f64) == i128::from(*value);
                        prop_assert!(*pixel == expected || !is_exact, "{value} {pixel:?}");
                    } else {
                        prop_assert_eq!(*pixel, T::from_f64(*value as f64));
                    }
                    let back = if T::TYPE.n_bytes() == 8 && T::TYPE.is_integer() { Whole::wide(*pixel) } else { Whole::wide(pixel.to_f64()) };
                    n_same += usize::from(back == i128::from(*value) && pixel.to_f64().is_finite());
                }
            });
            let n_lost = usize::try_from(lost.n_clipped + lost.n_rounded).unwrap();
            if to != PixelType::F64 && to != PixelType::F32 && to != PixelType::F16 {
                prop_assert_eq!(n_lost, values.len() - n_same);
                prop_assert_eq!(lost.n_rounded, 0);
            }
        }

        /// There and back is where it was, for whatever the larger type holds.
        #[test]
        fn wider_types_lose_nothing(
            bytes in prop::collection::vec(any::<u8>(), 16), from in prop::sample::select(PixelType::ALL.to_vec()),
            to in prop::sample::select(PixelType::ALL.to_vec()),
        ) {
            let n = 16 / from.n_bytes();
            let from = TypedArray::from_bytes(from, &[n], &bytes, crate::ByteOrder::Little).unwrap();
            prop_assume!(to.holds(from.pixel_type()) && from.pixel_type().is_integer());
            let (there, lost) = converted(PixelMap::to(to), &from);
            prop_assert!(lost.is_nothing(), "{lost:?}");
            let (back, lost) = converted(PixelMap::to(from.pixel_type()), &there);
            prop_assert!(lost.is_nothing());
            prop_assert_eq!(back, from);
        }
    }

    #[test]
    fn a_scale_spreads_over_the_type() {
        let from = f64::typed(ndarray::arr1(&[2.0, 3.0, 4.0, 5.0, f64::NAN]).into_dyn());
        let (got, lost) = converted(PixelMap::to(PixelType::U16).with_scale(2.0, 4.0), &from);
        assert_eq!(got, u16::typed(ndarray::arr1(&[0, 32_768, 65_535, 65_535, 0]).into_dyn()));
        assert_eq!(lost, Lost { n_clipped: 1, n_rounded: 0, n_nan: 1 });
        let (got, lost) = converted(PixelMap::to(PixelType::F32).with_scale(2.0, 4.0), &from);
        let TypedArray::F32(got) = got else { panic!("another type") };
        assert_eq!(got.as_slice().unwrap()[..4], [0.0, 0.5, 1.0, 1.5]);
        assert!(lost.is_nothing());
        let flat = u8::typed(ndarray::arr1(&[7, 7]).into_dyn());
        let (got, _) = converted(PixelMap::to(PixelType::U8).with_scale(7.0, 7.0), &flat);
        assert_eq!(got, u8::typed(ndarray::arr1(&[0, 0]).into_dyn()));
    }

    #[test]
    fn floats_that_are_too_large_are_clipped() {
        let from = f64::typed(ndarray::arr1(&[1e300, 0.1, f64::NAN, f64::INFINITY]).into_dyn());
        let (_, lost) = converted(PixelMap::to(PixelType::F32), &from);
        assert_eq!(lost, Lost { n_clipped: 1, n_rounded: 1, n_nan: 0 });
        let (_, lost) = converted(PixelMap::to(PixelType::I16), &from);
        assert_eq!(lost, Lost { n_clipped: 2, n_rounded: 1, n_nan: 1 });
    }
}
