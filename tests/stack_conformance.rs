//! One suite for every file format that is read: what the sinks write, the stacks read back, region by region.
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use std::path::Path;

use ndarray::ArrayD;
use patchweave::formats::{FileFormat, OpenOptions, open};
use patchweave::geometry::{ArrayLayout, Axes};
use patchweave::pixel::{Pixel, PixelType, canonical_view, with_pixel};
use patchweave::sink::{ImageSpec, create};
use patchweave_testkit::{canonical_f32, image_stack_suite, ramp};

/// Sizes that no chunk or strip divides, small enough to read whole many times.
fn size_of(letter: char) -> usize {
    match letter {
        'S' => 2,
        'T' | 'C' => 3,
        'Z' => 5,
        'Y' => 37,
        _ => 29,
    }
}

fn write<T: Pixel>(path: &Path, format: &str, axes: &Axes, array: &ArrayD<T>) {
    let layout = ArrayLayout::new(axes.clone(), array.shape()).unwrap();
    let mut spec = ImageSpec::new(layout.clone(), T::TYPE);
    spec.chunks = Some(axes.to_string().chars().map(|letter| size_of(letter).div_ceil(2)).collect());
    let mut sink = create(path, format, spec).unwrap();
    for sample_idx in 0..layout.image_shape().n_samples {
        let sample = canonical_view(array.view(), &layout, sample_idx).unwrap();
        sink.write_block(sample_idx, [0; 3], sample.mapv(Pixel::to_f32).view()).unwrap();
    }
    sink.finish().unwrap();
}

fn check<T: Pixel>(format: &str, data_type: FileFormat, axes: &str, shape: &[usize]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(if format == "tiff" { "image.tiff" } else { "image.ome.zarr" });
    let axes: Axes = axes.parse().unwrap();
    let array = ramp::<T>(shape);
    write(&path, format, &axes, &array);
    let stacks = open(&path, data_type, Some(&axes), &OpenOptions::default()).unwrap();
    assert_eq!(stacks.len(), 1);
    let stored = if T::TYPE == PixelType::Bool && format == "tiff" { PixelType::U8 } else { T::TYPE };
    assert_eq!(stacks[0].info().pixel_type, stored);
    image_stack_suite(stacks[0].as_ref(), canonical_f32(&array, &axes).unwrap().view());
}

fn shape_of(axes: &str) -> Vec<usize> {
    axes.chars().map(size_of).collect()
}

#[test]
fn tiffs_of_every_type_conform() {
    for pixel_type in PixelType::ALL {
        for axes in ["YX", "CYX", "YXC"] {
            with_pixel!(pixel_type, T => check::<T>("tiff", FileFormat::Tiff, axes, &shape_of(axes)));
        }
    }
}

#[test]
fn tiffs_of_every_order_conform() {
    for axes in ["XY", "ZYX", "ZCYX", "CZYX", "TZCYX", "SCYX", "TSYX", "XYC", "SZYXC", "STCZYX"] {
        check::<u16>("tiff", FileFormat::Tiff, axes, &shape_of(axes));
    }
}

#[test]
fn single_channels_and_times_stay_dimensions() {
    for (axes, shape) in [
        ("YXC", [37, 29, 1].as_slice()),
        ("XYC", &[29, 37, 1]),
        ("SYXC", &[2, 37, 29, 1]),
        ("TCYX", &[1, 2, 37, 29]),
    ] {
        check::<u16>("tiff", FileFormat::Tiff, axes, shape);
    }
}

#[test]
fn ome_zarrs_of_every_type_conform() {
    for pixel_type in PixelType::ALL {
        with_pixel!(pixel_type, T => check::<T>("ome_zarr", FileFormat::Zarr, "CYX", &shape_of("CYX")));
    }
}

#[test]
fn ome_zarrs_of_every_order_conform() {
    for axes in ["YX", "ZYX", "TYX", "CZYX", "TCYX", "TCZYX"] {
        check::<u16>("ome_zarr", FileFormat::Zarr, axes, &shape_of(axes));
    }
}
