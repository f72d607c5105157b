//! TIFF files with strips or planes that were never written, and with pages of different size.

use std::fs;

use ndarray::{Array4, Axis as Dim, s};
use patchweave::formats::{FileFormat, OpenOptions, open};
use patchweave::stack::ImageStackExt;
use patchweave_testkit::{TagValues, TiffLayout};

use crate::case;
use crate::support::{PREDICT, Place, read_image, with};

#[test]
fn a_strip_that_was_never_written_is_zero() {
    let place = case("tiff-absent-strip");
    place.patchweave(&["validate", "run.yaml"]).with_code(0);
    place.patchweave(&["run", "run.yaml"]).with_code(0);
    let image = read_image(&place.path("out/strip_identity.tiff"), "YX").1.remove(0);
    assert_eq!(image.dim(), (1, 1, 64, 64));
    for (row, pixels) in image.index_axis_move(Dim(0), 0).index_axis(Dim(0), 0).outer_iter().enumerate() {
        let expected = if (16..32).contains(&row) { 0.0 } else { 5.0 };
        assert!(pixels.iter().all(|&pixel| pixel == expected), "row {row}");
    }
}

/// Planes of 20 × 24 pixels of an OME-TIFF that should have four.
fn aborted(place: &Place) -> Array4<u16> {
    let planes = Array4::from_shape_fn((3, 20, 24, 1), |(z, y, x, _)| {
        u16::try_from(1 + z * 480 + y * 24 + x).unwrap()
    });
    let layout = TiffLayout::default();
    let mut pages = layout.pages(planes.view());
    let xml = "<OME><Image><Pixels DimensionOrder=\"XYZCT\" SizeX=\"24\" SizeY=\"20\" SizeZ=\"4\" SizeC=\"1\" SizeT=\"1\" \
               Type=\"uint16\"><TiffData/></Pixels></Image></OME>";
    pages[0].tags.push((270, TagValues::Text(xml.to_owned())));
    fs::write(place.path("image.tiff"), layout.file(&pages)).unwrap();
    planes
}

#[test]
fn a_recording_that_was_broken_off_is_read_if_the_configuration_says_so() {
    let place = Place::new();
    let planes = aborted(&place);
    let config = with(PREDICT, "axes: YX", "axes: ZYX");
    let config = with(&config, "{name: tiled, patch_size: [16, 16], overlaps: [4, 4]}", "{name: whole}");
    place.run(&config).with_code(2).complains(&["missing_planes: zeros", "got 3 pages"]);
    let config = with(&config, "output: out", "output: out\nreading: {missing_planes: zeros}");
    let told = "image.tiff: 1 of 4 planes are missing and read as zeros, the first at T 0, C 0, Z 3";
    let ended = place.run(&config).with_code(0);
    assert_eq!(ended.stdout.matches(told).count(), 1, "{}", ended.stdout);
    let written = read_image(&place.path("out/image_identity.tiff"), "ZYX").1.remove(0);
    assert_eq!(written.slice(s![0, ..3, .., ..]), planes.mapv(f32::from).index_axis(Dim(3), 0));
    assert!(written.slice(s![0, 3, .., ..]).iter().all(|&pixel| pixel == 0.0));
    let wrong = with(&config, "missing_planes: zeros", "missing_planes: maybe");
    place.run(&wrong).with_code(2).complains(&["expected fail or zeros"]);
}

#[test]
fn pages_of_another_size_are_told() {
    let place = Place::new();
    let layout = TiffLayout::default();
    let page = |height, width| layout.pages(Array4::<u16>::zeros((1, height, width, 1)).view()).remove(0);
    fs::write(place.path("image.tiff"), layout.file(&[page(40, 48), page(40, 48), page(20, 30)])).unwrap();
    place.run(PREDICT).with_code(2).complains(&[
        "image.tiff/0: axes YX name 2 dimensions, the image has 3",
        "image.tiff/1 reads the rest",
    ]);
    let config = with(PREDICT, "axes: YX", "axes: SYX");
    let ended = place.run(&config).with_code(0);
    assert_eq!(
        ended.stdout.matches("its pages have different shapes and are 2 images").count(),
        1,
        "{}",
        ended.stdout
    );
    let rest =
        open(&place.path("image.tiff/1"), FileFormat::Tiff, None, &OpenOptions::default()).unwrap().remove(0);
    assert_eq!(rest.info().shape().to_vec(), [1, 1, 20, 30]);
    assert!(
        rest.read_patch(0, None, &patchweave::geometry::Region::whole(rest.info().shape().extent)).is_ok()
    );
}
