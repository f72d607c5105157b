//! What a format cannot hold is refused before anything is made, with what could be done.

use std::error::Error;

use patchweave_geometry::ArrayLayout;
use patchweave_pixel::PixelType;
use patchweave_sink::{Codec, ImageSpec, Job, SinkFormats};
use serde_json::json;

use crate::common::names;

fn spec(axes: &str, shape: &[usize], pixel_type: PixelType) -> ImageSpec {
    ImageSpec::new(ArrayLayout::new(axes.parse().unwrap(), shape).unwrap(), pixel_type)
}

/// The refusal of a specification without the path in front, and its cause.
fn refusal(format: &str, spec: ImageSpec) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image");
    let error = Job::start(&SinkFormats::default(), &path, Some(format), spec).err().unwrap();
    assert!(names(folder.path()).is_empty());
    let told = error.to_string();
    let told = told.strip_prefix(&format!("{}: ", path.display())).unwrap().to_owned();
    error.source().map_or(told.clone(), |cause| format!("{told}: {cause}"))
}

#[test]
fn one_plane_is_a_png() {
    let kind = PixelType::U8;
    let refused = |axes, shape: &[usize], kind| refusal("png", spec(axes, shape, kind));
    assert_eq!(
        refused("ZYX", &[2, 4, 4], kind),
        "got 2 planes along Z, expected 1 for a PNG; write several as TIFF"
    );
    assert_eq!(
        refused("TCYX", &[3, 3, 4, 4], kind),
        "got 3 planes along T, expected 1 for a PNG; write several as TIFF"
    );
    assert_eq!(
        refused("CYX", &[5, 4, 4], kind),
        "got 5 channels, expected 1 to 4 for a PNG; write others as TIFF"
    );
    assert_eq!(
        refused("YX", &[4, 4], PixelType::F32),
        "got pixels of type float32, expected uint8 or uint16 for a PNG, or bool for one channel; choose one of these as \
         pixel type, or write TIFF"
    );
    assert!(refused("YXC", &[4, 4, 3], PixelType::Bool).starts_with("got pixels of type bool"));
    let mut slow = spec("YX", &[4, 4], kind);
    slow.compression.level = Some(10);
    assert_eq!(refusal("png", slow), "got level 10 of auto, expected 1 to 9");
}

#[test]
fn compression_that_a_format_lacks_is_refused() {
    for (format, codec, expected) in [
        ("npy", Codec::Zstd, "got compression zstd, expected none"),
        ("memory", Codec::Deflate, "got compression deflate, expected none"),
        ("png", Codec::Zstd, "got compression zstd, expected deflate or none for a PNG"),
    ] {
        let mut spec = spec("YX", &[4, 4], PixelType::U8);
        spec.compression.codec = codec;
        assert_eq!(refusal(format, spec), expected);
    }
}

#[test]
fn settings_that_a_format_lacks_are_refused() {
    for format in ["npy", "png", "memory", "zarr_array", "ome_zarr_zip"] {
        let mut spec = spec("YX", &[4, 4], PixelType::U8);
        spec.options.insert("sharpness".into(), json!(1));
        let told = refusal(format, spec);
        assert!(told.contains("setting of the format") && told.contains("sharpness"), "{told}");
    }
}

#[test]
fn plain_arrays_have_canonical_axes_and_plain_names() {
    let told = refusal("zarr_array", spec("ZCYX", &[2, 2, 4, 4], PixelType::U8));
    assert_eq!(told, "got axes ZCYX, expected CZYX for a Zarr array");
    for array in ["/a", "a/", "a//b", "a/..", ".zarray", "__a", "zarr.json", "a b"] {
        let mut spec = spec("YX", &[4, 4], PixelType::U8);
        spec.options.insert("array".into(), json!(array));
        let told = refusal("zarr_array", spec);
        assert!(told.starts_with("got the name") && told.contains(&format!("{array:?}")), "{told}");
    }
}

#[test]
fn plain_arrays_have_chunks_of_128_and_shards_only_if_given() {
    for shards in [None, Some(vec![1, 256, 128])] {
        let folder = tempfile::tempdir().unwrap();
        let mut spec = spec("CYX", &[3, 300, 100], PixelType::F32);
        spec.options.insert("array".into(), json!("a/b"));
        spec.shards = shards.clone();
        let path = folder.path().join("image");
        let job = Job::start(&SinkFormats::default(), &path, Some("zarr_array"), spec).unwrap();
        let unit = if shards.is_some() { [1, 256, 100] } else { [1, 128, 100] };
        assert_eq!(job.sink().info().units.unit_size(), unit);
        let new = folder.path().join(&names(folder.path())[0]).join("new");
        let read = |name: &str| -> serde_json::Value {
            serde_json::from_slice(&std::fs::read(new.join(name)).unwrap()).unwrap()
        };
        let group = json!({ "zarr_format": 3, "node_type": "group", "attributes": {} });
        assert_eq!((read("zarr.json"), read("a/zarr.json")), (group.clone(), group));
        let array = read("a/b/zarr.json");
        assert_eq!(array["dimension_names"], json!(["c", "y", "x"]));
        assert_eq!(array["chunk_grid"]["configuration"]["chunk_shape"], json!(unit));
    }
}
