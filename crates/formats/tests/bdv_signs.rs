//! BigDataViewer HDF5: `dataType` of a setup decides what pixels are, for the file as a whole and for its parts.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use std::path::{Path, PathBuf};

use hdf5_writer::{AttributeBuilder, ByteOrder, DatasetBuilder, Hdf5Builder, WriteOptions};
use patchweave_formats::{FileFormat, OpenOptions, open};
use patchweave_geometry::{Axes, Region};
use patchweave_pixel::PixelType;
use patchweave_stack::{ImageStackExt, StackError};

const SHAPE: [u64; 3] = [2, 3, 4];
const CELLS: &str = "t00000/s00/0/cells";

/// A file with one setup whose pixels have these bytes, stored as numbers of a type.
fn write(folder: &Path, meant: Option<&str>, stored: PixelType, bytes: &[u8]) -> PathBuf {
    let new = |name: &str| {
        let name = name.to_owned();
        let order = ByteOrder::LittleEndian;
        match stored {
            PixelType::U8 => DatasetBuilder::typed_with_order::<u8>(name, SHAPE, order),
            PixelType::I8 => DatasetBuilder::typed_with_order::<i8>(name, SHAPE, order),
            PixelType::U16 => DatasetBuilder::typed_with_order::<u16>(name, SHAPE, order),
            PixelType::I16 => DatasetBuilder::typed_with_order::<i16>(name, SHAPE, order),
            PixelType::U32 => DatasetBuilder::typed_with_order::<u32>(name, SHAPE, order),
            PixelType::I32 => DatasetBuilder::typed_with_order::<i32>(name, SHAPE, order),
            PixelType::U64 => DatasetBuilder::typed_with_order::<u64>(name, SHAPE, order),
            PixelType::I64 => DatasetBuilder::typed_with_order::<i64>(name, SHAPE, order),
            PixelType::F32 => DatasetBuilder::typed_with_order::<f32>(name, SHAPE, order),
            _ => DatasetBuilder::typed_with_order::<f64>(name, SHAPE, order),
        }
    };
    let resolutions = DatasetBuilder::typed_data::<f64>("s00/resolutions", [1_u64, 3], &[1.0; 3]).unwrap();
    let mut builder = Hdf5Builder::new().dataset(resolutions).dataset(new(CELLS).raw_data(bytes));
    if let Some(meant) = meant {
        builder = builder.group_attribute("s00", AttributeBuilder::fixed_string("dataType", meant));
    }
    let path = folder.join("image.h5");
    std::fs::write(&path, builder.into_plan().unwrap().encode(WriteOptions::default()).unwrap()).unwrap();
    path
}

/// The type and the first pixel of an image, as the whole file and as each of its parts.
fn first_pixels(path: &Path) -> Vec<Result<(PixelType, f32), StackError>> {
    let of = |path: &Path, axes: &str| {
        let axes: Axes = axes.parse().unwrap();
        let stack = open(path, FileFormat::Hdf5, Some(&axes), &OpenOptions::default())?.remove(0);
        let pixels = stack.read_patch(0, None, &Region::whole(stack.info().shape().extent))?;
        Ok((stack.info().pixel_type, pixels[[0, 0, 0, 0]]))
    };
    let parts = [CELLS, "t00000/s00/0", "t00000/s00", "t00000"];
    let parts = parts.into_iter().map(|part| of(&path.join(part), "ZYX"));
    std::iter::once(of(path, "TZYX")).chain(parts).collect()
}

#[test]
fn every_declared_type_is_taken() {
    use PixelType::{F32, F64, I8, I16, I32, I64, U8, U16, U32, U64};
    let folder = tempfile::tempdir().unwrap();
    for (unsigned, signed) in [(U8, I8), (U16, I16), (U32, I32), (U64, I64)] {
        let n_bytes = unsigned.n_bytes();
        // All bits are set but the lowest: -2, or the second largest number.
        let bytes: Vec<u8> =
            (0..24 * n_bytes).map(|at| if at % n_bytes == 0 { 0xFE } else { 0xFF }).collect();
        let all_but_one = 2_f64.powi(i32::try_from(8 * n_bytes).unwrap()) - 2.0;
        #[expect(clippy::cast_possible_truncation, reason = "pixels are delivered with these digits")]
        let all_but_one = all_but_one as f32;
        for stored in [unsigned, signed] {
            for (meant, first) in [(unsigned, all_but_one), (signed, -2.0)] {
                let path = write(folder.path(), Some(meant.name()), stored, &bytes);
                for found in first_pixels(&path) {
                    assert_eq!(found.unwrap(), (meant, first), "{stored} as {meant}");
                }
            }
            // Older programs have no other pixels than unsigned ones of 16 bits, and call them signed.
            let path = write(folder.path(), None, stored, &bytes);
            let meant = if stored == I16 { U16 } else { stored };
            let first = if meant == signed { -2.0 } else { all_but_one };
            for found in first_pixels(&path) {
                assert_eq!(found.unwrap(), (meant, first), "{stored} without a declaration");
            }
        }
    }
    for (float, one) in [(F32, 1_f32.to_le_bytes().to_vec()), (F64, 1_f64.to_le_bytes().to_vec())] {
        let path = write(folder.path(), Some(float.name()), float, &one.repeat(24));
        for found in first_pixels(&path) {
            assert_eq!(found.unwrap(), (float, 1.0));
        }
    }
}

#[test]
fn declarations_that_do_not_fit_are_refused_when_opened() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |meant, stored: PixelType| {
        let path = write(folder.path(), Some(meant), stored, &vec![0; 24 * stored.n_bytes()]);
        first_pixels(&path).into_iter().map(|found| found.err().unwrap().to_string()).collect::<Vec<_>>()
    };
    for error in refused("uint8", PixelType::I16) {
        assert!(error.contains("got int16, expected uint8 as `dataType` of its setup says"), "{error}");
    }
    for error in refused("float32", PixelType::I32) {
        assert!(error.contains("got int32, expected float32"), "{error}");
    }
    for error in refused("string", PixelType::I16) {
        assert!(error.contains("`dataType` \"string\"") && error.contains("uint8 to uint64"), "{error}");
    }
}
