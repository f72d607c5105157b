//! HDF5 files that other programs write: chunks behind filters, types that are no plain numbers, what cannot be read.
//!
//! The files in `hdf5` were made by h5py 3.16 and hdf5plugin 6 with `make.py` beside them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use std::path::{Path, PathBuf};

use ndarray::{Array2, Array4, Axis, s};
use patchweave_formats::{FileFormat, OpenOptions, open};
use patchweave_geometry::{Axes, Coords, Extent, Region};
use patchweave_pixel::PixelType;
use patchweave_stack::{ImageStack, ImageStackExt, StackError};

const SIZE: [usize; 2] = [24, 20];

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hdf5").join(name)
}

fn axes() -> Axes {
    "YX".parse().unwrap()
}

fn read(path: &Path, options: &OpenOptions) -> Result<std::sync::Arc<dyn ImageStack>, StackError> {
    Ok(open(path, FileFormat::Hdf5, Some(&axes()), options)?.remove(0))
}

fn pixels(pixel: impl Fn(usize, usize) -> u64) -> Array4<f32> {
    let pixel = |(y, x)| f32::from(u16::try_from(pixel(y, x)).unwrap());
    Array2::from_shape_fn(SIZE, pixel).insert_axis(Axis(0)).insert_axis(Axis(0))
}

/// What stands in every dataset of `filters.h5`.
fn expected(name: &str) -> Array4<f32> {
    match name {
        "lzf_absent" => pixels(|_, _| 7),
        name if name.ends_with("_noise") => {
            pixels(|y, x| (((y * SIZE[1] + x) as u64 * 40503 * 40503) >> 7) % 65521)
        }
        _ => pixels(|y, x| (y * 37 + x * x * 5) as u64 % 997 * 60),
    }
}

const FILTERS: [(&str, &str); 21] = [
    ("lzf", "lzf"),
    ("lzf_shuffle_fletcher32", "shuffle+lzf+fletcher32"),
    ("bzip2", "bzip2"),
    ("zstd", "zstd"),
    ("zstd_shuffle", "shuffle+zstd"),
    ("lz4", "lz4"),
    ("bitshuffle", "bitshuffle"),
    ("bitshuffle_lz4", "bitshuffle"),
    ("bitshuffle_lz4_small", "bitshuffle"),
    ("bitshuffle_zstd", "bitshuffle"),
    ("blosc_blosclz", "blosc"),
    ("blosc_lz4", "blosc"),
    ("blosc_lz4hc", "blosc"),
    ("blosc_zlib", "blosc"),
    ("blosc_zstd", "blosc"),
    ("scaleoffset", "scaleoffset"),
    ("lzf_noise", "lzf"),
    ("blosc_lz4_noise", "blosc"),
    ("bitshuffle_lz4_noise", "bitshuffle"),
    ("zstd_noise", "zstd"),
    ("lzf_absent", "lzf"),
];

#[test]
fn filters_of_h5py_and_of_plugins_are_decoded() {
    for map_files in [true, false] {
        let mut options = OpenOptions::default();
        options.map_files = map_files;
        for (name, compression) in FILTERS {
            let stack = read(&file("filters.h5").join(name), &options).unwrap();
            assert_eq!(stack.info().compression.as_deref(), Some(compression), "{name}");
            let whole = Region::whole(stack.info().shape().extent);
            let part = Region::new(Coords::new(&[3, 7]).unwrap(), Extent::new(&[18, 9]).unwrap());
            let expected = expected(name);
            assert_eq!(stack.read_patch(0, None, &whole).unwrap(), expected, "{name}");
            let part = stack.read_patch(0, None, &part.unwrap()).unwrap();
            assert_eq!(part, expected.slice(s![.., .., 3..21, 7..16]), "{name}");
        }
    }
}

/// The whole message of an error.
fn text(error: &StackError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

fn refused(file_name: &str, dataset: &str) -> String {
    let path = if dataset.is_empty() { file(file_name) } else { file(file_name).join(dataset) };
    let error = read(&path, &OpenOptions::default()).err();
    let error = error.unwrap_or_else(|| panic!("{file_name}/{dataset} was opened"));
    assert!(matches!(error, StackError::Unsupported { .. }), "{error}");
    text(&error)
}

#[test]
fn other_filters_are_refused_when_opened() {
    for (name, filter) in [("blosc2", "filter 32026 (blosc2)"), ("zfp", "filter 32013 (zfp)")] {
        let error = refused("unknown_filters.h5", name);
        for part in [filter, name, "h5repack -f GZIP=4"] {
            assert!(error.contains(part), "{error}");
        }
    }
}

#[test]
fn chunks_whose_edges_are_stored_otherwise_are_refused_when_opened() {
    for name in ["gzip", "shuffle"] {
        let error = refused("bare_edges.h5", name);
        assert!(error.contains("chunks at the edges are stored without its filters"), "{error}");
        assert!(error.contains("copy its pixels into a dataset of their own"), "{error}");
    }
    // No chunk sticks out, or there is no filter.
    for name in ["whole", "none"] {
        let stack = read(&file("bare_edges.h5").join(name), &OpenOptions::default()).unwrap();
        let pixels = stack.read_patch(0, None, &Region::whole(stack.info().shape().extent)).unwrap();
        assert_eq!(pixels, expected(name), "{name}");
    }
}

#[test]
fn pixels_outside_of_the_file_are_refused_when_opened() {
    let error = refused("external.h5", "raw");
    assert!(error.contains("external storage") && error.contains("copy them into the file"), "{error}");
}

#[test]
fn enumerations_are_their_numbers() {
    let read = |name: &str| {
        let stack = read(&file("types.h5").join(name), &OpenOptions::default()).unwrap();
        let pixels = stack.read_patch(0, None, &Region::whole(stack.info().shape().extent)).unwrap();
        (stack.info().pixel_type, Array2::from_shape_fn(SIZE, |(y, x)| pixels[[0, 0, y, x]]))
    };
    let image = |pixel: &dyn Fn(usize) -> f32| Array2::from_shape_fn(SIZE, |(y, x)| pixel(y + x));
    assert_eq!(read("enum_i16_big"), (PixelType::I16, image(&|n| [-3.0, 0.0, 1.0][n % 3])));
    assert_eq!(read("enum_two_values"), (PixelType::U8, image(&|n| [0.0, 5.0][n % 2])));
    assert_eq!(read("enum_u32"), (PixelType::U32, image(&|n| [0.0, 70000.0, 140_000.0, 210_000.0][n % 4])));
    assert_eq!(read("bool"), (PixelType::Bool, image(&|n| [0.0, 1.0][n % 2])));
    assert_eq!(read("half"), (PixelType::F16, image(&|n| f32::from(u8::try_from(n).unwrap()))));
}

#[test]
fn values_that_are_no_pixels_are_named() {
    let names = [
        ("compound", "compound values (x, label)"),
        ("text", "text"),
        ("bits", "bit fields"),
        ("references", "references"),
        ("sequences", "variable-length sequences"),
        ("complex", "compound values (r, i)"),
        ("twelve_bits", "integers of 12 bits in 16"),
        ("bfloat16", "floats of 16 bits with 8 for the exponent"),
    ];
    for (name, what) in names {
        let error = refused("types.h5", name);
        assert!(error.contains(&format!("a dataset of {what}")), "{error}");
    }
    // A search passes them over.
    let error = refused("types.h5", "");
    assert!(error.contains("bool [24, 20]") && error.contains("enum_u32 [24, 20]"), "{error}");
    assert!(!error.contains("compound") && !error.contains("sequences"), "{error}");
    // What there is instead is told.
    let error = refused("types.h5", "booll");
    assert!(error.contains("beside it are") && error.contains("bool,"), "{error}");
}

/// Pixel (y, x) of part `n` of `part.h5`.
fn part(n: usize, y: usize, x: usize) -> usize {
    y * 10 + x + 100 * n
}

/// What h5py reads of a virtual dataset.
fn expected_virtual(name: &str) -> ndarray::Array3<usize> {
    let image = |shape: (usize, usize), pixel: &dyn Fn(usize, usize) -> usize| {
        ndarray::Array3::from_shape_fn((1, shape.0, shape.1), |(_, y, x)| pixel(y, x))
    };
    match name {
        "tiles" => image((16, 20), &|y, x| part(y / 8 * 2 + x / 10, y % 8, x % 10)),
        "slices" => {
            ndarray::Array3::from_shape_fn((4, 8, 10), |(z, y, x)| if z < 3 { part(z, y, x) } else { 7 })
        }
        "other_order" => image((16, 10), &|y, x| if y % 2 == 0 { part(0, y / 2, x) } else { 258 }),
        "steps" => image((16, 10), &|y, x| match (y % 2, y) {
            (0, _) => part(0, y / 2, x),
            (_, 0..8) if x >= 3 => part(2, y - 1, x - 3),
            _ => 7,
        }),
        "here" => image((8, 12), &|y, x| if (1..11).contains(&x) { part(9, y, x - 1) } else { 0 }),
        _ => image((8, 30), &|y, x| if x < 10 { part(0, y, x) } else { 7 }),
    }
}

#[test]
fn virtual_datasets_are_read() {
    for file_name in ["virtual_earliest.h5", "virtual_latest.h5"] {
        for name in ["tiles", "slices", "other_order", "steps", "here", "gone"] {
            let expected = expected_virtual(name);
            let axes: Axes = if expected.len_of(Axis(0)) == 1 { "YX" } else { "ZYX" }.parse().unwrap();
            for map_files in [true, false] {
                let mut options = OpenOptions::default();
                options.map_files = map_files;
                let path = file(file_name).join(name);
                let stack = open(&path, FileFormat::Hdf5, Some(&axes), &options).unwrap().remove(0);
                let expected = expected.mapv(|pixel| f32::from(u16::try_from(pixel).unwrap()));
                let whole = Region::whole(stack.info().shape().extent);
                let pixels = stack.read_patch(0, None, &whole).unwrap();
                assert_eq!(pixels.index_axis(Axis(0), 0), expected, "{file_name} {name}");
                assert_eq!(stack.info().format.as_deref(), Some("HDF5, a virtual dataset"));
                let notes = stack.info().notes.join("\n");
                let is_noted =
                    notes.contains("2 of 3 sources of the virtual dataset are missing, gone.h5:p/0 first");
                assert_eq!(is_noted, name == "gone", "{notes}");
            }
        }
    }
}

#[test]
fn virtual_datasets_that_are_not_read_are_refused_when_opened() {
    let refused = |name: &str| {
        let error = read(&file("virtual_latest.h5").join(name), &OpenOptions::default()).err();
        text(&error.unwrap_or_else(|| panic!("{name} was opened")))
    };
    let copied = "copy its pixels into a dataset of their own";
    for (name, what) in [
        ("unlimited", "a virtual dataset with unlimited selections"),
        ("numbered", "a virtual dataset with numbered sources (part%b.h5)"),
        ("twice", "a virtual dataset over another, tiles"),
    ] {
        let error = refused(name);
        assert!(error.contains(what) && error.contains(copied), "{error}");
    }
    let typed = refused("typed");
    assert!(typed.contains("pixels of int16") && typed.contains("expected pixels of uint16"), "{typed}");
    let away = refused("away");
    assert!(away.contains("../part.h5, which is outside of the folder"), "{away}");
}

#[test]
fn virtual_datasets_name_their_axes() {
    let expected = ndarray::Array3::from_shape_fn((6, 8, 10), |(n, y, x)| part(n / 2 + n % 2 * 10, y, x));
    let expected = expected.mapv(|pixel| f32::from(u16::try_from(pixel).unwrap()));
    for version in ["earliest", "latest"] {
        let path = file(&format!("virtual_axes_{version}.h5"));
        for (name, axes) in [("labels", "TYX"), ("tags", "ZYX"), ("fixed", "CYX")] {
            let stack =
                open(&path.join(name), FileFormat::Hdf5, None, &OpenOptions::default()).unwrap().remove(0);
            assert_eq!(stack.info().layout.axes().to_string(), axes, "{version} {name}");
            // The largest chunks that sources have, whichever comes first.
            assert_eq!(stack.info().chunks.as_deref(), Some(&[2, 8, 10][..]), "{version} {name}");
            let shape = stack.info().shape();
            for (sample, pixels) in expected.axis_chunks_iter(Axis(0), 6 / shape.n_samples).enumerate() {
                let got = stack.read_patch(sample, None, &Region::whole(shape.extent)).unwrap();
                assert_eq!(
                    got.iter().collect::<Vec<_>>(),
                    pixels.iter().collect::<Vec<_>>(),
                    "{version} {name}"
                );
            }
        }
        let silent = open(&path.join("silent"), FileFormat::Hdf5, None, &OpenOptions::default());
        assert!(matches!(silent, Err(StackError::NoAxes { .. })));
    }
}

/// A drive that is not there does not look like an image of one value.
#[test]
fn sources_that_are_all_gone_or_vanish_are_errors() {
    for version in ["earliest", "latest"] {
        let lost = file(&format!("virtual_axes_{version}.h5")).join("lost");
        let error = text(&read(&lost, &OpenOptions::default()).err().unwrap());
        let got = "its list of source mappings: got none of 2 sources, gone.h5:p/0 first, expected at least one that exists";
        assert!(error.ends_with(got), "{error}");
        let folder = tempfile::tempdir().unwrap();
        for name in ["part.h5", &format!("virtual_{version}.h5")] {
            std::fs::copy(file(name), folder.path().join(name)).unwrap();
        }
        let mut options = OpenOptions::default();
        // Nothing stays open but what was read last.
        options.files = patchweave_formats::FilePool::new(1);
        let stack = read(&folder.path().join(format!("virtual_{version}.h5/tiles")), &options).unwrap();
        let other = read(&file("filters.h5").join("lzf"), &options).unwrap();
        other.read_patch(0, None, &Region::whole(other.info().shape().extent)).unwrap();
        std::fs::remove_file(folder.path().join("part.h5")).unwrap();
        let error = stack.read_patch(0, None, &Region::whole(stack.info().shape().extent)).unwrap_err();
        assert!(text(&error).contains("part.h5"), "{}", text(&error));
    }
}
