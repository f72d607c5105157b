//! Real Zarrs, where they are at hand: the conformance suite, what is known of them, and the right refusals.
//!
//! Their pixels are compared with those of other readers by `tests/checksums.rs` of the workspace.
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

use std::path::Path;
use std::sync::Arc;

use ndarray::{ArrayD, Axis};
use patchweave_formats::{FileFormat, Formats, OpenOptions, OpenRequest, open};
use patchweave_geometry::{Axes, Region};
use patchweave_stack::{ImageStack, ImageStackExt};
use patchweave_testkit::{image_stack_suite, real_data};

fn pixels(stack: &dyn ImageStack) -> ArrayD<f32> {
    let shape = stack.info().shape();
    let whole = Region::whole(shape.extent);
    let samples: Vec<_> =
        (0..shape.n_samples).map(|sample| stack.read_patch(sample, None, &whole).unwrap()).collect();
    let views: Vec<_> = samples.iter().map(|sample| sample.view()).collect();
    let all = ndarray::stack(Axis(0), &views).unwrap();
    all.to_shape(shape.to_vec()).unwrap().to_owned()
}

/// The axes that the file names, or some that fit.
fn open_array(path: &Path, n_dimensions: usize) -> Arc<dyn ImageStack> {
    let options = OpenOptions::default();
    let own = open(path, FileFormat::Zarr, None, &options);
    let axes: Axes = ["", "", "YX", "ZYX", "CZYX", "TCZYX"][n_dimensions].parse().unwrap();
    own.or_else(|_| open(path, FileFormat::Zarr, Some(&axes), &options)).unwrap().remove(0)
}

/// Larger images say nothing that smaller ones do not.
const MOST_PIXELS: usize = 1 << 20;

/// Every array that another reader was recorded to read.
#[test]
fn arrays_conform() {
    let Some(folder) = real_data() else { return };
    let mut n_arrays = 0;
    for line in include_str!("../../../tests/checksums/checksums.tsv").lines() {
        let columns: Vec<&str> = line.split('\t').collect();
        let path = folder.join(columns[0]).join(columns[1]);
        let shape = columns[5].split('x').count();
        if columns[2] != "zarr-python" || !(2..=5).contains(&shape) {
            continue;
        }
        let stack = open_array(&path, shape);
        // The suite reads every pixel many times.
        if stack.info().layout.shape().iter().product::<usize>() > MOST_PIXELS {
            continue;
        }
        image_stack_suite(&*stack, pixels(&*stack).view());
        n_arrays += 1;
    }
    assert!(n_arrays > 40, "{n_arrays}");
}

#[test]
fn images_open_by_their_own_metadata() {
    let Some(folder) = real_data() else { return };
    let folder = folder.join("e_zarr_hdf5");
    let options = OpenOptions::default();
    for (path, axes, format, compression, n_levels, pixel_size) in [
        (
            "derived_dna_mts_actin_v04.ome.zarr",
            "CYX",
            "OME-Zarr 0.4",
            Some("blosc(zstd)"),
            3,
            Some("[1.0, 1.0]"),
        ),
        (
            "derived_dna_mts_actin_v05_sharded.ome.zarr",
            "CYX",
            "OME-Zarr 0.5",
            Some("zstd"),
            3,
            Some("[1.0, 1.0]"),
        ),
        ("examples_valid_image-02.zarr", "YX", "OME-Zarr 0.4", Some("blosc(lz4)"), 1, Some("[1.0, 1.0]")),
        ("fiji_5d_v4.ome.zarr", "TCZYX", "OME-Zarr 0.4", Some("blosc(zstd)"), 2, None),
        ("fiji_pyramid_v5.zarr", "ZYX", "OME-Zarr 0.5", Some("zstd"), 3, None),
        ("fiji_single_v5.ome.zarr", "YX", "OME-Zarr 0.5", Some("zstd"), 1, None),
        ("fiji_xyzc_v5.ome.zarr", "CZYX", "OME-Zarr 0.5", Some("zstd"), 2, None),
        ("ng_simple_0.4.zarr", "YX", "OME-Zarr 0.4", Some("blosc(lz4)"), 3, Some("[0.004, 0.03]")),
        ("ng_simple_0.5.zip", "YX", "OME-Zarr 0.5", None, 3, Some("[0.004, 0.03]")),
        ("ngio_v04_cyx.zarr", "CYX", "OME-Zarr 0.4", Some("blosc(lz4)"), 2, Some("[0.5, 0.5]")),
        ("ngio_v04_cyx.zarr/labels/label", "YX", "OME-Zarr 0.4", Some("blosc(lz4)"), 2, Some("[0.5, 0.5]")),
        ("ngio_v04_cyx.zarr/labels/label/1", "YX", "OME-Zarr 0.4", Some("blosc(lz4)"), 1, Some("[1.0, 1.0]")),
        ("ngio_v05_czyx.zarr/labels", "ZYX", "OME-Zarr 0.5", Some("zstd"), 2, None),
        ("viv_blobs_v04.ome.zarr", "CYX", "OME-Zarr 0.4-dev-spatialdata", Some("blosc(lz4)"), 1, None),
        (
            "mobie_single-plane-hcs.zarr/E/08",
            "CYX",
            "OME-Zarr 0.4",
            Some("blosc(zstd)"),
            3,
            Some("[2.7336, 2.7336]"),
        ),
    ] {
        let path = folder.join(path);
        let mut request = OpenRequest::new(&path, &options);
        request.n_levels = None;
        let images = Formats::default().of_path(&path).unwrap().open(&request).unwrap();
        let [levels] = images.as_slice() else { panic!("{} images in {}", images.len(), path.display()) };
        let info = levels[0].info();
        let name = path.display();
        assert_eq!(info.layout.axes().to_string(), axes, "{name}");
        assert_eq!(info.format.as_deref(), Some(format), "{name}");
        assert_eq!(info.compression.as_deref(), compression, "{name}");
        assert_eq!(levels.len(), n_levels, "{name}");
        if let Some(pixel_size) = pixel_size {
            let size = info.pixel_size.map(|size| format!("{:?}", size.as_slice()));
            assert_eq!(size.as_deref(), Some(pixel_size), "{name}");
        }
    }
    let plate = folder.join("mobie_single-plane-hcs.zarr");
    let fields = open(&plate, FileFormat::Zarr, None, &options).unwrap();
    let names: Vec<&str> = fields.iter().map(|field| field.info().source.as_str()).collect();
    assert_eq!(names, ["E/07/0/0", "E/08/0/0"].map(|field| plate.join(field).display().to_string()));
    let arrays = folder.join("zarrs_sharded.zarr/group/array");
    let arrays = open(&arrays, FileFormat::Zarr, Some(&"YX".parse().unwrap()), &options).unwrap();
    assert_eq!(arrays[0].info().shards, Some(vec![4, 8]));
}

#[test]
fn damaged_and_invalid_images_are_refused() {
    let Some(folder) = real_data() else { return };
    let folder = folder.join("e_zarr_hdf5");
    let open = |name: &str| open(&folder.join(name), FileFormat::Zarr, None, &OpenOptions::default());
    let refusal = |name: &str| open(name).err().unwrap().to_string();
    assert!(refusal("examples_invalid_image-01.zarr").contains("no arrays and no OME-Zarr image"));
    assert!(refusal("examples_invalid_image-03.zarr").contains("\"0\" in it: got no such name"));
    let damaged = open("derived_dna_mts_actin_v04_damaged.ome.zarr").unwrap().remove(0);
    let whole = Region::whole(damaged.info().shape().extent);
    let error = damaged.read_patch(0, Some(&[0]), &whole).unwrap_err();
    assert!(error.to_string().contains("chunk [0, 1, 1] ("), "{error}");
    let other = open("derived_dna_mts_actin_v04.ome.zarr").unwrap().remove(0);
    let expected = other.read_patch(0, Some(&[1]), &whole).unwrap();
    assert_eq!(damaged.read_patch(0, Some(&[1]), &whole).unwrap(), expected);
}

/// Drafts of version 3 spelled the order of a transposition as a letter.
#[test]
fn orders_of_drafts_are_read() {
    let Some(folder) = real_data() else { return };
    let folder = folder.join("e_zarr_hdf5/ng_zarr_v3_zarrita.zarr");
    let [c, f] = ["C", "F"].map(|order| open_array(&folder.join(format!("3d.chunked.mixed.i2.{order}")), 3));
    image_stack_suite(&*f, pixels(&*c).view());
}
