//! Zarrs that tests write.
#![allow(dead_code, reason = "every test uses what it needs")]

use std::path::Path;
use std::sync::Arc;

use ndarray::ArrayD;
use patchweave_geometry::Axes;
use patchweave_testkit::{canonical_f32, ramp};
use serde_json::json;
use zarrs::array::{ArrayBuilder, data_type};
use zarrs::filesystem::FilesystemStore;

pub const AXES: &str = "CYX";
const SHAPE: [usize; 3] = [2, 21, 26];

/// The ramp that [`write_array`] writes, in its own axes.
pub fn image() -> ArrayD<u16> {
    ramp::<u16>(&SHAPE)
}

/// The same as `SC(Z)YX`.
pub fn expected() -> ArrayD<f32> {
    let axes: Axes = AXES.parse().unwrap();
    canonical_f32(&image(), &axes).unwrap()
}

/// Writes the ramp as an array of version 3 in chunks of 2 × 8 × 9, as `change` wants it.
pub fn write_array(root: &Path, path: &str, change: impl FnOnce(&mut ArrayBuilder)) {
    let store = Arc::new(FilesystemStore::new(root).unwrap());
    let shape: Vec<u64> = SHAPE.iter().map(|&size| size as u64).collect();
    let mut builder = ArrayBuilder::new(shape, vec![1, 8, 12], data_type::uint16(), 0_u16);
    change(&mut builder);
    let array = builder.build(store, path).unwrap();
    array.store_metadata().unwrap();
    array.store_array_subset(&array.subset_all(), image().into_raw_vec_and_offset().0).unwrap();
}

/// Writes the metadata of an OME-Zarr 0.5 image whose levels are those arrays.
pub fn write_image(group: &Path, levels: &[&str]) {
    let datasets: Vec<_> = levels
        .iter()
        .enumerate()
        .map(|(level, path)| {
            let size = 0.5 * f64::from(1 << level);
            let scale = json!([{"type": "scale", "scale": [1.0, size, size]}]);
            json!({"path": path, "coordinateTransformations": scale})
        })
        .collect();
    let space = |name: &str| json!({"name": name, "type": "space", "unit": "micrometer"});
    let axes = json!([{"name": "c", "type": "channel"}, space("y"), space("x")]);
    let ome = json!({"version": "0.5", "multiscales": [{"axes": axes, "datasets": datasets}]});
    write_group(group, &json!({"ome": ome}));
}

/// Writes the metadata of a group of version 3.
pub fn write_group(group: &Path, attributes: &serde_json::Value) {
    std::fs::create_dir_all(group).unwrap();
    let text = json!({"zarr_format": 3, "node_type": "group", "attributes": attributes}).to_string();
    std::fs::write(group.join("zarr.json"), text).unwrap();
}
