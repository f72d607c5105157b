//! Zarr stores with unusual metadata, and with nothing in them.

use std::fs;

use super::{case, npy};
use crate::support::read_image;

/// The pixels of the only image that a run wrote.
fn written(place: &crate::support::Place) -> Vec<f32> {
    let file = place.names("out").into_iter().find(|name| name.ends_with(".tiff") || name.ends_with(".tif"));
    let (_, images) = read_image(&place.path("out").join(file.unwrap()), "YX");
    images[0].iter().copied().collect()
}

#[test]
fn numbers_that_are_none_in_attributes_do_not_matter() {
    for config in ["v04_ome.yaml", "v05_ome.yaml", "plain.yaml"] {
        let place = case("zarr-nan-attributes");
        place.patchweave(&["run", config]).with_code(0);
        let expected = npy::<u16>(&place.path("expected.npy"));
        assert!(written(&place).into_iter().eq(expected.iter().map(|&pixel| f32::from(pixel))), "{config}");
    }
}

#[test]
fn arrays_are_found_beside_a_coordinate_with_nan() {
    let place = case("zarr-nan-attributes");
    let store = place.path("store.zarr");
    fs::create_dir_all(store.join("x")).unwrap();
    fs::write(store.join(".zgroup"), "{\"zarr_format\": 2}").unwrap();
    fs::rename(place.path("plain.zarr"), store.join("image")).unwrap();
    let x = "{\"zarr_format\": 2, \"shape\": [64], \"chunks\": [64], \"dtype\": \"<f4\", \"fill_value\": NaN,
        \"order\": \"C\", \"filters\": null, \"compressor\": null}";
    fs::write(store.join("x/.zarray"), x).unwrap();
    fs::write(store.join("x/.zattrs"), "{\"valid_min\": NaN}").unwrap();
    let told = place.patchweave(&["info", "store.zarr"]).with_code(0);
    told.says("64 × 64");
    told.says("the array x beside it is left out");
}

/// All three commands say it, and the pixels are what the format says.
#[test]
fn a_store_of_which_no_chunk_is_found_warns() {
    let place = case("zarr-no-chunk-found");
    let note = "0 of 4 chunks are there; chunks seem to be nested: dimension_separator?";
    place.patchweave(&["info", "nested.zarr"]).with_code(0).says(note);
    for command in ["validate", "run"] {
        let told = place.patchweave(&[command, "run.yaml"]).with_code(0);
        assert!(told.stdout.contains(note) || told.stderr.contains(note), "{told:?}");
    }
    assert!(written(&place).iter().all(|&pixel| pixel == 0.0));
    let zarray = place.path("nested.zarr/.zarray");
    let text = fs::read_to_string(&zarray).unwrap();
    fs::write(zarray, text.replacen('{', "{\"dimension_separator\": \"/\", ", 1)).unwrap();
    fs::remove_dir_all(place.path("out")).unwrap();
    let told = place.patchweave(&["run", "run.yaml"]).with_code(0);
    assert!(!told.stderr.contains("chunks are there"), "{told:?}");
    let expected = npy::<u16>(&place.path("expected.npy"));
    assert!(written(&place).into_iter().eq(expected.iter().map(|&pixel| f32::from(pixel))));
}
