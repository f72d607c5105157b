//! Images read in their own pixel type: what `f32` would round comes as it is, from memory and from files of all formats.
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use hdf5_writer::{ByteOrder as Hdf5Order, DatasetBuilder, H5WriteElement, Hdf5Builder, WriteOptions};
use ndarray::ArrayD;
use patchweave_formats::{FileFormat, OpenOptions, RawArray, open, open_raw};
use patchweave_geometry::{Axes, Region};
use patchweave_pixel::{ByteOrder, Pixel, PixelType, TypedPixel, to_canonical, with_pixel};
use patchweave_slices::{ChannelSpec, SliceOptions, SliceStack};
use patchweave_stack::{
    ArrayStack, ExactStack, Exactness, ImageStack, ImageStackExt, InsideWindow, PatchViewMut, StackError,
    StackInfo,
};
use patchweave_testkit::{canonical_f32, image_stack_suite, ramp, typed_reads_suite, wide_ramp};
use tiff::encoder::{Compression, TiffEncoder, colortype};

/// Types with values that `f32` does not hold.
const WIDE: [PixelType; 5] = [PixelType::U32, PixelType::U64, PixelType::I32, PixelType::I64, PixelType::F64];

fn axes(letters: &str) -> Axes {
    letters.parse().unwrap()
}

fn options(map_files: bool) -> OpenOptions {
    let mut options = OpenOptions::default();
    (options.map_files, options.decoded_chunk_bytes) = (map_files, 1 << 13);
    options
}

#[test]
fn arrays_of_every_type_are_read_as_they_are() {
    for pixel_type in PixelType::ALL {
        for (letters, shape) in [("YX", &[9, 11][..]), ("YXC", &[7, 8, 3]), ("SCZYX", &[2, 2, 4, 5, 6])] {
            with_pixel!(pixel_type, T => {
                let image = wide_ramp::<T>(shape);
                let expected = to_canonical(image.view(), &axes(letters)).unwrap();
                let stack = ArrayStack::new(image, &axes(letters)).unwrap();
                typed_reads_suite(&stack, expected.view());
                typed_reads_suite(&ExactStack::new(Arc::new(stack)), expected.view());
            });
        }
    }
}

/// Bytes of either order, in place and decoded, in and out of alignment.
#[test]
fn files_of_values_are_read_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("volume.dat");
    for pixel_type in PixelType::ALL {
        let shape = [2, 5, 9, 13];
        with_pixel!(pixel_type, T => {
            let image = wide_ramp::<T>(&shape);
            let expected = to_canonical(image.view(), &axes("CZYX")).unwrap();
            for (byte_order, offset) in [(ByteOrder::Little, 0), (ByteOrder::Big, 0), (ByteOrder::Big, 3)] {
                let mut bytes = vec![0xff; offset];
                bytes.extend(T::typed_view(image.view()).to_bytes_in(byte_order).as_ref());
                fs::write(&path, bytes).unwrap();
                let mut raw = RawArray::new(pixel_type, axes("CZYX"), &shape);
                (raw.offset, raw.byte_order) = (offset as u64, byte_order);
                for map_files in [true, false] {
                    typed_reads_suite(&*open_raw(&path, &raw, &options(map_files)).unwrap(), expected.view());
                }
            }
        });
    }
}

#[test]
fn zarrs_are_read_as_they_are() {
    use zarrs::array::{ArrayBuilder, codec::ZstdCodec, data_type};
    let folder = tempfile::tempdir().unwrap();
    macro_rules! check {
        ($($name:ident: $pixel:ty),*) => {$({
            let image: ArrayD<$pixel> = wide_ramp(&[3, 19, 21]);
            let path = folder.path().join(stringify!($name));
            let store = Arc::new(zarrs::filesystem::FilesystemStore::new(&path).unwrap());
            let zero = zarrs::array::FillValue::from(<$pixel>::default());
            let mut array = ArrayBuilder::new(vec![3, 19, 21], vec![2, 8, 8], data_type::$name(), zero);
            array.bytes_to_bytes_codecs(vec![Arc::new(ZstdCodec::new(3, true))]);
            let array = array.build(store, "/").unwrap();
            array.store_metadata().unwrap();
            array.store_array_subset(&array.subset_all(), image.as_slice().unwrap()).unwrap();
            let expected = to_canonical(image.view(), &axes("CYX")).unwrap();
            let stack = open(&path, FileFormat::Zarr, Some(&axes("CYX")), &options(true)).unwrap().remove(0);
            typed_reads_suite(&*stack, expected.view());
        })*};
    }
    check!(uint32: u32, uint64: u64, int32: i32, int64: i64, float64: f64, bool: bool);
}

fn conforms_in_hdf5<T: H5WriteElement + Pixel>(path: &Path) {
    let image = wide_ramp::<T>(&[3, 19, 21]);
    let expected = to_canonical(image.view(), &axes("CYX")).unwrap();
    for byte_order in [Hdf5Order::LittleEndian, Hdf5Order::BigEndian] {
        for is_chunked in [false, true] {
            let dataset = DatasetBuilder::typed_with_order::<T>("raw", vec![3, 19, 21], byte_order);
            let dataset = dataset.data(image.as_slice().unwrap()).unwrap();
            let dataset = if is_chunked { dataset.chunked([2_u64, 8, 8]) } else { dataset };
            let plan = Hdf5Builder::new().dataset(dataset).into_plan().unwrap();
            let options = WriteOptions { byte_order, ..WriteOptions::default() };
            fs::write(path, plan.encode(options).unwrap()).unwrap();
            let stack =
                open(path, FileFormat::Hdf5, Some(&axes("CYX")), &self::options(true)).unwrap().remove(0);
            typed_reads_suite(&*stack, expected.view());
        }
    }
}

#[test]
fn hdf5s_are_read_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image.h5");
    conforms_in_hdf5::<u32>(&path);
    conforms_in_hdf5::<u64>(&path);
    conforms_in_hdf5::<i64>(&path);
    conforms_in_hdf5::<f64>(&path);
}

#[test]
fn tiffs_are_read_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image.tif");
    macro_rules! check {
        ($($color:ident: $pixel:ty),*) => {$(for compression in [Compression::Uncompressed, Compression::Lzw] {
            let image: ArrayD<$pixel> = wide_ramp(&[21, 33]);
            let file = fs::File::create(&path).unwrap();
            let mut encoder = TiffEncoder::new(file).unwrap().with_compression(compression);
            encoder.write_image::<colortype::$color>(33, 21, image.as_slice().unwrap()).unwrap();
            let stack = open(&path, FileFormat::Tiff, Some(&axes("YX")), &options(true)).unwrap().remove(0);
            typed_reads_suite(&*stack, to_canonical(image.view(), &axes("YX")).unwrap().view());
        })*};
    }
    check!(Gray32: u32, Gray64: u64, GrayI32: i32, GrayI64: i64, Gray64Float: f64);
}

/// Slices that become channels as they are keep their type.
#[test]
fn slices_are_read_as_they_are() {
    for pixel_type in WIDE.into_iter().filter(|wide| *wide != PixelType::F64) {
        with_pixel!(pixel_type, T => {
            let volume = wide_ramp::<T>(&[2, 5, 7, 6]);
            // Every slice of every channel with its neighbours, which end where the volume does.
            let expected = ArrayD::from_shape_fn(vec![5, 6, 7, 6], |at| {
                let slice = (at[0] + at[1] % 3).saturating_sub(1).min(4);
                volume[[at[1] / 3, slice, at[2], at[3]]]
            });
            let stack = ArrayStack::new(volume, &axes("CZYX")).unwrap();
            let spec = ChannelSpec::builder().identity(&[-1, 0, 1]).build().unwrap();
            let slices = SliceStack::new(&stack, spec, SliceOptions::default()).unwrap();
            typed_reads_suite(&slices, expected.view());
        });
    }
}

/// A source that only delivers `f32`, and tells about it or not.
struct Plain<S> {
    stack: S,
    tells: bool,
}

impl<S: ImageStack> ImageStack for Plain<S> {
    fn info(&self) -> &StackInfo {
        self.stack.info()
    }

    fn read_inside(&self, window: &InsideWindow<'_>, out: PatchViewMut<'_>) -> Result<(), StackError> {
        self.stack.read_inside(window, out)
    }

    fn exactness(&self, window: &InsideWindow<'_>) -> Result<Exactness, StackError> {
        if self.tells { self.stack.exactness(window) } else { Ok(Exactness::Unknown) }
    }
}

#[test]
fn sources_of_f32_hand_out_nothing_rounded() {
    for pixel_type in PixelType::ALL {
        for tells in [false, true] {
            with_pixel!(pixel_type, T => {
                let plain = |image: &ArrayD<T>| {
                    Plain { stack: ArrayStack::new(image.clone(), &axes("CYX")).unwrap(), tells }
                };
                let small = ramp::<T>(&[2, 9, 11]);
                let expected = to_canonical(small.view(), &axes("CYX")).unwrap();
                typed_reads_suite(&plain(&small), expected.view());
                typed_reads_suite(&Arc::new(Box::new(plain(&small))), expected.view());

                let wide = wide_ramp::<T>(&[2, 9, 11]);
                let stack = plain(&wide);
                image_stack_suite(&stack, canonical_f32(&wide, &axes("CYX")).unwrap().view());
                let read = stack.read_typed(0, None, &Region::whole(stack.info().shape().extent));
                let is_refused = matches!(&read, Err(StackError::Inexact { .. }));
                assert_eq!(is_refused, !pixel_type.fits_f32(), "{pixel_type}: {read:?}");
            });
        }
    }
}
