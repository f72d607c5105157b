//! Real files give the pixels that other readers give, compared by checksums that `checksums/record.py` recorded.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use ndarray::{Array4, ArrayD, Axis as Dim, concatenate};
use patchweave::geometry::{Axes, Axis, Extent, PerAxis, Region};
use patchweave::pixel::{Pixel, PixelType, restore, with_pixel};
use patchweave::stack::{Formats, ImageStack, ImageStackExt, OpenOptions, OpenRequest, StackError};
use patchweave_testkit::real_data;
use sha2::{Digest, Sha256};

const CHECKSUMS: &str = include_str!("checksums/checksums.tsv");

/// Images above so many pixels are compared by their sum alone, plane by plane.
const MOST_PIXELS: usize = 1 << 25;

/// What is refused here, by a part of the message, though another reader shows something.
const REFUSED: &[(&str, &str)] = &[
    ("d_tiff_zoo/pillow/hopper_lzma.tif", "LZMA"),
    // Its pages form a circle, and nobody knows what was lost.
    ("d_tiff_zoo/pillow/multipage_multiple_frame_loop.tiff", "for a second time"),
    ("d_tiff_zoo/zero_gi.tif", "a height of 0"),
];

/// Files that are compressed with losses: decoders round in their own ways.
const LOSSY: &[&str] = &[
    "d_tiff_zoo/image-tiff/tiled-jpeg-rgb-u8.tif",
    "d_tiff_zoo/pillow/tiff_tiled_ycbcr_jpeg_2x2_sampling.tif",
];

/// Images below another image, which are no images of their own here.
const SUB_IMAGES: &[&str] = &["d_tiff_zoo/pillow/child_ifd.tiff"];

/// One line of the table.
#[derive(Debug)]
struct Recorded {
    path: &'static str,
    /// A place inside of the file, or nothing.
    inside: &'static str,
    reader: &'static str,
    shape: Vec<usize>,
    pixel_type: PixelType,
    sum: f64,
    sha256: &'static str,
}

fn recorded() -> Vec<Recorded> {
    let line = |line: &'static str| {
        let columns: Vec<&str> = line.split('\t').collect();
        let [path, inside, reader, _version, _axes, shape, dtype, sum, sha256] = columns[..] else {
            panic!("9 columns expected: {line}")
        };
        Recorded {
            path,
            inside,
            reader,
            shape: shape.split('x').map(|n| n.parse().unwrap()).collect(),
            pixel_type: PixelType::from_name(dtype).unwrap(),
            sum: sum.parse().unwrap(),
            sha256,
        }
    };
    CHECKSUMS.lines().skip(1).map(line).collect()
}

/// Axes for a file that does not name all of its own.
fn completed(own: &str, n_dimensions: usize) -> Axes {
    let is_silent = own.chars().all(|letter| letter == '?');
    let own = if is_silent { format!("{}YX", "?".repeat(n_dimensions - 2)) } else { own.to_owned() };
    let mut free = [Axis::S, Axis::Z, Axis::C, Axis::T].map(Axis::letter).into_iter();
    let mut letter = |letter| match letter {
        '?' => free.find(|letter| !own.contains(*letter)).unwrap(),
        letter => letter,
    };
    own.chars().map(&mut letter).collect::<String>().parse().unwrap()
}

fn open(folder: &Path, recorded: &Recorded) -> Result<Vec<Arc<dyn ImageStack>>, StackError> {
    let file = folder.join(recorded.path);
    if recorded.inside.is_empty() { open_path(&file) } else { open_path(&file.join(recorded.inside)) }
}

fn open_path(path: &Path) -> Result<Vec<Arc<dyn ImageStack>>, StackError> {
    let formats = Formats::default();
    let format = formats.of_path(path).unwrap_or_else(|| formats.named("zarr").unwrap());
    let options = OpenOptions::default();
    let mut request = OpenRequest::new(path, &options);
    let images = match format.open(&request) {
        Err(StackError::NoAxes { own, shape, .. }) => {
            let axes = completed(&own, shape.len());
            request.axes = Some(&axes);
            match format.open(&request) {
                // Images of different form in one file, of which the first was recorded.
                Err(StackError::AxesLength { stack, .. }) if stack != path.display().to_string() => {
                    return open_path(&path.join("0"));
                }
                opened => opened,
            }
        }
        opened => opened,
    };
    Ok(images?.into_iter().flatten().collect())
}

/// The pixels of a part of every sample, `SC(Z)YX`.
fn read(stack: &dyn ImageStack, region: &Region) -> ArrayD<f32> {
    let shape = stack.info().shape();
    let samples: Vec<Array4<f32>> =
        (0..shape.n_samples).map(|sample_idx| stack.read_patch(sample_idx, None, region).unwrap()).collect();
    let views: Vec<_> = samples.iter().map(|sample| sample.view().insert_axis(Dim(0))).collect();
    let whole = concatenate(Dim(0), &views).unwrap().into_dyn();
    if shape.extent.n_axes() == 3 { whole } else { whole.index_axis_move(Dim(2), 0) }
}

fn sum(pixels: &ArrayD<f32>) -> f64 {
    pixels.iter().map(|&pixel| f64::from(pixel)).sum()
}

/// The sum of an image that is read in slabs of rows.
fn sum_in_slabs(stack: &dyn ImageStack) -> f64 {
    let extent = stack.info().shape().extent;
    let slab = extent.as_slice()[0].div_ceil(4);
    let starts = (0..extent.as_slice()[0]).step_by(slab);
    let of_slab = |start: usize| {
        let (mut from, mut size) = (vec![0; extent.n_axes()], extent.as_slice().to_vec());
        (from[0], size[0]) = (i64::try_from(start).unwrap(), slab);
        let region = Region::new(PerAxis::new(&from).unwrap(), Extent::new(&size).unwrap()).unwrap();
        sum(&read(stack, &region))
    };
    starts.map(of_slab).sum()
}

/// The pixels in their own type and order, as bytes.
fn bytes<T: Pixel>(pixels: &ArrayD<f32>) -> Vec<u8> {
    let bits = |pixel: f32| match T::TYPE {
        PixelType::Bool | PixelType::U8 => vec![u8::from_f32(pixel)],
        PixelType::I8 => i8::from_f32(pixel).to_le_bytes().to_vec(),
        PixelType::U16 => u16::from_f32(pixel).to_le_bytes().to_vec(),
        PixelType::I16 => i16::from_f32(pixel).to_le_bytes().to_vec(),
        PixelType::F16 => half::f16::from_f32(pixel).to_le_bytes().to_vec(),
        _ => pixel.to_le_bytes().to_vec(),
    };
    pixels.iter().flat_map(|&pixel| bits(pixel)).collect()
}

/// What differs between an image and its record.
fn difference(stack: &dyn ImageStack, recorded: &Recorded) -> Option<String> {
    let info = stack.info();
    let sizes = |shape: &[usize]| shape.iter().copied().filter(|&n| n > 1).collect::<Vec<_>>();
    if sizes(info.layout.shape()) != sizes(&recorded.shape) {
        return Some(format!("shape {:?} instead of {:?}", info.layout.shape(), recorded.shape));
    }
    // Packed truth values are small integers here.
    let is_bits = recorded.pixel_type == PixelType::Bool && info.pixel_type == PixelType::U8;
    if info.pixel_type != recorded.pixel_type && !is_bits {
        return Some(format!("type {} instead of {}", info.pixel_type, recorded.pixel_type));
    }
    let n_pixels: usize = info.layout.shape().iter().product();
    let is_large = n_pixels > MOST_PIXELS;
    let pixels = if is_large { None } else { Some(read(stack, &Region::whole(info.shape().extent))) };
    let got = pixels.as_ref().map_or_else(|| sum_in_slabs(stack), sum);
    let is_lossy = LOSSY.contains(&recorded.path);
    // The other reader adds up in another order, and values are rounded to f32 on their way.
    let tolerance = if is_lossy { 1e-3 } else { 1e-6 };
    if (got - recorded.sum).abs() > tolerance * recorded.sum.abs().max(1.0) {
        return Some(format!("sum {got} instead of {}", recorded.sum));
    }
    let pixels = pixels.filter(|_| info.pixel_type.fits_f32() && !is_lossy)?;
    let own = restore(pixels.view(), &info.layout, None).unwrap();
    let got = with_pixel!(recorded.pixel_type, T => bytes::<T>(&own));
    let got: String = Sha256::digest(got).iter().map(|byte| format!("{byte:02x}")).collect();
    (got != recorded.sha256 && !recorded.sha256.is_empty())
        .then(|| "other pixels with the same sum".to_owned())
}

#[test]
fn real_files_have_the_pixels_that_other_readers_find() {
    let Some(folder) = real_data() else {
        eprintln!("skipped: no real images, PATCHWEAVE_TEST_DATA names none");
        return;
    };
    let mut complaints = Vec::new();
    let mut n_compared = 0;
    for recorded in recorded().into_iter().filter(|recorded| recorded.shape.len() >= 2) {
        if !recorded.inside.is_empty() && SUB_IMAGES.contains(&recorded.path) {
            continue;
        }
        let name = format!("{} {}", recorded.path, recorded.inside);
        let refusal = REFUSED.iter().find(|(path, _)| *path == recorded.path);
        match (open(&folder, &recorded), refusal) {
            (Err(error), Some((_, reason))) if error.to_string().contains(reason) => {}
            (Err(error), _) => complaints.push(format!("{name}: {error}: {:?}", error.source())),
            (Ok(_), Some(_)) => {
                complaints.push(format!("{name} is read, though the table says that it is not"))
            }
            (Ok(stacks), None) => {
                let differs = difference(&*stacks[0], &recorded);
                complaints
                    .extend(differs.map(|what| format!("{name}: {what}, as {} has it", recorded.reader)));
                n_compared += 1;
            }
        }
    }
    assert!(complaints.is_empty(), "{} of {n_compared}:\n{}", complaints.len(), complaints.join("\n"));
    assert!(n_compared > 150, "{n_compared}");
}
