//! The conformance suite over arrays of every pixel type and, where they are at hand, over real files.
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use ndarray::{ArrayD, Axis, concatenate, s, stack};
use patchweave_formats::{FileFormat, Formats, OpenOptions, OpenRequest, open};
use patchweave_geometry::{Axes, Extent, PerAxis, Region};
use patchweave_pixel::{PixelType, with_pixel};
use patchweave_stack::{ArrayStack, ImageStack, ImageStackExt, StackError};
use patchweave_testkit::{RealFile, canonical_f32, image_stack_suite, ramp, real_data, real_files};

const AXES: [&str; 20] = [
    "YX", "XY", "SYX", "TYX", "CYX", "YXC", "ZYX", "XYZ", "CZYX", "ZYXC", "ZCYX", "TSYX", "STYX", "SCYX",
    "CYXT", "TZCYX", "STCZYX", "XCYS", "ZTCSYX", "YSXTZC",
];

fn size_of(letter: char) -> usize {
    match letter {
        'S' => 2,
        'T' | 'C' => 3,
        'Z' => 4,
        'Y' => 9,
        _ => 11,
    }
}

#[test]
fn arrays_of_every_type_and_order_conform() {
    for pixel_type in PixelType::ALL {
        for axes in AXES {
            let shape: Vec<usize> = axes.chars().map(size_of).collect();
            let axes: Axes = axes.parse().unwrap();
            with_pixel!(pixel_type, T => {
                let image = ramp::<T>(&shape);
                let expected = canonical_f32(&image, &axes).unwrap();
                let stack = ArrayStack::named(format!("{axes} {pixel_type}"), image, &axes).unwrap();
                assert_eq!(stack.info().pixel_type, pixel_type);
                image_stack_suite(&stack, expected.view());
            });
        }
    }
}

#[test]
fn single_pixels_and_columns_conform() {
    for (axes, shape) in [("YX", vec![1, 1]), ("CYX", vec![1, 1, 200]), ("ZYX", vec![7, 1, 1])] {
        let axes: Axes = axes.parse().unwrap();
        let image = ramp::<i32>(&shape);
        let expected = canonical_f32(&image, &axes).unwrap();
        image_stack_suite(&ArrayStack::new(image, &axes).unwrap(), expected.view());
    }
}

/// The values of an image with those along its dimensions in another order, `gap` foreign values behind each run; and
/// the strides that find them.
fn laid_out(image: &ArrayD<u16>, order: &[usize], gap: usize) -> (Vec<u16>, Vec<usize>) {
    let mut strides = vec![0; order.len()];
    let mut n_values = 1;
    for &dimension in order {
        strides[dimension] = n_values;
        n_values = n_values * image.shape()[dimension] + gap;
    }
    let mut values = vec![u16::MAX; n_values];
    for (place, value) in image.indexed_iter() {
        let at: usize = strides.iter().enumerate().map(|(dimension, stride)| place[dimension] * stride).sum();
        values[at] = *value;
    }
    (values, strides)
}

#[test]
fn memory_of_others_conforms_whatever_its_strides() {
    for (letters, order) in [
        ("YX", vec![0, 1]),
        ("YXC", vec![2, 0, 1]),
        ("CZYX", vec![1, 3, 0, 2]),
        ("TZCYX", vec![4, 3, 2, 1, 0]),
        ("STCZYX", vec![3, 5, 1, 0, 4, 2]),
    ] {
        let shape: Vec<usize> = letters.chars().map(size_of).collect();
        let axes: Axes = letters.parse().unwrap();
        let image = ramp::<u16>(&shape);
        let expected = canonical_f32(&image, &axes).unwrap();
        for gap in [0, 3] {
            let (values, strides) = laid_out(&image, &order, gap);
            let name = format!("{letters} {strides:?}");
            let stack = ArrayStack::<u16, _>::of_owner(name, values, &shape, Some(&strides), &axes).unwrap();
            image_stack_suite(&stack, expected.view());
        }
    }
}

#[test]
fn strides_that_do_not_fit_are_refused() {
    let axes: Axes = "YX".parse().unwrap();
    let refuse = |strides: &[usize]| {
        let stack = ArrayStack::<u8, _>::of_owner("shared", vec![0_u8; 12], &[3, 4], Some(strides), &axes);
        stack.map(|_| ()).unwrap_err().to_string()
    };
    for (strides, expected) in [
        (&[4][..], "shared: shape and strides: got 1 strides, expected 2 as there are sizes"),
        (&[4, 1, 1], "shared: shape and strides: got 3 strides, expected 2 as there are sizes"),
        (&[5, 1], "shared: shape and strides: got 12 values, expected at least 14"),
        (&[usize::MAX, 1], "shared: shape and strides: got 12 values, expected more than can be counted"),
        (&[usize::MAX / 2, 1], "shared: shape and strides: got 12 values, expected more than can be counted"),
    ] {
        assert_eq!(refuse(strides), expected);
    }
}

/// Gives fewer values from some time on.
struct Shrinking {
    values: Vec<u8>,
    n_asked: AtomicUsize,
}

impl AsRef<[u8]> for Shrinking {
    fn as_ref(&self) -> &[u8] {
        let is_first = self.n_asked.fetch_add(1, Ordering::Relaxed) == 0;
        &self.values[..if is_first { self.values.len() } else { 5 }]
    }
}

#[test]
fn an_owner_that_changes_its_length_is_refused() {
    let owner = Shrinking { values: vec![0; 12], n_asked: AtomicUsize::new(0) };
    let axes: Axes = "YX".parse().unwrap();
    let stack = ArrayStack::<u8, _>::of_owner("shared", owner, &[3, 4], None, &axes).unwrap();
    let whole = Region::whole(stack.info().shape().extent);
    let error = stack.read_patch(0, None, &whole).unwrap_err();
    assert_eq!(error.to_string(), "shared: the memory: got 5 values, expected 12 as before");
}

#[test]
#[should_panic(expected = "(index, got), expected")]
fn the_suite_notices_a_wrong_pixel() {
    let axes: Axes = "CYX".parse().unwrap();
    let image = ramp::<u8>(&[3, 5, 5]);
    let mut expected = canonical_f32(&image, &axes).unwrap();
    expected[[0, 2, 4, 4]] += 1.0;
    image_stack_suite(&ArrayStack::new(image, &axes).unwrap(), expected.view());
}

/// The letters of the manifest in ours: `S` are samples per pixel, `Q` and `I` pages of unknown meaning.
fn our_axes(file: &RealFile) -> Axes {
    let letters: String = file
        .axes
        .chars()
        .map(|letter| match letter {
            'S' => 'C',
            'Q' => 'Z',
            'I' => 'T',
            other => other,
        })
        .collect();
    letters.parse().unwrap()
}

/// The whole image as `SC(Z)YX`.
fn whole(image: &dyn ImageStack) -> ArrayD<f32> {
    let shape = image.info().shape();
    let samples: Vec<_> = (0..shape.n_samples)
        .map(|sample_idx| image.read_patch(sample_idx, None, &Region::whole(shape.extent)).unwrap())
        .collect();
    let views: Vec<_> = samples.iter().map(|sample| sample.view()).collect();
    stack(Axis(0), &views).unwrap().into_shape_with_order(shape.to_vec()).unwrap()
}

fn min_max_mean(image: &ArrayD<f32>) -> [f64; 3] {
    let values = || image.iter().map(|&value| f64::from(value));
    let mean = values().sum::<f64>() / image.len() as f64;
    [values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max), mean]
}

/// Files of the manifest that are refused, and what the error says.
const REFUSED: [(&str, &str); 3] = [
    ("hopper_lzma.tif", "LZMA compression of 8 bits is not supported"),
    ("multipage_multiple_frame_loop.tiff", "page 2: got the directory at byte 28 a second time"),
    ("zero_gi.tif", "page 0: got a height of 0"),
];

/// A file of 150 MB of pixels, which has a test of its own.
const LARGE: &str = "yb10kx5k.zstd.tiff";

#[test]
fn real_tiffs_conform() {
    let Some(folder) = real_data() else { return };
    let mut n_files = 0;
    for file in real_files(&folder).unwrap() {
        let categories = ["a_multichannel_2d", "b_stack_3d", "c_noisy", "d_tiff_zoo", "g_series"];
        let is_tiff =
            file.path.extension().is_some_and(|extension| extension == "tif" || extension == "tiff");
        let is_corrupt = file.path.iter().any(|part| part == "corrupt");
        if !(categories.contains(&file.category.as_str()) && is_tiff)
            || is_corrupt
            || file.path.ends_with(LARGE)
        {
            continue;
        }
        n_files += 1;
        let path = folder.join(&file.path);
        let options = OpenOptions::default();
        if let Some((_, expected)) = REFUSED.iter().find(|(name, _)| file.path.ends_with(name)) {
            let error = open(&path, FileFormat::Tiff, None, &options).err().unwrap().to_string();
            assert!(error.contains(expected), "{error}");
            continue;
        }
        // Another reader shows only the first of the images of this file.
        let path = if file.path.ends_with("multipage.tiff") { path.join("0") } else { path };
        let stack = open(&path, FileFormat::Tiff, Some(&our_axes(&file)), &options).unwrap().remove(0);
        assert_eq!(stack.info().layout.shape(), file.shape, "{file:?}");
        let image = whole(&stack);
        if let Some(expected) = file.min_max_mean {
            // Decoders of JPEG differ in how they round, and the mean of short floats was one itself.
            let is_rough = stack.info().compression.as_deref() == Some("jpeg")
                || stack.info().pixel_type == PixelType::F16;
            let tolerance = if is_rough { 1e-3 } else { 1e-5 };
            let got = min_max_mean(&image);
            let agree = got
                .iter()
                .zip(expected)
                .all(|(got, wanted)| (got - wanted).abs() <= tolerance * wanted.abs());
            assert!(agree, "{file:?}: got {got:?}");
        }
        image_stack_suite(&stack, image.view());

        let mut options = OpenOptions::default();
        options.map_files = false;
        let stack = open(&path, FileFormat::Tiff, Some(&our_axes(&file)), &options).unwrap().remove(0);
        let again = whole(&stack);
        assert!(again.iter().zip(&image).all(|(a, b)| a == b || a.is_nan() && b.is_nan()), "{file:?}");
    }
    assert!(n_files > 0);
}

#[test]
fn a_large_tiff_is_read_in_parts_and_levels() {
    let Some(folder) = real_data() else { return };
    let path = folder.join("d_tiff_zoo").join(LARGE);
    let options = OpenOptions::default();
    let mut request = OpenRequest::new(&path, &options);
    request.n_levels = None;
    let pyramid = Formats::default().open("tiff", &request).unwrap().remove(0);
    let sizes: Vec<Vec<usize>> =
        pyramid.iter().map(|level| level.info().shape().extent.as_slice().to_vec()).collect();
    assert_eq!(sizes, [[5000, 10000], [2500, 5000], [1250, 2500], [625, 1250], [312, 625]]);
    let info = pyramid[0].info();
    assert_eq!(info.format.as_deref(), Some("TIFF (BigTIFF)"));
    assert_eq!(
        (info.compression.as_deref(), info.chunks.as_deref()),
        (Some("zstd"), Some(&[1024, 1024, 3][..]))
    );
    let region =
        Region { start: PerAxis::new(&[4990, 9990]).unwrap(), size: Extent::new(&[20, 20]).unwrap() };
    let patch = pyramid[0].read_patch(0, None, &region).unwrap();
    assert_eq!(patch.dim(), (3, 1, 20, 20));
    assert_eq!(patch[[0, 0, 10, 10]], 0.0);
    assert_eq!(options.cache.stats().n_decodes, 1);
    request.n_levels = Some(6);
    let error = Formats::default().open("tiff", &request).err().unwrap();
    assert!(matches!(error, StackError::TooFewLevels { got: 5, expected: 6, .. }), "{error:?}");
}

fn open_cyx(path: &Path, data_type: FileFormat) -> std::sync::Arc<dyn ImageStack> {
    let axes = "CYX".parse().unwrap();
    let mut stacks = open(path, data_type, Some(&axes), &OpenOptions::default()).unwrap();
    assert_eq!(stacks.len(), 1);
    stacks.remove(0)
}

/// The image that some of the real files hold in several formats.
fn cell(folder: &Path) -> ArrayD<f32> {
    let path = folder.join("a_multichannel_2d/xyc_16bit__cell_dna_mts_actin.tif");
    whole(&open_cyx(&path, FileFormat::Tiff))
}

#[test]
fn real_ome_zarrs_hold_the_same_pixels_as_the_tiff() {
    let Some(folder) = real_data() else { return };
    let expected = cell(&folder);
    for name in ["derived_dna_mts_actin_v04.ome.zarr", "derived_dna_mts_actin_v05_sharded.ome.zarr"] {
        let stack = open_cyx(&folder.join("e_zarr_hdf5").join(name), FileFormat::Zarr);
        assert!(whole(&stack) == expected, "{name}");
        image_stack_suite(&stack, expected.view());
    }
}

#[test]
fn missing_chunks_are_zero_and_cut_ones_are_named() {
    let Some(folder) = real_data() else { return };
    let expected = cell(&folder);
    let stack =
        open_cyx(&folder.join("e_zarr_hdf5/derived_dna_mts_actin_v04_damaged.ome.zarr"), FileFormat::Zarr);
    let read = |start: [i64; 2], size: [usize; 2]| {
        let region = Region { start: PerAxis::new(&start).unwrap(), size: Extent::new(&size).unwrap() };
        stack.read_patch(0, Some(&[0]), &region)
    };
    let whole_chunk = s![0..1, 0..1, 0..128, 0..128];
    let beside = read([0, 0], [128, 160]).unwrap();
    let zeros = ndarray::Array4::<f32>::zeros([1, 1, 128, 32]);
    let left = expected.slice(whole_chunk).into_owned();
    assert!(beside == concatenate![Axis(3), left, zeros]);
    let error = read([100, 128], [60, 20]).unwrap_err();
    assert!(matches!(error, StackError::Unreadable { .. }), "{error:?}");
    assert!(error.to_string().contains("derived_dna_mts_actin_v04_damaged.ome.zarr"), "{error}");
    assert!(read([128, 0], [20, 128]).is_ok());
}
