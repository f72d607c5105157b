//! NPY and NPZ files: every type, both orders of bytes and of dimensions, mapped or not, and damaged ones.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use half::f16;
use ndarray::{ArrayD, IxDyn};
use patchweave_formats::{ChunkCache, FileFormat, FilePool, OpenOptions, open};
use patchweave_geometry::{Axes, Region};
use patchweave_pixel::{Pixel, PixelType};
use patchweave_stack::{ImageStackExt, PixelSize, StackError};
use patchweave_testkit::{canonical_f32, image_stack_suite, mutations, ramp, real_data, survive};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// A value as the bytes of a file.
trait Bytes: Pixel {
    const NAME: &'static str;
    fn little(self) -> Vec<u8>;
}

macro_rules! bytes {
    ($($type:ty => $name:literal),*) => {$(
        impl Bytes for $type {
            const NAME: &'static str = $name;
            fn little(self) -> Vec<u8> {
                self.to_le_bytes().to_vec()
            }
        }
    )*};
}

bytes!(u8 => "u1", u16 => "u2", u32 => "u4", u64 => "u8", i8 => "i1", i16 => "i2", i32 => "i4", i64 => "i8",
    f16 => "f2", f32 => "f4", f64 => "f8");

impl Bytes for bool {
    const NAME: &'static str = "b1";
    fn little(self) -> Vec<u8> {
        vec![u8::from(self)]
    }
}

/// How an array is written.
#[derive(Debug, Clone, Copy)]
struct Form {
    version: u8,
    is_big: bool,
    is_fortran: bool,
}

const FORMS: [Form; 4] = [
    Form { version: 1, is_big: false, is_fortran: false },
    Form { version: 2, is_big: true, is_fortran: false },
    Form { version: 3, is_big: false, is_fortran: true },
    Form { version: 1, is_big: true, is_fortran: true },
];

fn npy<T: Bytes>(array: &ArrayD<T>, form: Form) -> Vec<u8> {
    let order = if form.is_big { '>' } else { '<' };
    let truth = if form.is_fortran { "True" } else { "False" };
    let shape: String = array.shape().iter().map(|n| format!("{n}, ")).collect();
    let name = T::NAME;
    let mut header = format!("{{'descr': '{order}{name}', 'fortran_order': {truth}, 'shape': ({shape}), }}");
    // An odd length, so that values are not aligned.
    header.push_str("  \n");
    let mut bytes = b"\x93NUMPY".to_vec();
    bytes.extend([form.version, 0]);
    let len = u32::try_from(header.len()).unwrap().to_le_bytes();
    bytes.extend(&len[..if form.version == 1 { 2 } else { 4 }]);
    bytes.extend(header.as_bytes());
    let array = if form.is_fortran { array.t() } else { array.view() };
    for value in array.iter() {
        let mut value = value.little();
        if form.is_big {
            value.reverse();
        }
        bytes.extend(value);
    }
    bytes
}

fn in_blocks(n_bytes: usize) -> OpenOptions {
    let mut options = OpenOptions::default();
    (options.map_files, options.decoded_chunk_bytes) = (false, n_bytes);
    options
}

fn conforms<T: Bytes>(folder: &Path) {
    let axes: Axes = "CZYX".parse().unwrap();
    let array = ramp::<T>(&[3, 4, 23, 17]);
    let expected = canonical_f32(&array, &axes).unwrap();
    for form in FORMS {
        let path = folder.join("image.npy");
        fs::write(&path, npy(&array, form)).unwrap();
        for options in [OpenOptions::default(), in_blocks(1 << 20), in_blocks(1000), in_blocks(8)] {
            let stacks = open(&path, FileFormat::Npy, Some(&axes), &options).unwrap();
            assert_eq!((stacks.len(), stacks[0].info().pixel_type), (1, T::TYPE));
            image_stack_suite(&*stacks[0], expected.view());
        }
    }
}

#[test]
fn every_type_order_and_version_conforms() {
    let folder = tempfile::tempdir().unwrap();
    conforms::<u8>(folder.path());
    conforms::<u16>(folder.path());
    conforms::<u32>(folder.path());
    conforms::<u64>(folder.path());
    conforms::<i8>(folder.path());
    conforms::<i16>(folder.path());
    conforms::<i32>(folder.path());
    conforms::<i64>(folder.path());
    conforms::<f16>(folder.path());
    conforms::<f32>(folder.path());
    conforms::<f64>(folder.path());
    conforms::<bool>(folder.path());
}

fn archive(path: &Path, members: &[(&str, Vec<u8>)], method: CompressionMethod) {
    let mut zip = ZipWriter::new(File::create(path).unwrap());
    for (name, bytes) in members {
        zip.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
}

#[test]
fn archives_hold_one_image_per_array() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("arrays.npz");
    let axes: Axes = "ZYX".parse().unwrap();
    let raw = ramp::<u16>(&[3, 20, 21]);
    let clean = ramp::<f32>(&[3, 20, 21]);
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        for form in FORMS {
            let members =
                [("raw.npy", npy(&raw, form)), ("notes.txt", vec![1]), ("a/clean.npy", npy(&clean, form))];
            archive(&path, &members, method);
            for options in [OpenOptions::default(), in_blocks(1 << 20)] {
                let stacks = open(&path, FileFormat::Npy, Some(&axes), &options).unwrap();
                let names: Vec<_> = stacks.iter().map(|stack| stack.info().source.clone()).collect();
                let name = |inside: &str| path.join(inside).display().to_string();
                assert_eq!(names, [name("a/clean"), name("raw")]);
                image_stack_suite(&*stacks[0], canonical_f32(&clean, &axes).unwrap().view());
                image_stack_suite(&*stacks[1], canonical_f32(&raw, &axes).unwrap().view());
                let one = open(&path.join("raw"), FileFormat::Npy, Some(&axes), &options).unwrap();
                assert_eq!((one.len(), one[0].info().pixel_type), (1, PixelType::U16));
                let compression = one[0].info().compression.as_deref();
                assert_eq!(compression, (method == CompressionMethod::Deflated).then_some("deflate"));
            }
        }
    }
    let missing =
        open(&path.join("other"), FileFormat::Npy, Some(&axes), &OpenOptions::default()).err().unwrap();
    assert!(missing.to_string().ends_with("other: got no such array, expected a/clean, raw"), "{missing}");
    let small = in_blocks(1000);
    let error = open(&path, FileFormat::Npy, Some(&axes), &small).err().unwrap();
    assert!(matches!(error, StackError::ChunkTooLarge { .. }), "{error}");
}

#[test]
fn a_mapped_array_is_never_copied_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("huge.npy");
    // 1 TiB, of which only the header is written.
    let header = "{'descr': '<u2', 'fortran_order': False, 'shape': (2048, 16384, 16384)}\n";
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(u16::try_from(header.len()).unwrap().to_le_bytes());
    bytes.extend(header.as_bytes());
    let len = bytes.len() as u64 + (1 << 40);
    fs::write(&path, bytes).unwrap();
    let is_sparse = File::options().write(true).open(&path).and_then(|file| file.set_len(len));
    if is_sparse.is_err() {
        println!("skipped: the file system has no files of 1 TiB");
        return;
    }
    let axes: Axes = "ZYX".parse().unwrap();
    for map_files in [true, false] {
        let mut options = OpenOptions::default();
        options.cache = ChunkCache::new(16 << 20);
        options.map_files = map_files;
        let stack = open(&path, FileFormat::Npy, Some(&axes), &options).unwrap().remove(0);
        let end = patchweave_geometry::PerAxis::new(&[2046, 16_380, 16_380]).unwrap();
        let size = patchweave_geometry::Extent::new(&[2, 4, 4]).unwrap();
        let patch = stack.read_patch(0, None, &Region::new(end, size).unwrap()).unwrap();
        assert!(patch.iter().all(|&pixel| pixel == 0.0));
        let is_unread = options.cache.stats().n_decodes == 0;
        assert_eq!(is_unread, map_files);
    }
}

fn error_of(path: &Path, axes: Option<&str>) -> String {
    let axes: Option<Axes> = axes.map(|axes| axes.parse().unwrap());
    open(path, FileFormat::Npy, axes.as_ref(), &OpenOptions::default()).err().unwrap().to_string()
}

#[test]
fn what_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.npy");
    let shown = path.display();
    let bytes = npy(&ramp::<u16>(&[4, 5]), FORMS[0]);
    fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    assert_eq!(
        error_of(&path, Some("YX")),
        format!("{shown}: the values: got 39 bytes, expected 40 for [4, 5] values of uint16")
    );
    fs::write(&path, &bytes).unwrap();
    assert_eq!(
        error_of(&path, None),
        format!(
            "{shown}: the file names its dimensions of sizes [4, 5] only as ??; give axes that name all of them"
        )
    );
    let deep = folder.path().join("deep.npy");
    fs::write(&deep, npy(&ramp::<u16>(&[2, 4, 5]), FORMS[0])).unwrap();
    assert!(error_of(&deep, Some("YX")).contains("axes YX name 2 dimensions, the image has 3"));
    assert!(
        error_of(&path.join("raw"), Some("YX")).contains("a place inside of an NPY file is not supported")
    );
    assert!(error_of(&folder.path().join("b.npy"), Some("YX")).contains("b.npy does not exist"));
    let mut objects = bytes.clone();
    let at = bytes.windows(5).position(|window| window == b"'<u2'").unwrap();
    objects[at..at + 5].copy_from_slice(b"'|O' ");
    fs::write(&path, objects).unwrap();
    assert!(error_of(&path, Some("YX")).contains("Python objects"), "{}", error_of(&path, Some("YX")));
}

/// A member that promises more than its array has could decode without end.
#[test]
fn members_have_the_size_of_their_array() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("arrays.npz");
    let mut bytes = npy(&ramp::<u16>(&[4, 5]), FORMS[0]);
    bytes.extend(vec![0; 1 << 24]);
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        archive(&path, &[("a.npy", bytes.clone())], method);
        let error = error_of(&path, Some("YX"));
        assert!(error.contains(&format!("got a member of {} bytes", bytes.len())), "{error}");
    }
}

/// An image that is opened after its file was replaced reads the new file, also while the old image is open.
#[test]
fn a_replaced_file_is_read_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image.npy");
    let axes: Axes = "YX".parse().unwrap();
    let images = [ramp::<u16>(&[4, 5]), ramp::<u16>(&[4, 5]).mapv(|pixel| pixel + 100)];
    for mut options in [in_blocks(1 << 20), OpenOptions::default()] {
        options.cache = ChunkCache::new(0);
        options.files = FilePool::new(4);
        let stacks = images.clone().map(|image| {
            let other = folder.path().join("other.npy");
            fs::write(&other, npy(&image, FORMS[0])).unwrap();
            fs::rename(&other, &path).unwrap();
            let stack = open(&path, FileFormat::Npy, Some(&axes), &options).unwrap().remove(0);
            image_stack_suite(&*stack, canonical_f32(&image, &axes).unwrap().view());
            stack
        });
        for (stack, image) in stacks.iter().zip(&images) {
            image_stack_suite(&**stack, canonical_f32(image, &axes).unwrap().view());
        }
        drop(stacks);
        assert!(options.files.held().is_empty());
    }
}

/// Mapped or not, values that a file has lost are an error that names it.
#[test]
fn a_file_that_shrinks_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let axes: Axes = "YX".parse().unwrap();
    let values = npy(&ramp::<u16>(&[300, 400]), FORMS[0]);
    for name in ["a.npy", "stored.npz", "deflated.npz"] {
        for map_files in [true, false] {
            let path = folder.path().join(name);
            match name {
                "a.npy" => fs::write(&path, &values).unwrap(),
                "stored.npz" => archive(&path, &[("a.npy", values.clone())], CompressionMethod::Stored),
                _ => archive(&path, &[("a.npy", values.clone())], CompressionMethod::Deflated),
            }
            let mut options = OpenOptions::with_cache_bytes(0);
            options.map_files = map_files;
            let stack = open(&path, FileFormat::Npy, Some(&axes), &options).unwrap().remove(0);
            let read = || stack.read_patch(0, None, &Region::whole(stack.info().shape().extent));
            assert!(read().is_ok());
            File::options().write(true).open(&path).unwrap().set_len(5000).unwrap();
            let error = read().unwrap_err();
            assert!(error.to_string().contains(name), "{error}");
            if map_files && name != "deflated.npz" {
                let cause = std::error::Error::source(&error).unwrap().to_string();
                assert!(cause.starts_with("the file has 5000 bytes now, expected at least"), "{cause}");
            }
        }
    }
}

/// Whatever a damaged file says, it is refused or read; nothing panics and no memory is taken for what is not there.
#[test]
fn damaged_files_are_refused_or_read() {
    let folder = tempfile::tempdir().unwrap();
    let array = ramp::<u16>(&[2, 5, 6]);
    let zipped = folder.path().join("good.npz");
    archive(&zipped, &[("a.npy", npy(&array, FORMS[0]))], CompressionMethod::Deflated);
    let deflated = fs::read(&zipped).unwrap();
    archive(&zipped, &[("a.npy", npy(&array, FORMS[3]))], CompressionMethod::Stored);
    let stored = fs::read(&zipped).unwrap();
    let files = [npy(&array, FORMS[0]), npy(&array, FORMS[1]), npy(&array, FORMS[3]), deflated, stored];
    let axes: Axes = "ZYX".parse().unwrap();
    let read = |path: &Path, case: usize| -> Result<(), StackError> {
        let options = if case.is_multiple_of(2) { in_blocks(1 << 16) } else { OpenOptions::default() };
        for stack in open(path, FileFormat::Npy, Some(&axes), &options)? {
            stack.read_patch(0, None, &Region::whole(stack.info().shape().extent))?;
        }
        Ok(())
    };
    let survived = (0..).zip(&files).map(|(seed, file)| {
        // Headers and tables are damaged more often than values would let them be.
        let head = file.len().min(120);
        let heads = mutations(seed + 10, &file[..head], 300).map(|start| [&start, &file[head..]].concat());
        survive(&format!("file {seed}"), "npy", file, mutations(seed, file, 300).chain(heads), read)
    });
    let (n_read, n_refused) = survived.fold((0, 0), |sum, one| (sum.0 + one.n_read, sum.1 + one.n_refused));
    assert!(n_read > 100 && n_refused > 1000, "{n_read} read, {n_refused} refused");
}

#[test]
fn real_arrays_are_read() {
    let Some(folder) = real_data() else { return };
    let path = folder.join("f_onnx/unet2d_nuclei_broad/test_input.npy");
    let stack = open(&path, FileFormat::Npy, Some(&"SCYX".parse().unwrap()), &OpenOptions::default())
        .unwrap()
        .remove(0);
    let info = stack.info();
    assert_eq!((info.pixel_type, info.layout.shape()), (PixelType::F32, &[1, 1, 512, 512][..]));
    assert_eq!((info.format.as_deref(), info.pixel_size), (Some("NPY 1.0"), None::<PixelSize>));
    let bytes = fs::read(&path).unwrap();
    let values = bytes[bytes.len() - 4 * 512 * 512..].chunks_exact(4);
    let expected: Vec<f32> = values.map(|value| f32::from_le_bytes(value.try_into().unwrap())).collect();
    let expected = ArrayD::from_shape_vec(IxDyn(&[1, 1, 512, 512]), expected).unwrap();
    image_stack_suite(&*stack, expected.view());
}
