//! Reads in an image's own pixel type as one test for all image sources.
#![allow(clippy::unwrap_used, reason = "a suite fails by panicking")]

use ndarray::{Array4, ArrayD, ArrayViewD};
use patchweave_geometry::Region;
use patchweave_pixel::{ByteOrder, Pixel, PixelType, TypedArray, with_typed};
use patchweave_stack::{ImageStack, ImageStackExt, StackError};

use crate::suite_windows::{Window, windows};

/// Checks that reads in the image's own pixel type deliver its pixels bit by bit, where `f32` would round them.
///
/// `expected` is the whole image as `SC(Z)YX` in that type. Read are the whole image and the regions of
/// [`image_stack_suite`](crate::image_stack_suite); memory of other types must be refused.
///
/// ```
/// use patchweave_pixel::to_canonical;
/// use patchweave_stack::ArrayStack;
/// use patchweave_testkit::{typed_reads_suite, wide_ramp};
///
/// let (image, axes) = (wide_ramp::<u64>(&[5, 6, 3]), "YXC".parse()?);
/// let expected = to_canonical(image.view(), &axes)?;
/// typed_reads_suite(&ArrayStack::new(image, &axes)?, expected.view());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Panics
/// If the source breaks its contract; the message names the image and what was read.
pub fn typed_reads_suite<T: Pixel>(stack: &dyn ImageStack, expected: ArrayViewD<'_, T>) {
    let info = stack.info();
    assert_eq!(info.pixel_type, T::TYPE, "pixel type of {}", info.source);
    assert_eq!(info.shape().to_vec(), expected.shape(), "shape of {}", info.source);
    for window in windows_and_whole(stack) {
        let cut = window.cut(&expected).into_dyn();
        let got = read(stack, &window);
        assert!(got.is_ok(), "{}: {window:?}: {got:?}", info.source);
        assert!(is_same(&got.unwrap(), cut), "{}: {window:?}", info.source);
    }
    other_types_are_refused(stack);
}

/// Checks that what is read in the image's own pixel type is what `f32` is made of; `expected` is the whole image as
/// `SC(Z)YX`.
///
/// A source that only has `f32` may refuse what it may have rounded.
pub(crate) fn typed_reads_are_those_of_f32(stack: &dyn ImageStack, expected: &ArrayViewD<'_, f32>) {
    let name = &stack.info().source;
    for window in windows_and_whole(stack) {
        let cut = window.cut(expected);
        match read(stack, &window) {
            Ok(typed) => {
                let got = to_f32(&typed);
                let is_equal = |(a, b): (&f32, &f32)| a == b || (a.is_nan() && b.is_nan());
                assert!(got.iter().zip(&cut).all(is_equal), "{name}: typed read of {window:?}");
            }
            Err(StackError::Inexact { .. }) => {
                let may_be_rounded = |value: &f32| value.abs() >= 16_777_216.0 || value.fract() != 0.0;
                let pixel_type = stack.info().pixel_type;
                let is_allowed = !pixel_type.fits_f32() && cut.iter().any(may_be_rounded);
                assert!(is_allowed, "{name}: typed read of {window:?} was refused for no reason");
            }
            Err(error) => assert_eq!(error.to_string(), "", "{name}: typed read of {window:?}"),
        }
    }
    other_types_are_refused(stack);
}

fn windows_and_whole(stack: &dyn ImageStack) -> Vec<Window> {
    let shape = stack.info().shape();
    let mut all = windows(shape);
    let region = Region::whole(shape.extent);
    all.push(Window { sample_idx: shape.n_samples - 1, channels: None, region });
    all
}

/// Reads into memory that holds other pixels before, which must not show.
fn read(stack: &dyn ImageStack, window: &Window) -> Result<TypedArray, StackError> {
    let Window { sample_idx, channels, region } = window;
    let mut typed = stack.read_typed(*sample_idx, channels.as_deref(), region)?;
    let first = typed.clone();
    let n_bytes = typed.view().to_bytes().len();
    typed = TypedArray::from_bytes(typed.pixel_type(), typed.shape(), &vec![1; n_bytes], ByteOrder::NATIVE)
        .unwrap();
    stack.read_typed_into(*sample_idx, channels.as_deref(), region, typed.view_mut())?;
    let name = &stack.info().source;
    assert_eq!(first.view().to_bytes(), typed.view().to_bytes(), "{name}: {window:?} read twice");
    Ok(typed)
}

fn is_same<T: Pixel>(got: &TypedArray, expected: ArrayD<T>) -> bool {
    got.shape() == expected.shape() && got.view().to_bytes() == T::typed(expected).view().to_bytes()
}

fn to_f32(typed: &TypedArray) -> Array4<f32> {
    with_typed!(TypedView, typed.view(), view => {
        view.mapv(Pixel::to_f32).into_dimensionality().unwrap()
    })
}

fn other_types_are_refused(stack: &dyn ImageStack) {
    let info = stack.info();
    let other = if info.pixel_type == PixelType::U32 { PixelType::F32 } else { PixelType::U32 };
    let region = Region::whole(info.shape().extent);
    let [z, y, x] = region.size.to_zyx();
    let mut out = TypedArray::zeros(other, &[1, z, y, x]).unwrap();
    let error = stack.read_typed_into(0, Some(&[0]), &region, out.view_mut());
    let is_refused = matches!(&error, Err(StackError::PixelType { got, .. }) if *got == other);
    assert!(is_refused, "{}: memory for {other}: {error:?}", info.source);
    let mut flat = TypedArray::zeros(info.pixel_type, &[z * y * x]).unwrap();
    let error = stack.read_typed_into(0, Some(&[0]), &region, flat.view_mut());
    assert!(matches!(error, Err(StackError::Window { .. })), "{}: flat memory: {error:?}", info.source);
}
