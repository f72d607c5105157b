//! One suite for every format: what was written in blocks is what another reader finds.
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]
#![allow(dead_code, reason = "helpers are shared with other test programs")]

mod common;

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use ndarray::{Array4, s};
use patchweave_geometry::{ArrayLayout, Axis};
use patchweave_pixel::PixelType;
use patchweave_sink::{ImageSpec, create};
use tiff::decoder::{Decoder, DecodingResult};
use zarrs::array::{Array, ArrayBytes};
use zarrs::filesystem::FilesystemStore;

use common::{expected, image, layout, write};

/// Axes that are tried with every pixel type.
const AXES: [&str; 4] = ["YX", "CYX", "YXC", "XYZ"];

/// Axes that are tried with one pixel type each.
const MORE_AXES: [&str; 16] = [
    "XY", "ZYX", "SYX", "TYX", "TSYX", "CSYX", "TZCYX", "SCZYX", "STCZYX", "CZYX", "ZYXC", "TYXC", "YXT",
    "CXYS", "ZCYXT", "TCYXSZ",
];

/// Reads an image as bytes in C order.
type ReadBack = fn(&Path, &ArrayLayout) -> Vec<u8>;

fn image_sink_suite(format: &str, read_back: ReadBack) {
    let folder = tempfile::tempdir().unwrap();
    let all = AXES.iter().flat_map(|axes| PixelType::ALL.map(|pixel_type| (*axes, pixel_type)));
    let more = MORE_AXES.into_iter().zip(PixelType::ALL.into_iter().cycle());
    for (seed, (axes, pixel_type)) in (0..).zip(all.chain(more)) {
        let layout = layout(axes);
        let image = image(&layout, seed);
        let path = folder.path().join(format!("{axes}-{pixel_type}"));
        let mut spec = ImageSpec::new(layout.clone(), pixel_type);
        spec.chunks = (seed % 2 == 0).then(|| vec![5; axes.len()]);
        let mut sink = create(&path, format, spec).unwrap();
        write(sink.as_mut(), &image, seed + 100);
        sink.finish().unwrap();
        let target = match format {
            "ome_zarr" => layout.axes().to_canonical(),
            _ => layout.axes().clone(),
        };
        let expected = expected(&image, &layout, pixel_type, &target);
        assert!(read_back(&path, &layout) == expected, "{axes} {pixel_type} {format:?}");
    }
    the_last_of_two_blocks_stands(format, read_back);
    what_no_block_covers_is_zero(format, read_back);
    channels_may_be_one(format, read_back);
}

fn the_last_of_two_blocks_stands(format: &str, read_back: ReadBack) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image");
    let layout = ArrayLayout::new("YX".parse().unwrap(), &[6, 8]).unwrap();
    let mut sink = create(&path, format, ImageSpec::new(layout.clone(), PixelType::U8)).unwrap();
    sink.write_block(0, [0, 0, 0], Array4::from_elem((1, 1, 6, 8), 3.0).view()).unwrap();
    sink.write_block(0, [0, 2, 3], Array4::from_elem((1, 1, 3, 4), 0.0).view()).unwrap();
    sink.write_block(0, [0, 4, 6], Array4::from_elem((1, 1, 2, 2), 9.0).view()).unwrap();
    sink.finish().unwrap();
    let mut expected = ndarray::Array2::from_elem((6, 8), 3_u8);
    expected.slice_mut(s![2..5, 3..7]).fill(0);
    expected.slice_mut(s![4..6, 6..8]).fill(9);
    assert_eq!(read_back(&path, &layout), expected.into_raw_vec_and_offset().0);
}

fn what_no_block_covers_is_zero(format: &str, read_back: ReadBack) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image");
    let layout = layout("SCYX");
    create(&path, format, ImageSpec::new(layout.clone(), PixelType::F64)).unwrap().finish().unwrap();
    assert_eq!(read_back(&path, &layout), vec![0; layout.shape().iter().product::<usize>() * 8]);
}

fn channels_may_be_one(format: &str, read_back: ReadBack) {
    let folder = tempfile::tempdir().unwrap();
    for axes in ["YXC", "CYX", "TZCYX", "TYXC"] {
        let axes: patchweave_geometry::Axes = axes.parse().unwrap();
        let size = |axis: &Axis| if axis.is_spatial() { 7 } else { 1 };
        let shape: Vec<usize> = axes.as_slice().iter().map(size).collect();
        let layout = ArrayLayout::new(axes.clone(), &shape).unwrap();
        let path = folder.path().join(axes.to_string());
        let image = image(&layout, 5);
        let mut sink = create(&path, format, ImageSpec::new(layout.clone(), PixelType::F32)).unwrap();
        write(sink.as_mut(), &image, 6);
        sink.finish().unwrap();
        let expected = expected(&image, &layout, PixelType::F32, &axes);
        assert_eq!(read_back(&path, &layout), expected, "{axes}");
    }
}

#[test]
fn tiff_conforms() {
    image_sink_suite("tiff", read_tiff);
}

#[test]
fn ome_zarr_conforms() {
    image_sink_suite("ome_zarr", read_ome_zarr);
}

#[test]
fn pages_of_several_strips_conform() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.tif");
    let layout = ArrayLayout::new("CYX".parse().unwrap(), &[2, 501, 603]).unwrap();
    let image = image(&layout, 1);
    let mut sink = create(&path, "tiff", ImageSpec::new(layout.clone(), PixelType::F32)).unwrap();
    write(sink.as_mut(), &image, 2);
    sink.finish().unwrap();
    let expected = expected(&image, &layout, PixelType::F32, layout.axes());
    assert!(read_tiff(&path, &layout) == expected);
    let mut decoder = Decoder::new(File::open(&path).unwrap()).unwrap();
    assert_eq!(decoder.strip_count().unwrap(), 501_u32.div_ceil(256 * 1024 / (603 * 4)));
    decoder.next_image().unwrap();
    assert!(!decoder.more_images());
}

fn read_tiff(path: &Path, _: &ArrayLayout) -> Vec<u8> {
    let mut decoder = Decoder::new(File::open(path).unwrap()).unwrap();
    let mut bytes = Vec::new();
    loop {
        let mut page: DecodingResult = decoder.read_image().unwrap();
        bytes.extend_from_slice(page.as_buffer(0).as_bytes());
        if !decoder.more_images() {
            return bytes;
        }
        decoder.next_image().unwrap();
    }
}

fn read_ome_zarr(path: &Path, layout: &ArrayLayout) -> Vec<u8> {
    let store = Arc::new(FilesystemStore::new(path).unwrap());
    let groups = match layout.size_of(Axis::S) {
        None => vec![String::new()],
        Some(n_images) => (0..n_images).map(|s| format!("/{s}")).collect(),
    };
    let read = |group: &String| {
        let array = Array::open(store.clone(), &format!("{group}/0")).unwrap();
        let bytes: ArrayBytes<'static> = array.retrieve_array_subset(&array.subset_all()).unwrap();
        bytes.into_fixed().unwrap().into_owned()
    };
    groups.iter().flat_map(read).collect()
}
