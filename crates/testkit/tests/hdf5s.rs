//! HDF5 files: datasets of every type and layout, those of ilastik, Imaris and BigDataViewer, links, and damaged files.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use std::fs;
use std::path::Path;

use hdf5_writer::{
    AttributeBuilder, ByteOrder, DatasetBuilder, FILTER_DEFLATE, FILTER_FLETCHER32, FILTER_SHUFFLE,
    FilterDescription, H5WriteElement, Hdf5Builder, WriteOptions,
};
use ndarray::{Array4, ArrayD, Axis, s};
use patchweave_formats::{FileFormat, Formats, OpenOptions, OpenRequest, Pyramid, open};
use patchweave_geometry::{Axes, Region};
use patchweave_pixel::{Pixel, PixelType};
use patchweave_stack::{ImageStack, ImageStackExt, StackError};
use patchweave_testkit::{canonical_f32, image_stack_suite, mutations, ramp, real_data, survive};

/// Damaged copies of every file, and as many with a damaged head.
const N_CASES: usize = 300;

fn filter(id: u16) -> FilterDescription {
    let client_data = if id == FILTER_DEFLATE { vec![4] } else { Vec::new() };
    FilterDescription { id, name: None, client_data }
}

fn write(path: &Path, builder: Hdf5Builder) {
    write_in(path, builder, ByteOrder::LittleEndian);
}

fn write_in(path: &Path, builder: Hdf5Builder, byte_order: ByteOrder) {
    let options = WriteOptions { byte_order, ..WriteOptions::default() };
    fs::write(path, builder.into_plan().unwrap().encode(options).unwrap()).unwrap();
}

fn sizes(shape: &[usize]) -> Vec<u64> {
    shape.iter().map(|&size| size as u64).collect()
}

fn dataset<T: H5WriteElement + Pixel>(name: &str, array: &ArrayD<T>, order: ByteOrder) -> DatasetBuilder {
    let values: Vec<T> = array.iter().copied().collect();
    DatasetBuilder::typed_with_order::<T>(name, sizes(array.shape()), order).data(&values).unwrap()
}

fn options(map_files: bool) -> OpenOptions {
    let mut options = OpenOptions::default();
    options.map_files = map_files;
    options
}

fn all(path: &Path, axes: Option<&Axes>, options: &OpenOptions) -> Result<Vec<Pyramid>, StackError> {
    let mut request = OpenRequest::new(path, options);
    (request.axes, request.n_levels) = (axes, None);
    Formats::default().open("hdf5", &request)
}

/// Read in place or decoded, pixels that a file has lost are an error that names it.
#[test]
fn a_file_that_shrinks_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let axes: Axes = "YX".parse().unwrap();
    let array = ramp::<u16>(&[300, 400]);
    for is_chunked in [false, true] {
        for map_files in [true, false] {
            let path = folder.path().join("image.h5");
            let layout = dataset("raw", &array, ByteOrder::LittleEndian);
            let layout = if is_chunked { layout.chunked([100_u64, 400]) } else { layout };
            write(&path, Hdf5Builder::new().dataset(layout));
            let mut options = OpenOptions::with_cache_bytes(0);
            options.map_files = map_files;
            let stack = open(&path, FileFormat::Hdf5, Some(&axes), &options).unwrap().remove(0);
            let read = || stack.read_patch(0, None, &Region::whole(stack.info().shape().extent));
            assert!(read().is_ok());
            fs::File::options().write(true).open(&path).unwrap().set_len(5000).unwrap();
            let error = read().unwrap_err();
            assert!(error.to_string().contains("image.h5"), "{error}");
            if map_files && !is_chunked {
                let cause = std::error::Error::source(&error).unwrap().to_string();
                assert!(cause.starts_with("the file has 5000 bytes now, expected at least"), "{cause}");
            }
        }
    }
}

fn conforms<T: H5WriteElement + Pixel>(folder: &Path) {
    let axes: Axes = "CZYX".parse().unwrap();
    let array = ramp::<T>(&[2, 5, 23, 17]);
    let expected = canonical_f32(&array, &axes).unwrap();
    for order in [ByteOrder::LittleEndian, ByteOrder::BigEndian] {
        let plain = || dataset("group/raw", &array, order);
        let filtered = plain()
            .chunked([1_u64, 2, 8, 17])
            .filter(filter(FILTER_SHUFFLE))
            .filter(filter(FILTER_DEFLATE))
            .filter(filter(FILTER_FLETCHER32));
        for (layout, is_chunked) in
            [(plain(), false), (plain().chunked([2_u64, 2, 9, 5]), true), (filtered, true)]
        {
            let path = folder.join("image.h5");
            write_in(&path, Hdf5Builder::new().dataset(layout), order);
            for map_files in [true, false] {
                for path in [path.clone(), path.join("group"), path.join("group/raw")] {
                    let stacks = open(&path, FileFormat::Hdf5, Some(&axes), &options(map_files)).unwrap();
                    assert_eq!((stacks.len(), stacks[0].info().pixel_type), (1, T::TYPE));
                    assert_eq!(stacks[0].info().chunks.is_some(), is_chunked);
                    image_stack_suite(&*stacks[0], expected.view());
                }
            }
        }
    }
}

#[test]
fn every_type_and_layout_conforms() {
    let folder = tempfile::tempdir().unwrap();
    conforms::<u8>(folder.path());
    conforms::<u16>(folder.path());
    conforms::<u32>(folder.path());
    conforms::<u64>(folder.path());
    conforms::<i8>(folder.path());
    conforms::<i16>(folder.path());
    conforms::<i32>(folder.path());
    conforms::<i64>(folder.path());
    conforms::<f32>(folder.path());
    conforms::<f64>(folder.path());
}

#[test]
fn what_is_stored_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image.h5");
    let array = ramp::<u16>(&[6, 7]);
    let chunked = dataset("raw", &array, ByteOrder::LittleEndian)
        .chunked([4_u64, 4])
        .filter(filter(FILTER_SHUFFLE))
        .filter(filter(FILTER_DEFLATE));
    write(&path, Hdf5Builder::new().dataset(chunked));
    let stack =
        open(&path, FileFormat::Hdf5, Some(&"YX".parse().unwrap()), &options(true)).unwrap().remove(0);
    let info = stack.info();
    assert_eq!(info.compression.as_deref(), Some("shuffle+deflate"));
    assert_eq!((info.chunks.as_deref(), info.format.as_deref()), (Some(&[4, 4][..]), Some("HDF5")));
    assert_eq!(info.source, path.join("raw").display().to_string());
}

#[test]
fn a_place_is_needed_where_there_are_several() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image.h5");
    let array = |n| ramp::<u8>(&[n, 7]);
    let builder = Hdf5Builder::new()
        .dataset(dataset("a/raw", &array(3), ByteOrder::LittleEndian))
        .dataset(dataset("labels", &array(4), ByteOrder::LittleEndian))
        .dataset(dataset("histogram", &ramp::<u8>(&[5]), ByteOrder::LittleEndian));
    write(&path, builder);
    let axes: Axes = "YX".parse().unwrap();
    let error = |place: &str| {
        let path = if place.is_empty() { path.clone() } else { path.join(place) };
        open(&path, FileFormat::Hdf5, Some(&axes), &options(true)).err().unwrap().to_string()
    };
    let several = error("");
    assert!(
        several.contains("choosing among 2 datasets (labels [4, 7], a/raw [3, 7]) is not supported"),
        "{several}"
    );
    assert!(several.ends_with("name a dataset in the path, as in volume.h5/group/raw"), "{several}");
    for place in ["a/other", "other", "a/raw/deeper"] {
        assert!(error(place).contains("image.h5"), "{}", error(place));
    }
    let stack = open(&path.join("a/raw"), FileFormat::Hdf5, Some(&axes), &options(true)).unwrap().remove(0);
    image_stack_suite(&*stack, canonical_f32(&array(3), &axes).unwrap().view());
    let missing =
        open(&folder.path().join("no.h5"), FileFormat::Hdf5, Some(&axes), &options(true)).err().unwrap();
    assert!(missing.to_string().contains("no.h5 does not exist"), "{missing}");
}

#[test]
fn ilastik_names_its_axes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("probabilities.h5");
    let array = ramp::<f32>(&[20, 18, 3]);
    let tags = r#"{"axes": [{"key": "y"}, {"key": "x"}, {"key": "c"}]}"#;
    let results = dataset("exported_data", &array, ByteOrder::LittleEndian)
        .attribute(AttributeBuilder::fixed_string("axistags", tags));
    let other = dataset("other", &ramp::<u8>(&[4, 4]), ByteOrder::LittleEndian);
    write(&path, Hdf5Builder::new().dataset(other).dataset(results));
    let stack = open(&path, FileFormat::Hdf5, None, &options(true)).unwrap().remove(0);
    assert_eq!(stack.info().layout.axes().to_string(), "YXC");
    image_stack_suite(&*stack, canonical_f32(&array, stack.info().layout.axes()).unwrap().view());
    let error = open(&path, FileFormat::Hdf5, Some(&"CYX".parse().unwrap()), &options(true)).err().unwrap();
    assert!(error.to_string().contains("got axes CYX, the file's own metadata says YXC"), "{error}");
}

/// Imaris stores chunks whole; what sticks out of the image is no part of it.
#[test]
fn imaris_has_times_channels_and_levels() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cells.ims");
    let mut builder = Hdf5Builder::new();
    let mut expected = Vec::new();
    let letters = |text: &str| text.chars().map(String::from).collect::<Vec<_>>();
    for (level, size) in [[5, 20, 18], [3, 10, 9]].into_iter().enumerate() {
        let image = ramp::<u16>(&[&[2, 3][..], &size[..]].concat());
        for (t, times) in image.axis_iter(Axis(0)).enumerate() {
            for (c, volume) in times.axis_iter(Axis(0)).enumerate() {
                let mut padded = ArrayD::<u16>::from_elem(vec![8, 24, 24], 7);
                padded.slice_mut(s![..size[0], ..size[1], ..size[2]]).assign(&volume);
                let group = format!("DataSet/ResolutionLevel {level}/TimePoint {t}/Channel {c}");
                let data = dataset(&format!("{group}/Data"), &padded, ByteOrder::LittleEndian)
                    .chunked([4_u64, 8, 8])
                    .filter(filter(FILTER_DEFLATE));
                builder = builder.dataset(data);
                for (name, n) in ["ImageSizeZ", "ImageSizeY", "ImageSizeX"].iter().zip(size) {
                    let text = AttributeBuilder::fixed_string_vector(*name, &letters(&n.to_string()));
                    builder = builder.group_attribute(&group, text.unwrap());
                }
            }
        }
        expected.push(image);
    }
    let info = [
        ("Unit", "um"),
        ("X", "18"),
        ("Y", "20"),
        ("Z", "5"),
        ("ExtMin0", "-9"),
        ("ExtMax0", "9"),
        ("ExtMin1", "0"),
        ("ExtMax1", "10"),
        ("ExtMin2", "0"),
        ("ExtMax2", "10"),
    ];
    for (name, value) in info {
        let text = AttributeBuilder::fixed_string_vector(name, &letters(value)).unwrap();
        builder = builder.group_attribute("DataSetInfo/Image", text);
    }
    write(&path, builder);
    let images = all(&path, None, &options(true)).unwrap();
    assert_eq!((images.len(), images[0].len()), (1, 2));
    for (stack, image) in images[0].iter().zip(&expected) {
        assert_eq!(stack.info().layout.axes().to_string(), "TCZYX");
        image_stack_suite(&**stack, canonical_f32(image, stack.info().layout.axes()).unwrap().view());
    }
    let info = images[0][0].info();
    assert_eq!(info.pixel_size.map(|size| size.as_slice().to_vec()), Some(vec![2.0, 0.5, 1.0]));
    assert_eq!(info.format.as_deref(), Some("Imaris HDF5"));
    assert!(images[0][1].info().pixel_size.is_none());

    let inside = path.join("DataSet/ResolutionLevel 1/TimePoint 1/Channel 2/Data");
    let stack =
        open(&inside, FileFormat::Hdf5, Some(&"ZYX".parse().unwrap()), &options(true)).unwrap().remove(0);
    assert_eq!(stack.info().layout.shape(), [8, 24, 24]);
}

#[test]
fn big_data_viewer_has_setups() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("embryo.h5");
    let mut builder = Hdf5Builder::new();
    let image = |setup: usize, level: usize| {
        // Negative as declared, 32768 and more as meant.
        let shape = [3, 4 + setup, 16 >> level, 12 >> level];
        ramp::<i16>(&shape).mapv(|pixel| if pixel % 2 == 0 { pixel } else { pixel.wrapping_add(i16::MIN) })
    };
    for setup in 0..2 {
        let resolutions = ramp::<f64>(&[2, 3]);
        builder = builder.dataset(dataset(
            &format!("s{setup:02}/resolutions"),
            &resolutions,
            ByteOrder::LittleEndian,
        ));
        for level in 0..2 {
            for (t, volume) in image(setup, level).axis_iter(Axis(0)).enumerate() {
                let name = format!("t{t:05}/s{setup:02}/{level}/cells");
                let cells =
                    dataset(&name, &volume.to_owned(), ByteOrder::LittleEndian).chunked([2_u64, 5, 5]);
                builder = builder.dataset(cells.filter(filter(FILTER_DEFLATE)));
            }
        }
    }
    write(&path, builder);
    let images = all(&path, None, &options(false)).unwrap();
    assert_eq!(images.iter().map(Vec::len).collect::<Vec<_>>(), [2, 2]);
    for (setup, levels) in images.iter().enumerate() {
        for (level, stack) in levels.iter().enumerate() {
            assert_eq!(stack.info().layout.axes().to_string(), "TZYX");
            assert_eq!(stack.info().pixel_type, PixelType::U16);
            let unsigned = image(setup, level).mapv(i16::cast_unsigned);
            assert!(unsigned.iter().any(|&pixel| pixel >= 1 << 15));
            let expected = canonical_f32(&unsigned, stack.info().layout.axes()).unwrap();
            image_stack_suite(&**stack, expected.view());
        }
    }
    let axes: Axes = "TZYX".parse().unwrap();
    let own = options(true);
    let mut wanted = OpenRequest::new(&path, &own);
    (wanted.axes, wanted.n_levels) = (Some(&axes), Some(3));
    let error = Formats::default().open("hdf5", &wanted).err().unwrap();
    assert!(matches!(error, StackError::TooFewLevels { got: 2, expected: 3, .. }), "{error}");
}

#[test]
fn missing_chunks_read_as_the_fill_value_and_limits_hold() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("empty.h5");
    let empty = DatasetBuilder::typed::<u16>("raw", vec![40_u64, 50])
        .chunked([16_u64, 16])
        .fill_value(9_u16.to_le_bytes());
    let axes: Axes = "YX".parse().unwrap();
    write(&path, Hdf5Builder::new().dataset(empty));
    let stack = open(&path, FileFormat::Hdf5, Some(&axes), &options(true)).unwrap().remove(0);
    let pixels = stack.read_patch(0, None, &Region::whole(stack.info().shape().extent)).unwrap();
    assert_eq!(pixels, Array4::from_elem([1, 1, 40, 50], 9.0));
    let large = dataset("raw", &ramp::<u16>(&[40, 50]), ByteOrder::LittleEndian).chunked([40_u64, 50]);
    write(&path, Hdf5Builder::new().dataset(large));
    let mut small = OpenOptions::default();
    small.decoded_chunk_bytes = 3999;
    let error = open(&path, FileFormat::Hdf5, Some(&axes), &small).err().unwrap();
    assert!(matches!(error, StackError::ChunkTooLarge { limit: 3999, .. }), "{error}");
}

/// A search that was given up must not choose: what it found may not be all there is.
#[test]
fn too_many_datasets_are_not_chosen_from() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("many.h5");
    let deep = ["g"; 20].join("/");
    let small = ramp::<u8>(&[2, 3]);
    let row = ramp::<u8>(&[3]);
    let deeply = Hdf5Builder::new()
        .dataset(dataset("raw", &small, ByteOrder::LittleEndian))
        .dataset(dataset(&format!("{deep}/other"), &small, ByteOrder::LittleEndian));
    let many = (0..1001).fold(
        Hdf5Builder::new().dataset(dataset("raw", &small, ByteOrder::LittleEndian)),
        |builder, number| builder.dataset(dataset(&format!("row{number}"), &row, ByteOrder::LittleEndian)),
    );
    for builder in [deeply, many] {
        write(&path, builder);
        let axes: Axes = "YX".parse().unwrap();
        let error = open(&path, FileFormat::Hdf5, Some(&axes), &options(true)).err().unwrap();
        assert!(matches!(error, StackError::Unsupported { .. }), "{error}");
        assert!(error.to_string().contains("too many to choose from, name one"), "{error}");
        let named = open(&path.join("raw"), FileFormat::Hdf5, Some(&axes), &options(true));
        assert_eq!(named.unwrap().len(), 1);
    }
}

/// Whatever a damaged file says, it is refused or read; nothing panics.
#[test]
fn damaged_files_are_refused_or_read() {
    let array = ramp::<u16>(&[9, 12]);
    let plain = |name: &str| dataset(name, &array, ByteOrder::LittleEndian);
    let forms = [
        Hdf5Builder::new().dataset(plain("raw")),
        Hdf5Builder::new().dataset(plain("a/raw").chunked([4_u64, 4]).filter(filter(FILTER_DEFLATE))),
        Hdf5Builder::new().dataset(
            plain("raw").chunked([4_u64, 4]).filter(filter(FILTER_SHUFFLE)).filter(filter(FILTER_FLETCHER32)),
        ),
    ];
    let mut files: Vec<Vec<u8>> = forms
        .into_iter()
        .map(|form| form.into_plan().unwrap().encode(WriteOptions::default()).unwrap())
        .collect();
    // Chunks behind every filter that is decoded, virtual datasets, and types that are no plain numbers.
    for name in ["filters.h5", "types.h5", "virtual_latest.h5"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../formats/tests/hdf5");
        files.push(fs::read(folder.join(name)).unwrap());
    }
    if let Some(real) = real_data() {
        files.push(fs::read(real.join("e_zarr_hdf5/ilastik_probabilities.h5")).unwrap());
        files.push(fs::read(real.join("e_zarr_hdf5/imaris_hdf5/image--C00--T00000.h5")).unwrap());
    }
    let read = |path: &Path, case: usize| -> Result<(), StackError> {
        let mut own = options(case.is_multiple_of(2));
        own.decoded_chunk_bytes = 1 << 24;
        let yx: Axes = "YX".parse().unwrap();
        let images = match all(path, None, &own).or_else(|_| all(path, Some(&yx), &own)) {
            // Where there are several datasets, every one is read that is called as in the files above.
            Err(StackError::Unsupported { what, .. }) if what.starts_with("choosing among") => {
                let names = what.split(['(', ',']).filter_map(|part| part.trim().split(" [").next());
                let open = names.filter_map(|name| all(&path.join(name), Some(&yx), &own).ok());
                open.flatten().collect()
            }
            other => other?,
        };
        for stack in images.iter().flatten() {
            let extent = stack.info().shape().extent;
            if extent.n_pixels() <= 1 << 24 {
                stack.read_patch(0, None, &Region::whole(extent))?;
            }
        }
        Ok(())
    };
    let survived = (0..).zip(&files).map(|(seed, file)| {
        // Pixels are most of a file, so its first bytes are damaged more often.
        let head = file.len().min(4000);
        let heads =
            mutations(seed + 10, &file[..head], N_CASES).map(|start| [&start, &file[head..]].concat());
        survive(&format!("file {seed}"), "h5", file, mutations(seed, file, N_CASES).chain(heads), read)
    });
    let (n_read, n_refused) = survived.fold((0, 0), |sum, one| (sum.0 + one.n_read, sum.1 + one.n_refused));
    assert!(n_read > 50 && n_refused > 50, "{n_read} read, {n_refused} refused");
}

fn whole(stack: &dyn ImageStack, sample_idx: usize) -> Array4<f32> {
    stack.read_patch(sample_idx, None, &Region::whole(stack.info().shape().extent)).unwrap()
}

fn sum(pixels: &Array4<f32>) -> f64 {
    pixels.iter().copied().map(f64::from).sum()
}

/// The sum of all pixels and two of them as h5py 3.16.0 reads them.
const ILASTIK: (f64, f32, f32) = (15886522.0, 68.0, 28.0);

/// For every level and time point the sum and the pixel at (5, 50, 60), likewise.
const IMARIS: [[(f64, f32); 3]; 2] = [
    [(247864493.0, 190.0), (247872255.0, 183.0), (247942500.0, 186.0)],
    [(29801647.0, 190.0), (29806421.0, 190.0), (29821174.0, 191.0)],
];

#[test]
fn real_files_have_the_pixels_that_h5py_reads() {
    let Some(folder) = real_data().map(|folder| folder.join("e_zarr_hdf5")) else { return };
    let path = folder.join("ilastik_probabilities.h5");
    let stack = open(&path, FileFormat::Hdf5, None, &options(true)).unwrap().remove(0);
    let info = stack.info();
    assert_eq!((info.layout.axes().to_string().as_str(), info.layout.shape()), ("YXC", &[250, 250, 2][..]));
    assert_eq!(info.compression.as_deref(), Some("deflate"));
    let pixels = whole(&*stack, 0);
    assert_eq!((sum(&pixels), pixels[[0, 0, 100, 120]], pixels[[1, 0, 7, 201]]), ILASTIK);

    let images = all(&folder.join("imaris_hdf5/image.ims"), None, &options(true)).unwrap();
    assert_eq!((images.len(), images[0].len()), (1, 2));
    let shapes: Vec<_> = images[0].iter().map(|stack| stack.info().layout.shape().to_vec()).collect();
    assert_eq!(shapes, [[3, 1, 27, 226, 186], [3, 1, 13, 113, 93]]);
    let size = images[0][0].info().pixel_size.map(|size| size.as_slice().to_vec());
    assert_eq!(size, Some(vec![10.0, 1.0, 1.0]));
    for (level, stack) in images[0].iter().enumerate() {
        for (time, expected) in IMARIS[level].into_iter().enumerate() {
            let pixels = whole(&**stack, time);
            assert_eq!((sum(&pixels), pixels[[0, 5, 50, 60]]), expected, "level {level}, time {time}");
        }
    }
    let volume = all(&folder.join("imaris_hdf5/image--C00--T00001.h5"), None, &options(false)).unwrap();
    assert_eq!((volume[0].len(), volume[0][0].info().layout.axes().to_string().as_str()), (2, "ZYX"));
    assert_eq!(whole(&*volume[0][0], 0), whole(&*images[0][0], 1));
}

/// Links lead to files beside their own, and a missing one is named.
#[test]
fn links_stay_in_their_folder() {
    let Some(real) = real_data().map(|folder| folder.join("e_zarr_hdf5/imaris_hdf5")) else { return };
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("data");
    fs::create_dir(&inner).unwrap();
    let path = inner.join("image.ims");
    fs::copy(real.join("image.ims"), &path).unwrap();
    let text = |error: StackError| {
        let mut text = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        text
    };
    let error = text(all(&path, None, &options(true)).err().unwrap());
    assert!(error.contains("image.ims") && error.contains("image--C00--T00000.h5"), "{error}");
    // A name of the same length that leads outside.
    let bytes = fs::read(&path).unwrap();
    let inside = b"./image--C00--T00000.h5";
    let outside = b"../mage--C00--T00000.h5";
    let at = bytes.windows(inside.len()).position(|window| window == inside).unwrap();
    let mut changed = bytes.clone();
    changed[at..at + outside.len()].copy_from_slice(outside);
    fs::write(&path, changed).unwrap();
    let error = text(all(&path, None, &options(true)).err().unwrap());
    assert!(error.contains("outside of the folder") || error.contains("checksum"), "{error}");

    // Where it is allowed, it is followed.
    for time in 0..3 {
        let name = format!("image--C00--T0000{time}.h5");
        fs::copy(real.join(&name), inner.join(&name)).unwrap();
    }
    fs::copy(real.join("image--C00--T00000.h5"), folder.path().join("mage--C00--T00000.h5")).unwrap();
    let mut outside = options(true);
    outside.links_outside = true;
    let followed = all(&path, None, &outside).unwrap();
    let expected = all(&real.join("image.ims"), None, &outside).unwrap();
    assert_eq!(whole(&*followed[0][1], 0), whole(&*expected[0][1], 0));
}
