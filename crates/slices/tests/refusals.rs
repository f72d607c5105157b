//! What a stack of slices refuses, and what is known of one.
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

mod support;

use ndarray::ArrayD;
use patchweave_geometry::{ArrayLayout, PerAxis};
use patchweave_pixel::PixelType;
use patchweave_slices::{Accumulation, Boundary, ChannelSpec, SliceOptions, SliceStack, Span};
use patchweave_stack::{ArrayStack, ImageStack, InsideWindow, PatchViewMut, StackError, StackInfo};

fn refused(source: impl ImageStack, spec: ChannelSpec, options: SliceOptions) -> String {
    SliceStack::new(source, spec, options).map(|_| ()).unwrap_err().to_string()
}

fn of_axes<T: patchweave_pixel::Pixel>(axes: &str, shape: &[usize]) -> ArrayStack<T> {
    ArrayStack::new(ArrayD::from_elem(shape.to_vec(), T::default()), &axes.parse().unwrap()).unwrap()
}

fn identity(offsets: &[i64]) -> ChannelSpec {
    ChannelSpec::builder().identity(offsets).build().unwrap()
}

#[test]
fn images_that_do_not_fit_are_refused() {
    let options = SliceOptions::default;
    assert_eq!(
        refused(of_axes::<f32>("TYX", &[3, 4, 5]), identity(&[0]), options()),
        "array: has axes TYX, expected a Z axis, because channels are made of slices"
    );
    let spec = ChannelSpec::builder().identity(&[0]).mean(&[&[0, 1]]).build().unwrap();
    assert_eq!(
        refused(of_axes::<u16>("ZYX", &[3, 4, 5]), spec.clone(), options()),
        "array: mean of pixels of type uint16, expected a floating type: the option pixel_type 'f32' takes integers \
         for floats"
    );
    let read_as = |pixel_type| SliceOptions { pixel_type: Some(pixel_type), ..SliceOptions::default() };
    for floating in [PixelType::F32, PixelType::F64] {
        let slices =
            SliceStack::new(of_axes::<u16>("ZYX", &[3, 4, 5]), spec.clone(), read_as(floating)).unwrap();
        assert_eq!(slices.info().pixel_type, PixelType::F32);
    }
    assert_eq!(
        refused(of_axes::<u16>("ZYX", &[3, 4, 5]), identity(&[0]), read_as(PixelType::U8)),
        "array: got the option pixel_type uint8, expected float32 or float64, because pixels arrive as floats"
    );
    assert!(SliceStack::new(of_axes::<f64>("ZYX", &[3, 4, 5]), spec, options()).is_ok());
    assert!(SliceStack::new(of_axes::<u16>("ZYX", &[3, 4, 5]), identity(&[0]), options()).is_ok());
}

#[test]
fn channels_that_skip_would_drop_are_refused() {
    let skip = |z: usize| SliceOptions {
        boundary: Boundary::Skip,
        z_slices: vec![z].into(),
        ..SliceOptions::default()
    };
    let volume = || of_axes::<f32>("ZYX", &[5, 4, 5]);
    assert_eq!(
        refused(volume(), identity(&[-10]), skip(2)),
        "array: identity produced no valid channels at slice 2, all its slices are outside"
    );
    assert_eq!(
        refused(volume(), identity(&[-1, 0]), skip(0)),
        "array: identity has 1 of its 2 channels at slice 0, expected all of them: skip may leave out members of a \
         mean or std, not channels"
    );
    let spec = ChannelSpec::builder().mean(&[&[-1, 0], &[-2, -1]]).build().unwrap();
    assert!(refused(volume(), spec.clone(), skip(0)).contains("mean has 1 of its 2 channels at slice 0"));
    assert!(SliceStack::new(volume(), spec, skip(1)).is_ok());
}

#[test]
fn samples_and_times_are_images() {
    let shape = |axes: &str, sizes: &[usize], accumulation| {
        let options = SliceOptions { accumulation, ..SliceOptions::default() };
        SliceStack::new(of_axes::<f32>(axes, sizes), identity(&[0, 1]), options).unwrap().output_shape()
    };
    assert_eq!(shape("ZCTYX", &[5, 3, 2, 6, 7], Accumulation::Planes), [10, 6, 6, 7]);
    assert_eq!(shape("STZYX", &[2, 4, 5, 6, 7], Accumulation::Volume), [8, 2, 5, 6, 7]);
}

#[test]
fn the_type_of_pixels_is_what_arrives() {
    fn of<T: patchweave_pixel::Pixel>(value: T) -> (PixelType, f32) {
        let volume =
            ArrayStack::new(ArrayD::from_elem(vec![2, 1, 1], value), &"ZYX".parse().unwrap()).unwrap();
        let slices = SliceStack::new(volume, identity(&[0]), SliceOptions::default()).unwrap();
        (slices.info().pixel_type, slices.convert().unwrap()[[0, 0, 0, 0]])
    }
    assert_eq!(of(40_000_u16), (PixelType::U16, 40_000.0));
    assert_eq!(of((1_u32 << 24) + 1), (PixelType::U32, 16_777_216.0));
    assert_eq!(of(0.1_f64), (PixelType::F32, 0.1_f32));
    assert_eq!(of(0.1_f32), (PixelType::F32, 0.1_f32));
}

/// An image that tells more of itself than arrays do.
struct Told(StackInfo);

impl ImageStack for Told {
    fn info(&self) -> &StackInfo {
        &self.0
    }

    fn read_inside(&self, _window: &InsideWindow<'_>, mut out: PatchViewMut<'_>) -> Result<(), StackError> {
        out.fill(1.0);
        Ok(())
    }
}

#[test]
fn what_the_source_tells_is_passed_on() {
    let told = || {
        let layout = ArrayLayout::new("ZCYX".parse().unwrap(), &[8, 3, 60, 70]).unwrap();
        let mut info = StackInfo::new("volume.zarr", PixelType::F32, layout);
        info.chunks = Some(vec![4, 1, 32, 64]);
        info.pixel_size = Some(PerAxis::new(&[2.0, 0.5, 0.25]).unwrap());
        info.translation = Some(PerAxis::new(&[10.0, 3.0, -4.0]).unwrap());
        info.is_labels = true;
        info.compression = Some("zstd".to_owned());
        Told(info)
    };
    let info = |accumulation, z_slices: Span| {
        let options = SliceOptions { accumulation, z_slices: z_slices.into(), ..SliceOptions::default() };
        SliceStack::new(told(), identity(&[-1, 0]), options).unwrap().info().clone()
    };
    let planes = info(Accumulation::Planes, Span::ALL);
    assert_eq!((planes.source.as_str(), planes.compression.as_deref()), ("volume.zarr", Some("zstd")));
    assert_eq!(planes.chunks, Some(vec![4, 6, 32, 64]));
    assert_eq!(planes.pixel_size, Some(PerAxis::new(&[0.5, 0.25]).unwrap()));
    assert_eq!(planes.translation, Some(PerAxis::new(&[3.0, -4.0]).unwrap()));
    assert!(planes.is_labels);
    let later = info(Accumulation::Volume, Span { start: Some(3), ..Span::ALL });
    assert_eq!(later.translation, Some(PerAxis::new(&[16.0, 3.0, -4.0]).unwrap()));
    let means = ChannelSpec::builder().mean(&[&[0, 1]]).build().unwrap();
    let means = SliceStack::new(told(), means, SliceOptions::default()).unwrap();
    assert!(!means.info().is_labels, "a mean of labels is none");
    let volume = info(Accumulation::Volume, Span { step: Some(-3), ..Span::ALL });
    assert_eq!(volume.translation, None, "slices go backwards");
    assert_eq!(volume.chunks, Some(vec![1, 6, 1, 32, 64]));
    assert_eq!(volume.pixel_size, Some(PerAxis::new(&[6.0, 0.5, 0.25]).unwrap()));
    let list = SliceOptions {
        accumulation: Accumulation::Volume,
        z_slices: vec![0, 1, 3].into(),
        ..SliceOptions::default()
    };
    let irregular = SliceStack::new(told(), identity(&[0]), list).unwrap();
    assert_eq!(irregular.info().pixel_size, None);
}

#[test]
fn options_are_read_by_their_names() {
    let text =
        r#"{"boundary": "reflect", "accumulation": "3d", "z_slices": {"span": {"start": 1, "step": 2}}}"#;
    let options: SliceOptions = serde_json::from_str(text).unwrap();
    assert_eq!((options.boundary, options.accumulation), (Boundary::Reflect, Accumulation::Volume));
    assert_eq!(options.z_slices.resolve(6).unwrap(), [1, 3, 5]);
    let options: SliceOptions = serde_json::from_str("{}").unwrap();
    assert_eq!(options, SliceOptions::default());
    let error = "4d".parse::<Accumulation>().unwrap_err();
    assert_eq!(error.to_string(), "got the accumulation mode \"4d\", expected 2d or 3d");
}
