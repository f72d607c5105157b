//! Layouts of files that this project reads but does not write: tiled and planar TIFF, Zarr version 2.
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use std::fs::{self, File};
use std::path::Path;

use ndarray::{ArrayD, ArrayView3, ArrayViewD, Axis, Ix3, Ix4};
use patchweave_geometry::Axes;
use patchweave_stack::{DataType, OpenOptions, open};
use patchweave_testkit::{canonical_f32, image_stack_suite, ramp};
use tiff::encoder::TiffEncoder;
use tiff::tags::Tag;

const TILE: usize = 16;

/// The bytes of one plane cut into tiles that stick out at the border, or into strips of 7 rows.
fn chunks(plane: ArrayView3<'_, u16>, is_tiled: bool) -> Vec<Vec<u16>> {
    let (height, width, n_samples) = plane.dim();
    let (rows, columns) = if is_tiled { (TILE, TILE) } else { (7, width) };
    let mut all = Vec::new();
    for y0 in (0..height).step_by(rows) {
        for x0 in (0..width).step_by(columns) {
            let last_row = if is_tiled { y0 + rows } else { (y0 + rows).min(height) };
            let places = (y0..last_row).flat_map(|y| (x0..x0 + columns).map(move |x| (y, x)));
            let pixel = |(y, x)| (0..n_samples).map(move |s| *plane.get([y, x, s]).unwrap_or(&0xdead));
            all.push(places.flat_map(pixel).collect());
        }
    }
    all
}

/// Writes pages `NYXC`.
fn write_tiff(path: &Path, pages: ArrayViewD<'_, u16>, is_tiled: bool, is_planar: bool) {
    let pages = pages.into_dimensionality::<Ix4>().unwrap();
    let mut encoder = TiffEncoder::new(File::create(path).unwrap()).unwrap();
    for page in pages.axis_iter(Axis(0)) {
        let (height, width, n_samples) = page.dim();
        let planes: Vec<ArrayView3<'_, u16>> =
            if is_planar { page.axis_chunks_iter(Axis(2), 1).collect() } else { vec![page] };
        let mut directory = encoder.image_directory().unwrap();
        let (mut offsets, mut sizes) = (Vec::new(), Vec::new());
        for chunk in planes.into_iter().flat_map(|plane| chunks(plane, is_tiled)) {
            offsets.push(u32::try_from(directory.write_data(chunk.as_slice()).unwrap()).unwrap());
            sizes.push(u32::try_from(2 * chunk.len()).unwrap());
        }
        let small = |n: usize| u16::try_from(n).unwrap();
        directory.write_tag(Tag::ImageWidth, small(width)).unwrap();
        directory.write_tag(Tag::ImageLength, small(height)).unwrap();
        directory.write_tag(Tag::BitsPerSample, vec![16_u16; n_samples].as_slice()).unwrap();
        directory.write_tag(Tag::SampleFormat, vec![1_u16; n_samples].as_slice()).unwrap();
        directory.write_tag(Tag::Compression, 1_u16).unwrap();
        let photometric: u16 = if n_samples == 3 { 2 } else { 1 };
        directory.write_tag(Tag::PhotometricInterpretation, photometric).unwrap();
        directory.write_tag(Tag::SamplesPerPixel, small(n_samples)).unwrap();
        directory.write_tag(Tag::PlanarConfiguration, if is_planar { 2_u16 } else { 1 }).unwrap();
        if is_tiled {
            directory.write_tag(Tag::TileWidth, small(TILE)).unwrap();
            directory.write_tag(Tag::TileLength, small(TILE)).unwrap();
            directory.write_tag(Tag::TileOffsets, offsets.as_slice()).unwrap();
            directory.write_tag(Tag::TileByteCounts, sizes.as_slice()).unwrap();
        } else {
            directory.write_tag(Tag::RowsPerStrip, 7_u16).unwrap();
            directory.write_tag(Tag::StripOffsets, offsets.as_slice()).unwrap();
            directory.write_tag(Tag::StripByteCounts, sizes.as_slice()).unwrap();
        }
        directory.finish().unwrap();
    }
}

fn conforms(path: &Path, data_type: DataType, axes: &str, array: &ArrayD<u16>) {
    let axes: Axes = axes.parse().unwrap();
    let stacks = open(path, data_type, Some(&axes), &OpenOptions::default()).unwrap();
    assert_eq!(stacks.len(), 1);
    image_stack_suite(stacks[0].as_ref(), canonical_f32(array, &axes).unwrap().view());
}

#[test]
fn tiled_and_planar_tiffs_conform() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image.tiff");
    for is_tiled in [true, false] {
        let volume = ramp::<u16>(&[3, 37, 29]);
        write_tiff(&path, volume.clone().insert_axis(Axis(3)).view(), is_tiled, false);
        conforms(&path, DataType::Tiff, "ZYX", &volume);

        let colours = ramp::<u16>(&[2, 37, 29, 3]);
        write_tiff(&path, colours.view(), is_tiled, false);
        conforms(&path, DataType::Tiff, "TYXC", &colours);

        write_tiff(&path, colours.view(), is_tiled, true);
        let planes = colours.permuted_axes(vec![0, 3, 1, 2]).as_standard_layout().into_owned();
        conforms(&path, DataType::Tiff, "TCYX", &planes);
    }
}

#[test]
fn zarr_version_2_conforms() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("image.zarr");
    let (array, chunk) = (ramp::<u16>(&[3, 37, 29]), [2, 16, 11]);
    for (separator, order) in [(".", "C"), ("/", "C"), (".", "F")] {
        fs::remove_dir_all(&root).unwrap_or_default();
        fs::create_dir(&root).unwrap();
        let metadata = format!(
            r#"{{"zarr_format": 2, "shape": [3, 37, 29], "chunks": [2, 16, 11], "dtype": ">u2", "compressor": null,
                "fill_value": 7, "order": "{order}", "filters": null, "dimension_separator": "{separator}"}}"#
        );
        fs::write(root.join(".zarray"), metadata).unwrap();
        let mut expected = array.clone().into_dimensionality::<Ix3>().unwrap();
        for (z, y, x) in ndarray::indices([2, 3, 3]) {
            let start = [z * chunk[0], y * chunk[1], x * chunk[2]];
            if (z, y, x) == (1, 2, 0) {
                // An absent chunk reads as the fill value.
                expected.slice_mut(ndarray::s![start[0].., start[1].., ..chunk[2]]).fill(7);
                continue;
            }
            let name = root.join([z, y, x].map(|i| i.to_string()).join(separator));
            fs::create_dir_all(name.parent().unwrap()).unwrap();
            let at =
                |[z, y, x]: [usize; 3]| *array.get([start[0] + z, start[1] + y, start[2] + x]).unwrap_or(&0);
            let values: Vec<u16> = match order {
                "C" => ndarray::indices(chunk).into_iter().map(|(z, y, x)| at([z, y, x])).collect(),
                _ => {
                    let [nz, ny, nx] = chunk;
                    ndarray::indices([nx, ny, nz]).into_iter().map(|(x, y, z)| at([z, y, x])).collect()
                }
            };
            fs::write(name, values.into_iter().flat_map(u16::to_be_bytes).collect::<Vec<u8>>()).unwrap();
        }
        conforms(&root, DataType::Zarr, "ZYX", &expected.into_dyn());
    }
}
