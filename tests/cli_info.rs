//! `patchweave info`, on images that the test makes and on what is none.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]
#![allow(clippy::cast_possible_truncation, reason = "pixels stay small")]

mod support;

use patchweave::sink::Format;
use support::Place;

#[test]
fn tiffs_are_told_to_people() {
    let place = Place::new();
    place.image("image.tiff", Format::Tiff, "ZYX", &[5, 300, 200], |i| (i % 251) as u16);
    let told = place.patchweave(&["info", "image.tiff", "--patch", "4,32,32"]).with_code(0);
    told.says("image.tiff: 1 image, ");
    told.says("  axes         ZYX\n");
    told.says("  shape        5 × 300 × 200, 600.0 kB decoded\n");
    told.says("  type         uint16\n");
    told.says("  patches      4 × 32 × 32: ");
    assert_eq!(told.stderr, "");
}

#[test]
fn zarrs_are_told_to_programs() {
    let place = Place::new();
    place.image("image.ome.zarr", Format::OmeZarr, "CYX", &[2, 600, 200], |i| (i % 251) as u8);
    let told = place.patchweave(&["info", "--json", "image.ome.zarr"]).with_code(0);
    let facts: serde_json::Value = serde_json::from_str(&told.stdout).unwrap();
    let image = &facts["images"][0];
    assert_eq!(facts["path"], "image.ome.zarr");
    assert!(facts["bytes_on_disk"].as_u64().unwrap() > 0);
    assert_eq!((&image["axes"], &image["dtype"]), (&"CYX".into(), &"uint8".into()));
    assert_eq!(image["shape"], serde_json::json!([2, 600, 200]));
    assert_eq!(image["levels"], serde_json::json!([[2, 600, 200]]));
    assert_eq!(image["decoded_bytes"], 240_000);
    assert_eq!(image["patch_size"], serde_json::json!([64, 64]));
    assert!(image["amplification"].as_f64().unwrap() >= 1.0);
}

#[test]
fn chunks_that_make_patches_expensive_are_called_so() {
    let place = Place::new();
    place.image("image.ome.zarr", Format::OmeZarr, "YX", &[600, 600], |i| (i % 251) as u8);
    let small = place.patchweave(&["info", "image.ome.zarr", "--patch", "8,8"]).with_code(0);
    small.says("warning: chunks make random patches expensive: for each pixel of a patch of 8 × 8, ");
    let large = place.patchweave(&["info", "image.ome.zarr", "--patch", "512,512"]).with_code(0);
    assert!(!large.stdout.contains("expensive"), "{}", large.stdout);
    let other = place.patchweave(&["info", "image.ome.zarr", "--patch", "8,8,8"]).with_code(0);
    other.says("warning: a patch of 8 × 8 × 8 pixels does not fit an image with axes YX");
}

#[test]
fn what_cannot_be_told_is_refused() {
    let place = Place::new();
    place
        .patchweave(&["info", "missing.tiff"])
        .with_code(1)
        .complains(&["missing.tiff does not exist, the nearest folder that does is "]);
    place.write("notes.txt", "no image");
    place
        .patchweave(&["info", "notes.txt"])
        .with_code(2)
        .complains(&["the name of notes.txt does not tell its format, expected --type with one of ", "tiff"]);
    place
        .patchweave(&["info", "notes.txt", "--type", "doc"])
        .with_code(2)
        .complains(&["--type: got doc, expected one of "]);
    place.patchweave(&["info", "notes.txt", "--type", "tiff"]).with_code(1).complains(&["notes.txt"]);
}

#[test]
fn folders_and_patterns_are_told_file_by_file() {
    let place = Place::new();
    std::fs::create_dir(place.path("images")).unwrap();
    for name in ["images/a.tiff", "images/b.tiff", "images/c.ome.zarr"] {
        let format = if name.ends_with("zarr") { Format::OmeZarr } else { Format::Tiff };
        place.image(name, format, "YX", &[30, 40], |i| (i % 251) as u8);
    }
    let told = place.patchweave(&["info", "images"]).with_code(0);
    told.says("images: 3 images, ");
    told.says("  as images/a.tiff\n");
    let told = place.patchweave(&["info", "images/*.tiff"]).with_code(0);
    told.says("images/*.tiff: 2 images, ");
    place.patchweave(&["info", "images/*.npy"]).with_code(1).complains(&["images/*.npy"]);
}
