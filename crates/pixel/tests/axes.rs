//! Laws of the moves between an array's own axes and `SC(Z)YX`, for every order of axes.
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use ndarray::{Array4, ArrayD};
use patchweave_geometry::{ArrayLayout, Axes};
use patchweave_pixel::{Pixel, PixelType, canonical_view, copy_as_f32, own_axes_view, restore, to_canonical};
use proptest::prelude::*;

/// Any usable axes with a shape of small sizes.
fn layouts() -> impl Strategy<Value = ArrayLayout> {
    let letters = Just("STCZYX".chars().collect::<Vec<char>>()).prop_shuffle();
    (letters, any::<[bool; 4]>(), prop::collection::vec(1_usize..4, 6)).prop_map(|(letters, keep, sizes)| {
        let kept = |letter: &char| "STCZ".find(*letter).is_none_or(|place| keep[place]);
        let letters: String = letters.into_iter().filter(kept).collect();
        let axes: Axes = letters.parse().unwrap();
        let shape = sizes[..axes.len()].to_vec();
        ArrayLayout::new(axes, &shape).unwrap()
    })
}

fn ramp(shape: &[usize]) -> ArrayD<u32> {
    let mut value = 0;
    ArrayD::from_shape_simple_fn(shape, || {
        value += 1;
        value
    })
}

proptest! {
    #[test]
    fn restoring_undoes_the_canonical_form(layout in layouts()) {
        let array = ramp(layout.shape());
        let canonical = to_canonical(array.view(), layout.axes()).unwrap();
        prop_assert_eq!(canonical.shape(), layout.image_shape().to_vec());
        // Time as depth is a rule of its own: SCTYX is restored as SCZYX, which only a 5-D array can be.
        prop_assert_eq!(restore(canonical.view(), &layout, None).unwrap(), array);
    }

    #[test]
    fn views_show_the_canonical_form(layout in layouts()) {
        let array = ramp(layout.shape());
        let canonical = to_canonical(array.view(), layout.axes()).unwrap();
        for sample_idx in 0..layout.image_shape().n_samples {
            let view = canonical_view(array.view(), &layout, sample_idx).unwrap();
            let sample = canonical.index_axis(ndarray::Axis(0), sample_idx);
            prop_assert!(view.iter().eq(sample.iter()));
        }
        let n_samples = layout.image_shape().n_samples;
        prop_assert!(canonical_view(array.view(), &layout, n_samples).is_err());
    }

    /// Writing through the view in own axes is the inverse of reading through the canonical view.
    #[test]
    fn own_axes_are_the_way_back(layout in layouts()) {
        let array = ramp(layout.shape());
        let sample = canonical_view(array.view(), &layout, 0).unwrap();
        let mut block = Array4::<u32>::zeros(sample.raw_dim());
        let own = own_axes_view(block.view_mut(), layout.axes()).unwrap();
        let first = |axis: &patchweave_geometry::Axis| {
            matches!(axis, patchweave_geometry::Axis::S | patchweave_geometry::Axis::T)
        };
        let mut part = array.view();
        for (place, axis) in layout.axes().as_slice().iter().enumerate() {
            if first(axis) {
                part = part.slice_axis_move(ndarray::Axis(place), ndarray::Slice::from(..1));
            }
        }
        let mut own = own;
        own.assign(&part);
        prop_assert!(block.iter().eq(sample.iter()));
    }
}

#[test]
fn every_type_goes_through_f32_as_promised() {
    fn check<T: Pixel>(values: &[f32]) {
        for &value in values {
            let pixel = T::from_f32(value);
            assert_eq!(T::from_f32(pixel.to_f32()), pixel, "{value} as {}", T::TYPE);
        }
    }
    let values = [0.0, 1.0, -1.0, 0.4, 0.5, 1.5, 254.6, 255.0, 256.0, 65_535.0, 1e10, -1e10, 3.25];
    for pixel_type in PixelType::ALL {
        patchweave_pixel::with_pixel!(pixel_type, T => check::<T>(&values));
        assert_eq!(PixelType::from_name(pixel_type.name()), Some(pixel_type));
        let n_bytes = patchweave_pixel::with_pixel!(pixel_type, T => size_of::<T>());
        assert_eq!(pixel_type.n_bytes(), n_bytes);
    }
    assert_eq!(u8::from_f32(300.0), 255);
    assert_eq!(i8::from_f32(-300.0), -128);
    assert_eq!(u16::from_f32(2.5), 2);
    assert_eq!(u16::from_f32(f32::NAN), 0);
    assert!((0..=u16::MAX).all(|value| u16::from_f32(value.to_f32()) == value));
}

#[test]
fn copies_need_equal_shapes() {
    let source = ndarray::Array2::<u8>::ones((2, 3));
    assert!(copy_as_f32(source.view(), ndarray::Array2::zeros((3, 2)).view_mut()).is_err());
    let mut target = ndarray::Array2::zeros((3, 2));
    copy_as_f32(source.t(), target.view_mut()).unwrap();
    assert_eq!(target.sum(), 6.0);
}
