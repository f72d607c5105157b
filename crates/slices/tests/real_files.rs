//! Real volumes in files give what the same volumes in memory do.
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

mod support;

use std::path::Path;

use patchweave_formats::{FileFormat, OpenOptions, RawArray, open, open_raw};
use patchweave_geometry::{Axes, Extent, Region};
use patchweave_pixel::PixelType;
use patchweave_slices::{Accumulation, Boundary, ChannelSpec, PlanOptions, SliceOptions, SliceStack};
use patchweave_stack::{ImageStack, ImageStackExt, ReadCost};
use patchweave_testkit::{image_stack_suite, real_data};

use support::{close, naive};

/// The stack as one whole array and as what it is, both 2.5-D.
fn agrees(path: &Path, data_type: FileFormat, axes: Option<&Axes>, spec: &ChannelSpec) {
    let stack = open(path, data_type, axes, &OpenOptions::default()).unwrap().remove(0);
    let shape = stack.info().shape();
    let mut volume = ndarray::Array5::zeros([0, shape.n_channels, 0, 0, 0]);
    for n in 0..shape.n_samples {
        let sample = stack.read_patch(n, None, &Region::whole(shape.extent)).unwrap();
        let sample = sample.insert_axis(ndarray::Axis(0));
        volume = if n == 0 { sample } else { ndarray::concatenate![ndarray::Axis(0), volume, sample] };
    }
    for accumulation in [Accumulation::Planes, Accumulation::Volume] {
        let options = SliceOptions { accumulation, ..SliceOptions::default() };
        let expected = naive(&volume, spec, &options).unwrap();
        let slices = SliceStack::new(&stack, spec.clone(), options).unwrap();
        assert_eq!(slices.convert().unwrap(), expected, "{}", path.display());
        image_stack_suite(&slices, expected.view());
        let plan = slices.extraction_plan(&PlanOptions::default()).unwrap();
        let last = plan.patches().last().unwrap();
        let plane = slices.extract(last).unwrap();
        assert_eq!(plane.iter().copied().collect::<Vec<_>>(), last_plane(&expected));
    }
}

/// All channels of the last slice.
fn last_plane(whole: &ndarray::ArrayD<f32>) -> Vec<f32> {
    let last = |array: ndarray::ArrayViewD<'_, f32>, axis: usize| {
        let place = array.len_of(ndarray::Axis(axis)) - 1;
        array.index_axis_move(ndarray::Axis(axis), place).to_owned()
    };
    let sample = last(whole.view(), 0);
    let plane = if sample.ndim() == 4 { last(sample.view(), 1) } else { sample };
    plane.iter().copied().collect()
}

#[test]
fn volumes_in_files_agree_with_volumes_in_memory() {
    let Some(folder) = real_data() else { return };
    let spec = ChannelSpec::builder().identity(&[-2, 0, 1]).build().unwrap();
    let tiff = folder.join("b_stack_3d/stardist_img3d.tif");
    agrees(&tiff, FileFormat::Tiff, Some(&"ZYX".parse().unwrap()), &spec);
    agrees(&folder.join("b_stack_3d/xyzc_16bit__dna_conf_wf.tif"), FileFormat::Tiff, None, &spec);
    for zarr in ["fiji_5d_v4.ome.zarr", "ngio_v05_czyx.zarr"] {
        agrees(&folder.join("e_zarr_hdf5").join(zarr), FileFormat::Zarr, None, &spec);
    }
}

/// Integers in a file as it is, taken for floats, have means and standard deviations; a patch decodes what it needs.
#[test]
fn integers_in_files_have_means() {
    let Some(folder) = real_data() else { return };
    let spec = ChannelSpec::builder().mean(&[&[-1, 0, 1]]).std(&[&[0, 2]]).build().unwrap();
    let path = folder.join("b_stack_3d/xyzc_16bit__dna_conf_wf.tif");
    let open_options = OpenOptions::default();
    let stack = open(&path, FileFormat::Tiff, None, &open_options).unwrap().remove(0);
    assert_eq!(stack.info().pixel_type, PixelType::U16);
    let error = SliceStack::new(&stack, spec.clone(), SliceOptions::default()).err().unwrap().to_string();
    assert!(error.contains("the option pixel_type 'f32' takes integers for floats"), "{error}");
    let options = SliceOptions { pixel_type: Some(PixelType::F32), ..SliceOptions::default() };
    let slices = SliceStack::new(&stack, spec.clone(), options.clone()).unwrap();
    assert_eq!(slices.info().pixel_type, PixelType::F32);
    let volume = stack.read_patch(0, None, &Region::whole(stack.info().shape().extent)).unwrap();
    let expected = naive(&volume.insert_axis(ndarray::Axis(0)), &spec, &options).unwrap();
    assert!(close(&slices.convert().unwrap(), &expected));
}

/// One window in the place of one slice decodes the chunks of its slices, and nothing else.
#[test]
fn windows_of_files_decode_what_they_need() {
    let Some(folder) = real_data() else { return };
    let zyx: Axes = "ZYX".parse().unwrap();
    for (path, data_type, axes, n_decodes) in [
        ("b_stack_3d/stardist_img3d.tif", FileFormat::Tiff, Some(&zyx), 3),
        ("e_zarr_hdf5/fiji_xyz_v4.ome.zarr", FileFormat::Zarr, None, 3),
        // Three channels, whose chunks are as deep as the volume.
        ("e_zarr_hdf5/fiji_5d_v4.ome.zarr", FileFormat::Zarr, None, 3),
    ] {
        let mut open_options = OpenOptions::default();
        open_options.map_files = false;
        let stack = open(&folder.join(path), data_type, axes, &open_options).unwrap().remove(0);
        let spec = ChannelSpec::builder().identity(&[-1, 0, 1]).build().unwrap();
        let slices = SliceStack::new(&stack, spec, SliceOptions::default()).unwrap();
        let window = Some(Extent::new(&[8, 8]).unwrap());
        let plan = slices.extraction_plan(&PlanOptions { window, ..PlanOptions::default() }).unwrap();
        let entry = plan.patches().iter().find(|entry| entry.z0 == 5).unwrap();
        assert_eq!(*entry.required_z_indices, [4, 5, 6]);
        let before = ReadCost::of_thread();
        slices.extract(entry).unwrap();
        assert_eq!((ReadCost::of_thread() - before).n_decodes, n_decodes, "{path}");
        assert!(stack.info().n_chunks().unwrap() > n_decodes, "{path}");
    }
}

/// The pixels of a real volume as floats, in a file without a header and in memory.
#[test]
fn means_of_a_mapped_volume_agree_with_those_in_memory() {
    let Some(folder) = real_data() else { return };
    let tiff = folder.join("b_stack_3d/stardist_img3d.tif");
    let axes: Axes = "ZYX".parse().unwrap();
    let stack = open(&tiff, FileFormat::Tiff, Some(&axes), &OpenOptions::default()).unwrap().remove(0);
    let volume = stack.read_patch(0, None, &Region::whole(stack.info().shape().extent)).unwrap();
    let sizes = volume.shape()[1..].to_vec();
    let mapped = tempfile::tempdir().unwrap();
    let path = mapped.path().join("volume.dat");
    std::fs::write(&path, volume.iter().flat_map(|value| value.to_be_bytes()).collect::<Vec<_>>()).unwrap();
    let raw = RawArray::new(PixelType::F32, axes, &sizes).with_dtype(">f4").unwrap();
    let stack = open_raw(&path, &raw, &OpenOptions::default()).unwrap();
    let spec = ChannelSpec::builder().mean(&[&[-1, 0, 1]]).std(&[&[-40, -1, 0, 1]]).build().unwrap();
    let volume = volume.insert_axis(ndarray::Axis(0));
    for boundary in Boundary::ALL {
        let options = SliceOptions { boundary, ..SliceOptions::default() };
        let slices = SliceStack::new(&stack, spec.clone(), options.clone()).unwrap();
        assert!(close(&slices.convert().unwrap(), &naive(&volume, &spec, &options).unwrap()));
    }
}
