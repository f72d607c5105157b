//! What the TIFF sink says about an image, the TIFF reader hears.
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use std::path::Path;

use ndarray::ArrayD;
use patchweave::formats::{FileFormat, OpenOptions, Pyramid, open_levels};
use patchweave::geometry::{ArrayLayout, Axes, PerAxis};
use patchweave::pixel::{Pixel, PixelType, TypedPixel};
use patchweave::sink::{Codec, Durability, ImageSpec, Job, SinkFormats};
use patchweave_testkit::{canonical_f32, image_stack_suite, ramp};
use serde_json::json;

fn spec<T: Pixel>(axes: &str, array: &ArrayD<T>) -> ImageSpec {
    let layout = ArrayLayout::new(axes.parse().unwrap(), array.shape()).unwrap();
    let mut spec = ImageSpec::new(layout, T::TYPE);
    spec.durability = Durability::None;
    spec
}

fn write<T: TypedPixel + Clone>(path: &Path, spec: ImageSpec, array: &ArrayD<T>) {
    let job = Job::start(&SinkFormats::default(), path, None, spec).unwrap();
    let sink = job.sink();
    for unit_idx in 0..sink.info().units.n_units() {
        let unit = sink.info().unit(unit_idx).unwrap();
        sink.write(unit_idx, T::typed_view(array.view()).slice_box(&unit.start, &unit.size)).unwrap();
    }
    job.commit().unwrap();
}

fn read(path: &Path, n_levels: usize) -> Vec<Pyramid> {
    open_levels(path, FileFormat::Tiff, None, &OpenOptions::default(), n_levels).unwrap()
}

#[test]
fn ome_xml_says_it_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cells & more \u{e4}.ome.tif");
    let axes: Axes = "TZCYX".parse().unwrap();
    let array = ramp::<u16>(&[2, 3, 2, 37, 29]);
    let mut spec = spec("TZCYX", &array);
    let pixel_size = PerAxis::new(&[0.5, 0.25, 0.125]).unwrap();
    spec.pixel_size = Some(pixel_size);
    spec.translation = Some(PerAxis::new(&[1.0, 2.0, 3.0]).unwrap());
    spec.time_step = Some(0.75);
    let names = vec!["<DAPI> & \u{b5}".to_owned(), "\"GFP\"".to_owned()];
    spec.channel_names = Some(names.clone());
    spec.channel_colors = Some(vec![[0, 0, 255], [0, 255, 0]]);
    spec.levels = 2;
    write(&path, spec, &array);
    let images = read(&path, 2);
    assert_eq!(images.len(), 1);
    let info = images[0][0].info();
    assert_eq!((info.layout.axes(), info.layout.shape()), (&axes, array.shape()));
    assert_eq!(info.pixel_size, Some(pixel_size));
    assert_eq!(info.time_step, Some(0.75));
    assert_eq!(info.channel_names, Some(names));
    assert_eq!(info.compression.as_deref(), Some("deflate"));
    image_stack_suite(images[0][0].as_ref(), canonical_f32(&array, &axes).unwrap().view());
    assert_eq!(images[0][1].info().layout.shape(), [2, 3, 2, 19, 15]);
}

#[test]
fn samples_are_images() {
    let folder = tempfile::tempdir().unwrap();
    for (axes, shape) in [("SCYX", [2, 3, 12, 13]), ("CSYX", [3, 2, 12, 13])] {
        let path = folder.path().join(format!("{axes}.ome.tif"));
        let array = ramp::<f32>(&shape);
        write(&path, spec(axes, &array), &array);
        let images = read(&path, 1);
        assert_eq!(images.len(), 2, "{axes}");
        let dimension = axes.find('S').unwrap();
        for (sample_idx, image) in images.iter().enumerate() {
            let sample = array.index_axis(ndarray::Axis(dimension), sample_idx).to_owned();
            let expected = canonical_f32(&sample, &"CYX".parse().unwrap()).unwrap();
            image_stack_suite(image[0].as_ref(), expected.view());
        }
    }
}

#[test]
fn every_way_to_store_pixels_is_read() {
    fn check<T: Pixel + TypedPixel>(folder: &Path) {
        let axes: Axes = "CYX".parse().unwrap();
        let array = ramp::<T>(&[2, 45, 61]);
        for layout in ["strips", "tiles"] {
            for codec in [Codec::None, Codec::Zstd, Codec::Deflate, Codec::Lzw] {
                let path = folder.join("image.tif");
                let mut spec = spec("CYX", &array);
                spec.compression.codec = codec;
                spec.chunks = (layout == "tiles").then(|| vec![1, 32, 16]);
                spec.options.insert("layout".into(), json!(layout));
                spec.options.insert("metadata".into(), json!("shaped"));
                write(&path, spec, &array);
                let images = read(&path, 1);
                image_stack_suite(images[0][0].as_ref(), canonical_f32(&array, &axes).unwrap().view());
            }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    check::<u8>(folder.path());
    check::<i16>(folder.path());
    check::<u32>(folder.path());
    check::<i64>(folder.path());
    check::<f32>(folder.path());
    check::<f64>(folder.path());
}

#[test]
fn imagej_keeps_sizes_and_times() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image.tif");
    let array = ramp::<u8>(&[3, 4, 12, 13]);
    let mut spec = spec("TZYX", &array);
    let pixel_size = PerAxis::new(&[0.5, 0.25, 0.25]).unwrap();
    spec.pixel_size = Some(pixel_size);
    spec.time_step = Some(2.5);
    spec.options.insert("metadata".into(), json!("imagej"));
    write(&path, spec, &array);
    let images = read(&path, 1);
    let info = images[0][0].info();
    assert_eq!((info.pixel_size, info.time_step), (Some(pixel_size), Some(2.5)));
    assert_eq!(info.pixel_type, PixelType::U8);
}
