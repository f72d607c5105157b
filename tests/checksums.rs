//! Real files give the pixels that other readers give, compared by checksums that `checksums/record.py` recorded.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use ndarray::{Array4, ArrayD, Axis as Dim, concatenate};
use patchweave::formats::{Formats, OpenOptions, OpenRequest, guessed_axes};
use patchweave::geometry::{ArrayLayout, Axis, Extent, PerAxis, Region};
use patchweave::pixel::{PixelType, restore};
use patchweave::stack::{ImageStack, ImageStackExt, StackError};
use patchweave_testkit::real_data;
use sha2::{Digest, Sha256};

const CHECKSUMS: &str = include_str!("checksums/checksums.tsv");

/// Images are read in slabs of about so many pixels where their first axis is a spatial one.
const SLAB_PIXELS: usize = 1 << 24;

/// What is refused here, by a part of the message, though another reader shows something.
const REFUSED: &[(&str, &str)] = &[
    ("d_tiff_zoo/pillow/hopper_lzma.tif", "LZMA"),
    // Its pages form a circle, and nobody knows what was lost.
    ("d_tiff_zoo/pillow/multipage_multiple_frame_loop.tiff", "a second time"),
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
    /// As the reader names them; empty if it does not.
    axes: &'static str,
    shape: Vec<usize>,
    pixel_type: PixelType,
    sum: f64,
    /// Of the pixels as `float32`.
    sha256: &'static str,
}

fn recorded() -> Vec<Recorded> {
    let line = |line: &'static str| {
        let columns: Vec<&str> = line.split('\t').collect();
        let [path, inside, reader, _version, axes, shape, dtype, sum, _sha256, sha256] = columns[..] else {
            panic!("10 columns expected: {line}")
        };
        Recorded {
            path,
            inside,
            reader,
            axes,
            shape: shape.split('x').map(|n| n.parse().unwrap()).collect(),
            pixel_type: PixelType::from_name(dtype).unwrap(),
            sum: sum.parse().unwrap(),
            sha256,
        }
    };
    CHECKSUMS.lines().skip(1).map(line).collect()
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
            let axes = guessed_axes(&own, shape.len()).unwrap();
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

/// The sum of all pixels and the hash of them as bytes, in the order of the file.
fn sum_and_hash(stack: &dyn ImageStack) -> (f64, String) {
    let info = stack.info();
    let extent = info.shape().extent;
    let n_first = extent.as_slice()[0];
    let is_spatial_first = info.layout.axes().as_slice()[0].is_spatial();
    let n_pixels: usize = info.layout.shape().iter().product();
    let slab = if is_spatial_first { (SLAB_PIXELS / (n_pixels / n_first).max(1)).max(1) } else { n_first };
    let mut sum = 0.0;
    let mut hash = Sha256::new();
    for start in (0..n_first).step_by(slab) {
        let mut from = vec![0; extent.n_axes()];
        let mut size = extent.as_slice().to_vec();
        (from[0], size[0]) = (i64::try_from(start).unwrap(), slab.min(n_first - start));
        let size = Extent::new(&size).unwrap();
        let pixels = read(stack, &Region::new(PerAxis::new(&from).unwrap(), size).unwrap());
        sum += pixels.iter().map(|&pixel| f64::from(pixel)).sum::<f64>();
        // A slab is an image of its own, of fewer rows or planes.
        let first = info.layout.axes().position([Axis::Z, Axis::Y, Axis::X][3 - extent.n_axes()]).unwrap();
        let mut shape = info.layout.shape().to_vec();
        shape[first] = size.as_slice()[0];
        let layout = ArrayLayout::new(info.layout.axes().clone(), &shape).unwrap();
        let own = restore(pixels.view(), &layout, None).unwrap();
        let bytes: Vec<u8> = own.iter().flat_map(|pixel| pixel.to_le_bytes()).collect();
        hash.update(bytes);
    }
    (sum, hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The axes of a record in the letters of this project, as far as the reader knew them.
fn known_axes(recorded: &Recorded) -> Vec<Option<Axis>> {
    let letter = |letter: char| match letter.to_ascii_uppercase() {
        // Samples of a pixel.
        'S' if recorded.reader == "tifffile" => Some(Axis::C),
        letter => Axis::from_letter(letter),
    };
    recorded.axes.chars().map(letter).collect()
}

/// What differs between an image and its record.
fn difference(stack: &dyn ImageStack, recorded: &Recorded) -> Option<String> {
    let info = stack.info();
    let sizes = |shape: &[usize]| shape.iter().copied().filter(|&n| n > 1).collect::<Vec<_>>();
    if sizes(info.layout.shape()) != sizes(&recorded.shape) {
        return Some(format!("shape {:?} instead of {:?}", info.layout.shape(), recorded.shape));
    }
    let axes = known_axes(recorded);
    let disagree = |(own, known): (&Axis, &Option<Axis>)| known.is_some_and(|known| known != *own);
    if axes.len() == info.layout.shape().len()
        && info.layout.axes().as_slice().iter().zip(&axes).any(disagree)
    {
        return Some(format!("axes {} instead of {}", info.layout.axes(), recorded.axes));
    }
    // Packed truth values are small integers here.
    let is_bits = recorded.pixel_type == PixelType::Bool && info.pixel_type == PixelType::U8;
    if info.pixel_type != recorded.pixel_type && !is_bits {
        return Some(format!("type {} instead of {}", info.pixel_type, recorded.pixel_type));
    }
    let (sum, hash) = sum_and_hash(stack);
    if LOSSY.contains(&recorded.path) {
        let is_near = (sum - recorded.sum).abs() <= 1e-3 * recorded.sum.abs();
        return (!is_near).then(|| format!("sum {sum} instead of {}", recorded.sum));
    }
    (hash != recorded.sha256).then(|| format!("other pixels; their sum is {sum} instead of {}", recorded.sum))
}

#[test]
fn real_files_have_the_pixels_that_other_readers_find() {
    let Some(folder) = real_data() else { return };
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
