//! Writes images and quilts into a folder and images below the URL of a bucket, for other readers to look at:
//! `write_outputs FOLDER URL`.
//!
//! `outputs.json` in the folder says what was written. Every pixel is a function of its place, which
//! `check.py` computes for itself.
#![allow(clippy::print_stdout, reason = "a program that says what it did")]

mod plate_outputs;
mod store_outputs;
mod tiff_outputs;
mod zarr_outputs;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use ndarray::{Array4, ArrayD, Ix4, IxDyn, s};
use patchweave::geometry::{ArrayLayout, Extent, PerAxis};
use patchweave::large::{LargeOptions, LargeQuilt, LargeSpec, MeanOptions};
use patchweave::pixel::{PixelType, canonical_view};
use patchweave::sink::{ImageSpec, create};
use serde_json::{Value, json};

/// Axes and shapes: planes to five dimensions, channels at either end, samples, sizes of 1, one odd pixel too many for a
/// chunk.
const LAYOUTS: &[(&str, &[usize])] = &[
    ("YX", &[37, 53]),
    ("YX", &[129, 257]),
    ("CYX", &[3, 20, 31]),
    ("YXC", &[20, 31, 3]),
    ("ZYX", &[5, 33, 29]),
    ("TYX", &[4, 18, 23]),
    ("ZCYX", &[3, 2, 17, 19]),
    ("TZYX", &[2, 3, 16, 21]),
    ("TCYX", &[1, 2, 16, 21]),
    ("TZCYX", &[2, 3, 2, 15, 22]),
    ("TCZYX", &[2, 2, 3, 14, 25]),
    ("SYX", &[3, 24, 26]),
    ("SCZYX", &[2, 2, 3, 13, 17]),
    ("XYZ", &[11, 12, 13]),
];

/// The pixel at place `at` of the stored array in C order; `float32` holds every one exactly.
fn pixel(pixel_type: PixelType, at: usize) -> f32 {
    let mixed = (at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    let whole = |modulus: u64, least: f32| (mixed % modulus) as f32 + least;
    match pixel_type {
        PixelType::Bool => whole(2, 0.0),
        PixelType::U8 => whole(256, 0.0),
        PixelType::I8 => whole(256, -128.0),
        PixelType::U16 => whole(65_536, 0.0),
        PixelType::I16 => whole(65_536, -32_768.0),
        PixelType::U32 | PixelType::U64 => whole(1 << 24, 0.0),
        PixelType::I32 | PixelType::I64 => whole(1 << 24, -8_388_608.0),
        PixelType::F16 => whole(2048, -1024.0) / 4.0,
        PixelType::F32 | PixelType::F64 => whole(1 << 20, -524_288.0) / 16.0,
    }
}

/// Writes one image as a format does without settings and says what it is.
fn image(
    folder: &Path,
    format: &str,
    layout: &ArrayLayout,
    pixel_type: PixelType,
) -> Result<Value, Box<dyn Error>> {
    let (kind, ending) = match format {
        "tiff" => ("tiff", "tif"),
        _ => ("ome_zarr", "ome.zarr"),
    };
    let axes = layout.axes().to_string();
    let sizes: Vec<String> = layout.shape().iter().map(ToString::to_string).collect();
    let name = format!("{axes}_{}_{}.{ending}", sizes.join("x"), pixel_type.name());
    let mut spec = ImageSpec::new(layout.clone(), pixel_type);
    let pixel_size = &[0.75, 0.25, 0.125][3 - layout.axes().n_spatial()..];
    spec.pixel_size = Some(PerAxis::new(pixel_size)?);
    write_blocks(&folder.join(&name), format, spec)?;
    Ok(json!({
        "path": name, "kind": kind, "axes": axes, "shape": layout.shape(), "dtype": pixel_type.name(),
        "pixel_size": pixel_size,
    }))
}

/// Writes an image in blocks of odd sizes, from the last to the first.
fn write_blocks(path: &Path, format: &str, spec: ImageSpec) -> Result<(), Box<dyn Error>> {
    let layout = spec.layout.clone();
    let n_pixels = layout.shape().iter().product();
    let pixels: Vec<f32> = (0..n_pixels).map(|at| pixel(spec.pixel_type, at)).collect();
    let pixels = ArrayD::from_shape_vec(IxDyn(layout.shape()), pixels)?;
    let mut sink = create(path, format, spec)?;
    for sample in (0..layout.image_shape().n_samples).rev() {
        let block = canonical_view(pixels.view(), &layout, sample)?;
        let n_rows = block.shape()[2];
        let n_columns = block.shape()[3];
        for y in (0..n_rows).step_by(19).rev() {
            for x in (0..n_columns).step_by(27).rev() {
                let end_y = (y + 19).min(n_rows);
                let end_x = (x + 27).min(n_columns);
                sink.write_block(sample, [0, y, x], block.slice(s![.., .., y..end_y, x..end_x]))?;
            }
        }
    }
    sink.finish()?;
    Ok(())
}

/// The patch `index` of a quilt: its numbers start at the index and count up.
fn patch(index: usize, shape: [usize; 4]) -> Array4<f32> {
    Array4::from_shape_fn(shape, |(c, z, y, x)| (index + 100 * c + 7 * z + 3 * y + x) as f32)
}

/// A finished quilt of two images, with mean and standard deviation.
fn quilt(
    folder: &Path,
    name: &str,
    image: &[usize],
    window: &[usize],
    step: &[usize],
) -> Result<Value, Box<dyn Error>> {
    const N_IMAGES: usize = 2;
    const N_CHANNELS: usize = 3;
    let spec = LargeSpec::new(N_IMAGES, Extent::new(image)?, Extent::new(window)?, PerAxis::new(step)?)?;
    // Without a border all pixels weigh the same.
    let weight = spec.border_weight();
    let mut quilt = LargeQuilt::create(folder.join(name), spec, LargeOptions::default())?;
    let [z, y, x] = Extent::new(window)?.to_zyx();
    let mut positions = Vec::new();
    for index in 0..quilt.n_patches() {
        let (image_idx, start) = quilt.position(index)?;
        positions.push(json!([image_idx, start.as_slice()]));
        let means = patch(index, [N_CHANNELS, z, y, x]);
        let variances = means.mapv(|mean| mean + 1.0);
        if window.len() == 2 {
            let plane = |block: Array4<f32>| block.remove_axis(ndarray::Axis(1));
            quilt.stitch_with_variance(plane(means).view(), plane(variances).view(), index)?;
        } else {
            quilt.stitch_with_variance(
                means.into_dimensionality::<Ix4>()?.view(),
                variances.into_dimensionality::<Ix4>()?.view(),
                index,
            )?;
        }
    }
    quilt.write_mean_and_std(&MeanOptions::default())?;
    quilt.close()?;
    Ok(json!({
        "path": name, "kind": "quilt", "n_images": N_IMAGES, "n_channels": N_CHANNELS, "image": image,
        "window": window, "weight": weight, "positions": positions,
    }))
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (folder, url) = match &arguments[..] {
        [join, token] if join == "--join" => return store_outputs::join(token),
        [folder, url] => (PathBuf::from(folder), url),
        _ => return Err("write_outputs needs a folder and a URL".into()),
    };
    fs::create_dir_all(&folder)?;
    let mut written = Vec::new();
    for &(axes, shape) in LAYOUTS {
        let layout = ArrayLayout::new(axes.parse()?, shape)?;
        for format in ["tiff", "ome_zarr"] {
            for pixel_type in PixelType::ALL {
                written.push(image(&folder, format, &layout, pixel_type)?);
            }
        }
    }
    written.extend(tiff_outputs::write(&folder)?);
    written.extend(zarr_outputs::write(&folder)?);
    written.extend(plate_outputs::write(&folder)?);
    written.extend(store_outputs::write(url)?);
    written.push(quilt(&folder, "plane", &[61, 70], &[16, 20], &[12, 10])?);
    written.push(quilt(&folder, "volume", &[9, 30, 31], &[4, 8, 9], &[3, 8, 7])?);
    println!("{} outputs written below {}", written.len(), folder.display());
    fs::write(folder.join("outputs.json"), serde_json::to_string_pretty(&written)?)?;
    Ok(())
}
