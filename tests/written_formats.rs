//! What is written unit by unit is read back by this program's own readers, or is an image at once.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use std::path::Path;

use ndarray::ArrayD;
use patchweave::formats::{FileFormat, Formats, OpenOptions, open};
use patchweave::geometry::{ArrayLayout, Axes};
use patchweave::pixel::{Pixel, PixelType, TypedPixel, with_pixel};
use patchweave::sink::{ImageSpec, Job, Location, SinkFormats};
use patchweave::stack::stack_of;
use patchweave_testkit::{canonical_f32, image_stack_suite, ramp};
use serde_json::json;

fn spec<T: Pixel>(axes: &str, array: &ArrayD<T>) -> ImageSpec {
    let axes: Axes = axes.parse().unwrap();
    ImageSpec::new(ArrayLayout::new(axes, array.shape()).unwrap(), T::TYPE)
}

/// Writes an array whose axes are those of the units.
fn write<T: Pixel + TypedPixel>(
    path: &Path,
    format: Option<&str>,
    spec: ImageSpec,
    array: &ArrayD<T>,
) -> Location {
    let job = Job::start(&SinkFormats::default(), path, format, spec).unwrap();
    let sink = job.sink();
    for unit_idx in 0..sink.info().units.n_units() {
        let unit = sink.info().unit(unit_idx).unwrap();
        let pixels = T::typed_view(array.view()).slice_box(&unit.start, &unit.size);
        sink.write(unit_idx, pixels).unwrap();
    }
    job.commit().unwrap()
}

fn comes_back<T: Pixel>(path: &Path, data_type: FileFormat, axes: &str, array: &ArrayD<T>) {
    let axes: Axes = axes.parse().unwrap();
    let stacks = open(path, data_type, Some(&axes), &OpenOptions::default()).unwrap();
    assert_eq!(stacks.len(), 1);
    assert_eq!(stacks[0].info().pixel_type, T::TYPE);
    image_stack_suite(stacks[0].as_ref(), canonical_f32(array, &axes).unwrap().view());
}

#[test]
fn what_is_written_into_memory_is_an_image() {
    for pixel_type in PixelType::ALL {
        with_pixel!(pixel_type, T => {
            let array = ramp::<T>(&[3, 13, 17, 2]);
            let axes = "TYXC";
            let location = write("result".as_ref(), Some("memory"), spec(axes, &array), &array);
            let Location::Memory(mut levels) = location else { panic!("{location}") };
            let axes: Axes = axes.parse().unwrap();
            let stack = stack_of(levels.remove(0), &axes).unwrap();
            assert_eq!(stack.info().pixel_type, pixel_type);
            image_stack_suite(stack.as_ref(), canonical_f32(&array, &axes).unwrap().view());
        });
    }
}

#[test]
fn zipped_images_come_back_under_every_ending() {
    let array = ramp::<u16>(&[2, 37, 29]);
    for ending in ["ozx", "ome.zarr.zip", "zarr.zip"] {
        for version in ["0.5", "0.4"] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(format!("image.{ending}"));
            let mut spec = spec("CYX", &array);
            spec.chunks = Some(vec![1, 16, 16]);
            spec.options.insert("version".into(), json!(version));
            write(&path, None, spec, &array);
            assert!(path.is_file());
            assert_eq!(Formats::default().of_path(&path).unwrap().name(), "zarr");
            comes_back(&path, FileFormat::Zarr, "CYX", &array);
        }
    }
}

#[test]
fn npys_come_back() {
    for pixel_type in PixelType::ALL {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("image.npy");
        with_pixel!(pixel_type, T => {
            let array = ramp::<T>(&[3, 37, 29]);
            write(&path, None, spec("ZYX", &array), &array);
            comes_back(&path, FileFormat::Npy, "ZYX", &array);
        });
    }
}

#[test]
fn plain_arrays_come_back_in_their_groups() {
    let array = ramp::<f32>(&[2, 3, 150, 29]);
    for version in ["0.5", "0.4"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("image.zarr");
        let mut spec = spec("SCYX", &array);
        spec.options.insert("array".into(), json!("grp/img"));
        spec.options.insert("version".into(), json!(version));
        write(&path, Some("zarr_array"), spec, &array);
        comes_back(&path.join("grp/img"), FileFormat::Zarr, "SCYX", &array);
    }
}
