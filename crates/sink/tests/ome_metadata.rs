//! The OME-Zarr metadata as written, compared with the rules of version 0.5.
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]
#![allow(dead_code, reason = "helpers are shared with other test programs")]

mod common;

use std::path::Path;

use patchweave_geometry::PerAxis;
use patchweave_pixel::PixelType;
use patchweave_sink::{ImageSpec, create};
use serde_json::{Value, json};

use common::layout;

fn metadata(folder: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join("zarr.json")).unwrap()).unwrap()
}

#[test]
fn an_image_names_its_axes_in_the_required_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image.ome.zarr");
    let mut spec = ImageSpec::new(layout("ZYXCT"), PixelType::F16);
    spec.name = "cells".into();
    spec.pixel_size = Some(PerAxis::new(&[0.5, 0.25, 0.2]).unwrap());
    spec.chunks = Some(vec![2, 5, 6, 3, 100]);
    spec.options.insert("sharding".into(), json!("none"));
    create(&path, "ome_zarr", spec).unwrap().finish().unwrap();
    assert_eq!(
        metadata(&path),
        json!({
            "zarr_format": 3,
            "node_type": "group",
            "attributes": { "ome": {
                "version": "0.5",
                "multiscales": [{
                    "name": "cells",
                    "axes": [
                        { "name": "t", "type": "time" },
                        { "name": "c", "type": "channel" },
                        { "name": "z", "type": "space", "unit": "micrometer" },
                        { "name": "y", "type": "space", "unit": "micrometer" },
                        { "name": "x", "type": "space", "unit": "micrometer" },
                    ],
                    "datasets": [{
                        "path": "0",
                        "coordinateTransformations": [
                            { "type": "scale", "scale": [1.0, 1.0, 0.5, 0.25, 0.2] },
                        ],
                    }],
                }],
            }},
        })
    );
    assert_eq!(
        metadata(&path.join("0")),
        json!({
            "zarr_format": 3,
            "node_type": "array",
            "shape": [3, 3, 4, 13, 17],
            "data_type": "float16",
            "chunk_grid": { "name": "regular", "configuration": { "chunk_shape": [3, 3, 2, 5, 6] } },
            "chunk_key_encoding": { "name": "default", "configuration": { "separator": "/" } },
            "fill_value": 0.0,
            "codecs": [
                { "name": "bytes", "configuration": { "endian": "little" } },
                { "name": "blosc", "configuration": {
                    "cname": "zstd", "clevel": 2, "shuffle": "shuffle", "typesize": 2, "blocksize": 0,
                } },
            ],
            "dimension_names": ["t", "c", "z", "y", "x"],
        })
    );
}

#[test]
fn samples_become_a_collection_of_images() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image.ome.zarr");
    create(&path, "ome_zarr", ImageSpec::new(layout("YXS"), PixelType::Bool)).unwrap().finish().unwrap();
    assert_eq!(
        metadata(&path)["attributes"],
        json!({ "ome": { "version": "0.5", "bioformats2raw.layout": 3 } })
    );
    for s in ["0", "1"] {
        let ome = &metadata(&path.join(s))["attributes"]["ome"];
        let axes = json!([{ "name": "y", "type": "space" }, { "name": "x", "type": "space" }]);
        assert_eq!(ome["multiscales"][0]["axes"], axes);
        let array = metadata(&path.join(s).join("0"));
        assert_eq!(array["shape"], json!([13, 17]));
        assert_eq!(array["fill_value"], json!(false));
        assert_eq!(array["chunk_grid"]["configuration"]["chunk_shape"], json!([13, 17]));
    }
    assert!(!path.join("2").exists());
}
