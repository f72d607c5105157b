//! `patchweave convert`: what it writes, what it refuses before any work, and how it goes on.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]
#![allow(clippy::cast_possible_truncation, reason = "pixels may wrap around")]
#![allow(dead_code, reason = "helpers are shared with other test programs")]

mod support;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use ndarray::ArrayD;
use patchweave::formats::{FileFormat, OpenOptions, open, open_levels};
use patchweave::geometry::{ArrayLayout, PerAxis, Plate, Region, WellField};
use patchweave::pixel::{Pixel, PixelType, TypedArray, TypedPixel};
use patchweave::sink::{ImageSpec, Job, PlateJob, SinkFormats, labels_target, list_labels};
use patchweave::stack::{ImageStack, ImageStackExt};

use support::Place;

/// Labels that neither `f32` nor `f64` holds.
fn large_labels(shape: &[usize]) -> TypedArray {
    let mut at = 0;
    u64::typed(ArrayD::from_shape_simple_fn(shape, || {
        at += 1;
        (1 << 60) + (at % 7) * 3 + 1
    }))
}

/// Writes an image unit by unit into a job.
fn write(job: &Job, image: &TypedArray) {
    let sink = job.sink();
    for unit_idx in 0..sink.info().units.n_units() {
        let unit = sink.info().unit(unit_idx).unwrap();
        sink.write(unit_idx, image.view().slice_box(&unit.start, &unit.size)).unwrap();
    }
}

fn spec(axes: &str, image: &TypedArray) -> ImageSpec {
    ImageSpec::new(ArrayLayout::new(axes.parse().unwrap(), image.shape()).unwrap(), image.pixel_type())
}

fn written(path: &Path, spec: ImageSpec, image: &TypedArray) {
    let job = Job::start(&SinkFormats::default(), path, None, spec).unwrap();
    write(&job, image);
    job.commit().unwrap();
}

fn whole(stack: &Arc<dyn ImageStack>) -> TypedArray {
    stack.read_typed(0, None, &Region::whole(stack.info().shape().extent)).unwrap()
}

fn opened(path: &Path, format: FileFormat) -> Arc<dyn ImageStack> {
    open(path, format, None, &OpenOptions::default()).unwrap().remove(0)
}

fn convert(place: &Place, arguments: &[&str]) -> support::Ended {
    place.patchweave(&[&["convert"], arguments].concat())
}

#[test]
fn labels_of_64_bits_survive_from_format_to_format() {
    let place = Place::new();
    let image = large_labels(&[5, 33, 41]);
    written(&place.path("a.npy"), spec("ZYX", &image), &image);
    convert(&place, &["a.npy", "b.ome.zarr", "--axes", "ZYX", "--levels", "2", "--labels", "--check"])
        .with_code(0)
        .says("checked 6 765 pixels");
    convert(&place, &["b.ome.zarr", "c.tif", "--check"]).with_code(0);
    convert(&place, &["c.tif", "d.npy", "--check"]).with_code(0);
    for (name, format) in [("b.ome.zarr", FileFormat::Zarr), ("c.tif", FileFormat::Tiff)] {
        let stack = opened(&place.path(name), format);
        assert_eq!(whole(&stack).view().to_bytes(), image.view().to_bytes(), "{name}");
    }
    let same = |a: &str, b: &str| fs::read(place.path(a)).unwrap() == fs::read(place.path(b)).unwrap();
    assert!(same("a.npy", "d.npy"));
    let options = OpenOptions::default();
    let path = place.path("b.ome.zarr");
    let levels = open_levels(&path, FileFormat::Zarr, None, &options, 2).unwrap().remove(0);
    let small = whole(&levels[1]);
    let TypedArray::U64(small) = &small else { panic!("another type") };
    let TypedArray::U64(large) = &image else { panic!("another type") };
    assert!(small.iter().all(|label| large.iter().any(|other| other == label)), "only labels that exist");
}

#[test]
fn a_part_in_another_type_with_what_is_known_of_it() {
    let place = Place::new();
    let image = u16::typed(ArrayD::from_shape_fn(vec![3, 2, 20, 30], |at| {
        (at[0] * 1000 + at[1] * 500 + at[2] * 7 + at[3]) as u16
    }));
    let mut of_image = spec("TCYX", &image);
    of_image.pixel_size = Some(PerAxis::new(&[0.5, 0.25]).unwrap());
    of_image.time_step = Some(3.0);
    of_image.channel_names = Some(vec!["actin".into(), "nuclei".into()]);
    written(&place.path("a.ome.zarr"), of_image, &image);
    let part = ["a.ome.zarr", "b.ome.zarr", "--region", "t=1:3,x=4:20", "--channels", "1"];
    let ended =
        convert(&place, &[&part[..], &["--type", "uint8", "--scale", "1500,2600", "--check"]].concat());
    ended.with_code(0).says("TCYX [2, 1, 20, 16] uint8");
    let stack = opened(&place.path("b.ome.zarr"), FileFormat::Zarr);
    let info = stack.info();
    assert_eq!(info.channel_names.as_deref(), Some(&["nuclei".to_owned()][..]));
    assert_eq!((info.time_step, info.pixel_type), (Some(3.0), PixelType::U8));
    assert_eq!(info.pixel_size.unwrap().as_slice(), [0.5, 0.25]);
    assert_eq!(info.translation.unwrap().as_slice(), [0.0, 1.0]);
    let TypedArray::U8(got) = whole(&stack) else { panic!("another type") };
    for ((_, _, y, x), pixel) in got.into_dimensionality::<ndarray::Ix4>().unwrap().indexed_iter() {
        let value = (1000 + 500 + y * 7 + x + 4) as f64;
        let expected = u8::from_f64((value - 1500.0) / 1100.0 * 255.0);
        assert_eq!(*pixel, expected, "{y} {x}");
    }
}

#[test]
fn what_is_lost_is_told() {
    let place = Place::new();
    place.image("a.tif", "tiff", "YX", &[10, 10], |at| at as f32 * 3.5 - 10.0);
    let ended = convert(&place, &["a.tif", "b.tif", "--type", "uint8"]).with_code(0);
    ended.says("warning: 27 pixels were outside of the range of uint8 and were clipped");
    ended.says("warning: 37 pixels are no values of uint8 and were rounded");
}

#[test]
fn labels_are_taken_along() {
    let place = Place::new();
    let image = u16::typed(ArrayD::from_elem(vec![2, 24, 24], 7));
    let labels = large_labels(&[24, 24]);
    let formats = SinkFormats::default();
    let job = Job::start(&formats, &place.path("a.ome.zarr"), None, spec("CYX", &image)).unwrap();
    write(&job, &image);
    let target = labels_target(&job, "cells").unwrap();
    let mut of_labels = spec("YX", &labels);
    of_labels.is_labels = true;
    let inner = Job::start(&formats, &target, Some("ome_zarr"), of_labels).unwrap();
    write(&inner, &labels);
    inner.commit().unwrap();
    list_labels(&job, &["cells".to_owned()]).unwrap();
    job.commit().unwrap();

    for version in ["0.4", "0.5"] {
        let output = format!("b{version}.ome.zarr");
        let set = format!("version={version}");
        let ended =
            convert(&place, &["a.ome.zarr", &output, "--levels", "2", "--region", "y=4:20", "--set", &set]);
        ended.with_code(0).says("with labels: cells");
        let stack = opened(&place.path(format!("{output}/labels/cells")), FileFormat::Zarr);
        assert!(stack.info().is_labels);
        let expected = labels.view().slice_axis(0, 4..20).to_array().unwrap();
        assert_eq!(whole(&stack).view().to_bytes(), expected.view().to_bytes());
        let listed =
            open(&place.path(format!("{output}/labels")), FileFormat::Zarr, None, &OpenOptions::default());
        assert_eq!(listed.unwrap().len(), 1, "the group lists them");
    }
    // Into a zip file and out of it.
    convert(&place, &["a.ome.zarr", "c.ozx"]).with_code(0).says("with labels: cells");
    convert(&place, &["c.ozx", "d.ome.zarr"]).with_code(0).says("with labels: cells");
    for path in ["c.ozx/labels/cells", "d.ome.zarr/labels/cells"] {
        let stack = opened(&place.path(path), FileFormat::Zarr);
        assert_eq!(whole(&stack).view().to_bytes(), labels.view().to_bytes(), "{path}");
    }
    let ended = convert(&place, &["a.ome.zarr", "e.tif"]).with_code(0);
    ended.says("the labels cells are not taken along into tiff");
    // A group that lists none.
    let group = r#"{"zarr_format": 3, "node_type": "group", "attributes": {"ome": {"version": "0.5", "labels": []}}}"#;
    place.write("a.ome.zarr/labels/zarr.json", group);
    let ended = convert(&place, &["a.ome.zarr", "f.ome.zarr"]).with_code(0);
    assert!(!ended.stdout.contains("labels"), "{ended:?}");
}

/// Writes a plate of two wells with three fields in all, each of them with other pixels.
fn write_plate(path: &Path) -> Vec<TypedArray> {
    let rows = vec!["A".to_owned(), "B".to_owned()];
    let plate =
        Plate { rows, columns: vec!["07".to_owned()], name: Some("screen".into()), ..Plate::default() };
    let plate = Arc::new(plate);
    let mut images = Vec::new();
    let mut pixels = Vec::new();
    for (row, name) in [(0, "0"), (0, "1"), (1, "0")] {
        let plate = Arc::clone(&plate);
        let field = WellField { plate, row, column: 0, name: name.into(), acquisition: None };
        let number = images.len();
        let image = u16::typed(ArrayD::from_shape_fn(vec![2, 40, 50], |at| {
            (number * 10_000 + at[0] * 5000 + at[1] * 50 + at[2]) as u16
        }));
        images.push((field, spec("CYX", &image)));
        pixels.push(image);
    }
    let job = PlateJob::resume(&SinkFormats::default(), path, &images).unwrap();
    for (number, (_, spec)) in images.iter().enumerate() {
        let place = job.image(number).unwrap();
        let of_image = Job::start(&SinkFormats::default(), &place, Some("ome_zarr"), spec.clone()).unwrap();
        write(&of_image, &pixels[number]);
        of_image.commit().unwrap();
        job.set_done(number).unwrap();
    }
    job.commit().unwrap();
    pixels
}

#[test]
fn plates_stay_plates() {
    let place = Place::new();
    let pixels = write_plate(&place.path("in/p.ome.zarr"));
    let old = ["--set", "version=0.4", "--levels", "2", "--check"];
    let ended = convert(&place, &[&["in/p.ome.zarr", "out.ome.zarr"], &old[..]].concat());
    let ended = ended.with_code(0);
    ended.says("out.ome.zarr: a plate of 3 fields");
    ended.says("checked 4 000 pixels");
    // Of a folder too.
    convert(&place, &["in", "all", "--to", "ome_zarr"]).with_code(0).says("a plate of 3 fields");
    for name in ["out.ome.zarr", "all/p.ome.zarr"] {
        let fields = open(&place.path(name), FileFormat::Zarr, None, &OpenOptions::default()).unwrap();
        assert_eq!(fields.len(), pixels.len());
        for (field, pixels) in fields.iter().zip(&pixels) {
            assert_eq!(whole(field).view().to_bytes(), pixels.view().to_bytes(), "{name}");
        }
        let places: Vec<WellField> =
            fields.iter().map(|field| field.info().well_field.clone().unwrap()).collect();
        let paths: Vec<String> = places.iter().filter_map(WellField::path).collect();
        assert_eq!(paths, ["A/07/0", "A/07/1", "B/07/0"]);
        assert_eq!(places[0].plate.name.as_deref(), Some("screen"));
    }
    // Other formats have none.
    convert(&place, &["in/p.ome.zarr", "files", "--to", "npy"]).with_code(0);
    assert!(place.path("files/p/A/07/1/0.npy").exists());
    let again = convert(&place, &["in/p.ome.zarr", "out.ome.zarr"]);
    again.with_code(2).complains(&["out.ome.zarr exists: --overwrite replaces it"]);
    let onto = convert(&place, &["in/p.ome.zarr", "in/p.ome.zarr", "--overwrite"]);
    onto.with_code(2).complains(&["would replace"]);
    let part = convert(&place, &["in/p.ome.zarr/A/07", "well", "--to", "ome_zarr"]);
    part.with_code(0);
    assert!(place.path("well/07/0/0.ome.zarr/zarr.json").exists(), "a well is no plate");
}

/// A part is given in pixels of the image: labels of another resolution would be cut elsewhere.
#[test]
fn parts_of_labels_of_another_size_are_refused_before_any_work() {
    let place = Place::new();
    let image = u16::typed(ArrayD::from_elem(vec![24, 24], 7));
    let labels = large_labels(&[12, 12]);
    let formats = SinkFormats::default();
    let job = Job::start(&formats, &place.path("a.ome.zarr"), None, spec("YX", &image)).unwrap();
    write(&job, &image);
    let target = labels_target(&job, "cells").unwrap();
    written(&target.with_extension("zarr"), spec("YX", &labels), &labels);
    list_labels(&job, &["cells.zarr".to_owned()]).unwrap();
    job.commit().unwrap();
    let ended = convert(&place, &["a.ome.zarr", "b.ome.zarr", "--region", "y=4:20"]).with_code(2);
    ended
        .complains(&["--region: the labels cells.zarr have 12 pixels along Y, expected 24 as the image has"]);
    assert_eq!(place.names("."), ["a.ome.zarr"]);
    convert(&place, &["a.ome.zarr", "b.ome.zarr"]).with_code(0).says("with labels: cells.zarr");
}

#[test]
fn folders_keep_their_names_and_collisions_are_told() {
    let place = Place::new();
    for name in ["in/a.tif", "in/deep/a.tif"] {
        fs::create_dir_all(place.path(name).parent().unwrap()).unwrap();
        place.image(name, "tiff", "YX", &[8, 8], |at| at as u16);
    }
    convert(&place, &["in", "out"]).with_code(2).complains(&["in holds 2 images", "expected --to"]);
    convert(&place, &["in", "out", "--to", "ome_zarr"]).with_code(0);
    assert_eq!(place.names("out"), ["a.ome.zarr", "deep"]);
    assert_eq!(place.names("out/deep"), ["a.ome.zarr"]);

    convert(&place, &["in", "out", "--to", "ome_zarr"])
        .with_code(2)
        .complains(&["a.ome.zarr", "--overwrite"]);
    convert(&place, &["in", "out", "--to", "ome_zarr", "--overwrite"]).with_code(0);

    place.image("in/a.npy", "npy", "YX", &[8, 8], |at| at as u16);
    let ended = convert(&place, &["in", "out2", "--to", "ome_zarr", "--axes", "YX"]).with_code(2);
    ended.complains(&["would both be written to"]);
    assert!(!place.path("out2").exists());
}

#[test]
fn what_cannot_be_is_refused_before_any_work() {
    let place = Place::new();
    place.image("a.tif", "tiff", "YX", &[8, 8], |at| at as u16);
    for (arguments, complaint) in [
        (&["a.tif", "a.tif", "--overwrite"][..], "a.tif would replace a.tif, which is read"),
        (&["a.tif", "b.xyz"], "no format is written under this ending, expected one of"),
        (&["a.tif", "b.tif", "--to", "jpg"], "got the format jpg, expected one of"),
        (&["a.tif", "b.tif", "--region", "t=0:1"], "a selection along T, which the image does not have"),
        (&["a.tif", "b.tif", "--region", "y=2:9"], "got 2 to 9 along Y, expected a part of 0 to 8"),
        (&["a.tif", "b.tif", "--channels", "1"], "the selection does not fit"),
        (&["a.tif", "b.zarr", "--set", "version=0.3"], "a setting of the format ome_zarr is wrong"),
        (&["a.tif", "b.zarr", "--set", "colour=red"], "a setting of the format ome_zarr is wrong"),
        (&["a.tif", "b.zarr", "--compression", "lzw"], "got compression lzw, expected"),
        (
            &["a.tif", "b.zarr", "--chunks", "y=3,x=3", "--shards", "y=4,x=4"],
            "expected multiples of the chunks",
        ),
        (
            &["a.tif", "b.zarr", "--level-axes", "xy"],
            "invalid value 'xy' for '--level-axes <AXES>': expected auto, yx or zyx",
        ),
        (&["none.tif", "b.zarr"], "none.tif"),
    ] {
        let ended = convert(&place, arguments);
        assert_ne!(ended.code(), 0, "{arguments:?}");
        ended.complains(&[complaint]);
    }
    assert_eq!(place.names("."), ["a.tif"]);
}
