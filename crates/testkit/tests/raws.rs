//! Files that hold the values of an array and nothing else, as NumPy's `memmap` writes them.
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

use std::fs;
use std::path::Path;

use ndarray::ArrayD;
use patchweave_formats::{OpenOptions, RawArray, open_raw};
use patchweave_geometry::Axes;
use patchweave_pixel::{ByteOrder, PixelType};
use patchweave_stack::StackError;
use patchweave_testkit::{canonical_f32, image_stack_suite, ramp};

const SHAPE: [usize; 5] = [2, 2, 5, 19, 23];

fn axes() -> Axes {
    "SCZYX".parse().unwrap()
}

fn options(map_files: bool, decoded_chunk_bytes: usize) -> OpenOptions {
    let mut options = OpenOptions::default();
    (options.map_files, options.decoded_chunk_bytes) = (map_files, decoded_chunk_bytes);
    options
}

/// `offset` bytes and then the values.
fn write(path: &Path, array: &ArrayD<i16>, offset: u64, raw: &RawArray) {
    let mut bytes = vec![0xff; usize::try_from(offset).unwrap()];
    let of = |value: i16| match raw.byte_order {
        ByteOrder::Little => value.to_le_bytes(),
        ByteOrder::Big => value.to_be_bytes(),
    };
    let ordered = if raw.is_fortran { array.t() } else { array.view() };
    bytes.extend(ordered.iter().flat_map(|value| of(*value)));
    fs::write(path, bytes).unwrap();
}

#[test]
fn every_order_and_offset_conforms() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("volume.dat");
    let array = ramp::<i16>(&SHAPE);
    let expected = canonical_f32(&array, &axes()).unwrap();
    for (dtype, is_fortran, offset) in
        [("int16", false, 0), ("<i2", false, 128), (">i2", true, 7), (">i2", false, 1), ("<i2", true, 2)]
    {
        let mut raw = RawArray::new(PixelType::U8, axes(), &SHAPE).with_dtype(dtype).unwrap();
        (raw.offset, raw.is_fortran) = (offset, is_fortran);
        write(&path, &array, offset, &raw);
        for (map_files, decoded_chunk_bytes) in
            [(true, 1 << 30), (true, 1 << 10), (false, 1 << 30), (false, 1 << 10)]
        {
            let options = options(map_files, decoded_chunk_bytes);
            let stack = open_raw(&path, &raw, &options).unwrap();
            assert_eq!(stack.info().pixel_type, PixelType::I16);
            assert_eq!(stack.info().format.as_deref(), Some("raw values"));
            assert_eq!(stack.info().is_in_place, options.map_files);
            image_stack_suite(&*stack, expected.view());
            let n_decodes = options.cache.stats().n_decodes;
            assert_eq!(n_decodes == 0, map_files, "mapped values are copied from where they lie");
            assert!(map_files || decoded_chunk_bytes > 1 << 10 || n_decodes > 10, "small blocks are many");
        }
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("volume.dat");
    fs::write(&path, [0; 60]).unwrap();
    let refusal = |raw: &RawArray| {
        let error = open_raw(&path, raw, &OpenOptions::default()).err().unwrap();
        error.to_string().replace(&format!("{}: ", path.display()), "")
    };
    let raw = |shape: &[usize]| RawArray::new(PixelType::F32, "ZYX".parse().unwrap(), shape);
    assert!(open_raw(&path, &raw(&[1, 3, 5]), &OpenOptions::default()).is_ok());
    assert!(open_raw(&path, &raw(&[1, 3, 4]), &OpenOptions::default()).is_ok());
    let too_short = "the values: got 60 bytes, expected 64 for [1, 4, 4] values of float32";
    assert_eq!(refusal(&raw(&[1, 4, 4])), too_short);
    let mut moved = raw(&[1, 3, 5]);
    moved.offset = 4;
    assert_eq!(refusal(&moved), "the values: got 56 bytes, expected 60 for [1, 3, 5] values of float32");
    moved.offset = u64::MAX;
    assert_eq!(refusal(&moved), "the values: got 0 bytes, expected 60 for [1, 3, 5] values of float32");
    assert!(open_raw(&path, &raw(&[3, 5]), &OpenOptions::default()).is_ok());
    assert_eq!(refusal(&raw(&[15])), "axes ZYX name 3 dimensions, the image has 1 with sizes [15]");
    assert_eq!(refusal(&raw(&[0, 3, 5])), "shape [0, 3, 5] has no pixels or too many to address");
    let huge = [usize::MAX / 4, 3, 5];
    assert_eq!(
        refusal(&raw(&huge)),
        format!(
            "the array that it should hold: got shape {huge:?}, expected sizes that fit into memory addresses"
        )
    );
    let error = open_raw(&folder.path().join("none"), &raw(&[1, 3, 5]), &OpenOptions::default()).err();
    assert!(matches!(error, Some(StackError::Io { .. })));
    let error = raw(&[1]).with_dtype("complex64").err().unwrap();
    assert_eq!(
        error.to_string(),
        "raw values: an array of complex numbers is not supported, expected booleans, integers or floats"
    );
    let error = open_raw(folder.path(), &raw(&[1, 3, 5]), &OpenOptions::default()).err().unwrap();
    assert_eq!(
        error.to_string(),
        format!(
            "{}: reading raw values from something that is not a file is not supported, name the file that holds them",
            folder.path().display()
        )
    );
}
