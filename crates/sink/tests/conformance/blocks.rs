//! What was written in blocks of any place and size is what a reader finds.

use std::fs::File;
use std::path::Path;

use ndarray::{Array4, s};
use patchweave_geometry::{ArrayLayout, Axis};
use patchweave_pixel::PixelType;
use patchweave_sink::{ImageSpec, Location, create};
use tiff::decoder::Decoder;

use crate::common::{expected, image, layout, quick_folder, write};
use crate::readers;
use crate::table::{CASES, Case};

/// Axes that are tried with every pixel type.
const AXES: [&str; 4] = ["YX", "CYX", "YXC", "XYZ"];

/// Axes that are tried with one pixel type each.
const MORE_AXES: [&str; 16] = [
    "XY", "ZYX", "SYX", "TYX", "TSYX", "CSYX", "TZCYX", "SCZYX", "STCZYX", "CZYX", "ZYXC", "TYXC", "YXT",
    "CXYS", "ZCYXT", "TCYXSZ",
];

fn image_sink_suite(case: &Case) {
    let folder = quick_folder();
    let all = AXES.iter().flat_map(|axes| PixelType::ALL.map(|pixel_type| (*axes, pixel_type)));
    let more = MORE_AXES.into_iter().zip(PixelType::ALL.into_iter().cycle());
    let mut n_held = 0;
    for (seed, (axes, pixel_type)) in (0..).zip(all.chain(more)) {
        let layout = layout(axes);
        let path = folder.path().join(format!("{axes}-{pixel_type}"));
        let mut spec = case.spec(layout.clone(), pixel_type);
        let side = if case.has_many_files() { 11 } else { 5 };
        spec.chunks = (seed % 2 == 0).then(|| vec![side; axes.len()]);
        if !case.holds(&layout, pixel_type) {
            assert!(create(&path, case.format, spec).is_err(), "{axes} {pixel_type} {}", case.label);
            continue;
        }
        n_held += 1;
        let image = image(&layout, seed);
        let mut sink = create(&path, case.format, spec).unwrap();
        write(sink.as_mut(), &image, seed + 100);
        let location = sink.finish().unwrap();
        let expected = expected(&image, &layout, pixel_type, &(case.axes)(layout.axes()));
        assert!((case.read)(&location, &layout) == expected, "{axes} {pixel_type} {}", case.label);
    }
    assert!(n_held >= 7, "{n_held} images are held by {}", case.label);
    the_last_of_two_blocks_stands(case, &folder.path().join("last"));
    what_no_block_covers_is_zero(case, &folder.path().join("zero"));
    channels_may_be_one(case, folder.path());
}

fn the_last_of_two_blocks_stands(case: &Case, path: &Path) {
    let layout = ArrayLayout::new("YX".parse().unwrap(), &[6, 8]).unwrap();
    let mut sink = create(path, case.format, case.spec(layout.clone(), PixelType::U8)).unwrap();
    sink.write_block(0, [0, 0, 0], Array4::from_elem((1, 1, 6, 8), 3.0).view()).unwrap();
    sink.write_block(0, [0, 2, 3], Array4::from_elem((1, 1, 3, 4), 0.0).view()).unwrap();
    sink.write_block(0, [0, 4, 6], Array4::from_elem((1, 1, 2, 2), 9.0).view()).unwrap();
    let location = sink.finish().unwrap();
    let mut expected = ndarray::Array2::from_elem((6, 8), 3_u8);
    expected.slice_mut(s![2..5, 3..7]).fill(0);
    expected.slice_mut(s![4..6, 6..8]).fill(9);
    assert_eq!((case.read)(&location, &layout), expected.into_raw_vec_and_offset().0);
}

fn what_no_block_covers_is_zero(case: &Case, path: &Path) {
    let images = [(layout("SCYX"), PixelType::F64), (layout("CYX"), PixelType::U16)];
    let (layout, pixel_type) = images.into_iter().find(|(layout, kind)| case.holds(layout, *kind)).unwrap();
    let sink = create(path, case.format, case.spec(layout.clone(), pixel_type)).unwrap();
    let n_bytes = layout.shape().iter().product::<usize>() * pixel_type.n_bytes();
    assert_eq!((case.read)(&sink.finish().unwrap(), &layout), vec![0; n_bytes]);
}

fn channels_may_be_one(case: &Case, folder: &Path) {
    let mut n_held = 0;
    for axes in ["YXC", "CYX", "TZCYX", "TYXC"] {
        let axes: patchweave_geometry::Axes = axes.parse().unwrap();
        for only in [PixelType::F32, PixelType::U8] {
            let size = |axis: &Axis| match axis {
                Axis::Z if only == PixelType::U8 => 1,
                axis if axis.is_spatial() => 7,
                _ => 1,
            };
            let shape: Vec<usize> = axes.as_slice().iter().map(size).collect();
            let layout = ArrayLayout::new(axes.clone(), &shape).unwrap();
            if !case.holds(&layout, only) {
                continue;
            }
            n_held += 1;
            let path = folder.join(format!("{axes}{only}"));
            let image = image(&layout, 5);
            let mut sink = create(&path, case.format, case.spec(layout.clone(), only)).unwrap();
            write(sink.as_mut(), &image, 6);
            let location = sink.finish().unwrap();
            let expected = expected(&image, &layout, only, &axes);
            assert_eq!((case.read)(&location, &layout), expected, "{axes} {}", case.label);
        }
    }
    assert!(n_held >= 2, "{}", case.label);
}

#[test]
fn blocks_of_every_format_conform() {
    CASES.iter().for_each(image_sink_suite);
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
    assert!(readers::tiff(&Location::Path(path.clone()), &layout) == expected);
    let mut decoder = Decoder::new(File::open(&path).unwrap()).unwrap();
    assert_eq!(decoder.strip_count().unwrap(), 501_u32.div_ceil(256 * 1024 / (603 * 4)));
    decoder.next_image().unwrap();
    assert!(!decoder.more_images());
}
