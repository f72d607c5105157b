//! The attributes of OME-Zarr 0.5 groups; JSON only.

use patchweave_geometry::Axis;
use serde_json::{Map, Value, json};

use crate::ImageSpec;

const VERSION: &str = "0.5";

/// The attributes of an image with one resolution level `0`, whose array has these axes.
pub(crate) fn image(spec: &ImageSpec, axes: &[Axis]) -> Map<String, Value> {
    let has_unit = spec.pixel_size.is_some();
    let scale: Vec<f64> = axes.iter().map(|&axis| scale(spec, axis)).collect();
    let multiscale = json!({
        "name": spec.name,
        "axes": axes.iter().map(|&axis| describe(axis, has_unit)).collect::<Vec<_>>(),
        "datasets": [{
            "path": "0",
            "coordinateTransformations": [{ "type": "scale", "scale": scale }],
        }],
    });
    under_ome(json!({ "version": VERSION, "multiscales": [multiscale] }))
}

/// The attributes of a group whose images are the groups `0`, `1`, …
pub(crate) fn collection() -> Map<String, Value> {
    under_ome(json!({ "version": VERSION, "bioformats2raw.layout": 3 }))
}

/// The name of an axis as OME-Zarr writes it.
pub(crate) fn axis_name(axis: Axis) -> String {
    axis.letter().to_ascii_lowercase().to_string()
}

fn under_ome(value: Value) -> Map<String, Value> {
    Map::from_iter([("ome".to_owned(), value)])
}

fn describe(axis: Axis, has_unit: bool) -> Value {
    let name = axis_name(axis);
    match axis {
        Axis::T => json!({ "name": name, "type": "time" }),
        Axis::Z | Axis::Y | Axis::X if has_unit => {
            json!({ "name": name, "type": "space", "unit": "micrometer" })
        }
        Axis::Z | Axis::Y | Axis::X => json!({ "name": name, "type": "space" }),
        Axis::S | Axis::C => json!({ "name": name, "type": "channel" }),
    }
}

fn scale(spec: &ImageSpec, axis: Axis) -> f64 {
    let [z, y, x] = spec.pixel_size.map_or([1.0; 3], |size| size.to_zyx(1.0));
    match axis {
        Axis::S | Axis::T | Axis::C => 1.0,
        Axis::Z => z,
        Axis::Y => y,
        Axis::X => x,
    }
}
