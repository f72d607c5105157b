//! What a configuration may say about its images: folders, patterns, lists in any order, URLs, and axes left out.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]
#![allow(clippy::cast_possible_truncation, reason = "pixels may wrap around")]

mod support;

use std::fs;

use support::{PREDICT, Place, SMALL, read_image, with};

const PAIRS: &str = "\
output: out
data_config:
  mode: training
  data_type: tiff
  axes: YX
  patching: {name: random, patch_size: [16, 16]}
  normalization: {name: none}
  num_workers: 1
train: {input: noisy, target: clean}
";

/// Folders `noisy` and `clean` with the same images in subfolders; sizes tell whether pairs are right.
fn pairs() -> Place {
    let place = Place::new();
    for folder in ["noisy/a", "noisy/b", "clean/a", "clean/b"] {
        fs::create_dir_all(place.path(folder)).unwrap();
    }
    for (name, size) in [("a/1", 20), ("a/2", 24), ("b/1", 28)] {
        place.image::<u16>(&format!("noisy/{name}.tif"), "tiff", "YX", &[size, 20], |at| at as u16);
        place.image::<u16>(&format!("clean/{name}.tiff"), "tiff", "YX", &[size, 20], |at| at as u16);
    }
    place.write("noisy/notes.txt", "not an image");
    place.write("noisy/a/.hidden.tif", "not an image");
    place
}

#[test]
fn folders_patterns_and_lists_are_data_sets() {
    let place = pairs();
    let n_images = "from 3 images";
    place.run(PAIRS).with_code(0).says(n_images);
    for (input, target) in [
        ("noisy/**/*.tif", "clean"),
        ("\"noisy/?/[0-9].tif\"", "clean/*/*.tiff"),
        ("[noisy/a, noisy/b]", "[clean/a, clean/b]"),
        ("[noisy/a/2.tif, noisy/a/1.tif, noisy/b]", "[clean/a/2.tiff, clean/a/1.tiff, clean/b]"),
    ] {
        let config = with(PAIRS, "input: noisy, target: clean", &format!("input: {input}, target: {target}"));
        place.run(&config).with_code(0).says(n_images);
    }
}

#[test]
fn lists_pair_by_name_in_any_order() {
    let place = pairs();
    let config = with(
        PAIRS,
        "input: noisy, target: clean",
        "input: [noisy/a/1.tif, noisy/a/2.tif], target: [clean/a/2.tiff, clean/a/1.tiff]",
    );
    place.run(&config).with_code(0).says("from 2 images");
}

#[test]
fn what_is_missing_is_named_at_its_line() {
    let place = pairs();
    let config = |input: &str| with(PAIRS, "input: noisy", &format!("input: {input}"));
    place.run(&config("noisy/*.png")).with_code(2).complains(&[
        "run.yaml:9:16: train.input[0]: ",
        "noisy/*.png: got no image, expected at least one whose name ends in tif, tiff",
    ]);
    fs::create_dir(place.path("empty")).unwrap();
    place.run(&config("empty")).with_code(2).complains(&["empty: got no image"]);
    place.run(&config("[noisy/a, noisy/b/2.tif]")).with_code(2).complains(&[
        "pairs are made by name",
        "nothing has the name of",
        "b/2.tif",
    ]);
    fs::remove_file(place.path("clean/b/1.tiff")).unwrap();
    place.run(PAIRS).with_code(2).complains(&[
        "train.target: nothing has the name of",
        "noisy/b/1.tif, expected one file of the same name for each of the 3",
    ]);
    fs::remove_file(place.path("clean/a/1.tiff")).unwrap();
    place.write("clean/a/1.tiff", "damaged");
    fs::remove_file(place.path("noisy/b/1.tif")).unwrap();
    place.run(PAIRS).with_code(2).complains(&["run.yaml:9:31: train.target[0]: ", "clean/a/1.tiff"]);
}

#[test]
fn a_folder_is_predicted_image_by_image() {
    let place = pairs();
    place.run(&with(PREDICT, "image.tiff", "noisy/a")).with_code(0);
    let (_, pixels) = read_image(&place.path("out/2_identity.tiff"), "YX");
    assert_eq!(pixels[0].shape(), [1, 1, 24, 20]);
    let (_, pixels) = read_image(&place.path("out/1_identity.tiff"), "YX");
    assert_eq!(pixels[0].shape(), [1, 1, 20, 20]);
}

#[test]
fn endings_choose_the_format_of_custom_data() {
    let place = Place::new();
    fs::create_dir(place.path("images")).unwrap();
    let first = place.image::<u16>("images/a.tif", "tiff", "YX", &[20, 22], |at| at as u16);
    let second = place.image::<u16>("images/b.ome.zarr", "ome_zarr", "YX", &[24, 22], |at| at as u16);
    let config = with(&with(PREDICT, "image.tiff", "images"), "data_type: tiff", "data_type: custom");
    place.run(&config).with_code(0);
    for (name, image) in [("a", first), ("b", second)] {
        let (_, pixels) = read_image(&place.path(format!("out/{name}_identity.tiff")), "YX");
        assert!(pixels[0].iter().eq(image.mapv(f32::from).iter()), "{name}");
    }
    place.write("a.txt", "");
    let config = with(&config, "input: images", "input: a.txt");
    place.run(&config).with_code(2).complains(&["a.txt: the ending of its name is not supported"]);
}

#[test]
fn czi_is_refused_with_advice() {
    let config = with(PREDICT, "data_type: tiff", "data_type: czi");
    Place::new()
        .run(&config)
        .with_code(2)
        .complains(&["run.yaml:4:14: data_config.data_type", "bioformats2raw"]);
    let place = Place::new();
    place.write("a.czi", "");
    let config = with(&with(PREDICT, "data_type: tiff", "data_type: custom"), "image.tiff", "a.czi");
    place.run(&config).with_code(2).complains(&["a.czi: CZI is not supported, convert to OME-Zarr"]);
}

#[test]
fn axes_may_be_left_to_the_images() {
    let place = Place::new();
    let image = place.image::<u16>("a.ome.zarr", "ome_zarr", "CYX", &[2, 20, 22], |at| at as u16);
    place.image::<u16>("b.ome.zarr", "ome_zarr", "CYX", &[2, 20, 22], |at| at as u16);
    let config = with(&with(PREDICT, "  axes: YX\n", ""), "data_type: tiff", "data_type: zarr");
    let config = with(&config, "image.tiff", "[a.ome.zarr, b.ome.zarr]");
    place.run(&config).with_code(0);
    let (_, pixels) = read_image(&place.path("out/a_identity.ome.zarr"), "CYX");
    assert!(pixels[0].iter().eq(image.mapv(f32::from).iter()));

    place.image::<u16>("z.ome.zarr", "ome_zarr", "ZYX", &[2, 20, 22], |at| at as u16);
    let mixed = with(&config, "b.ome.zarr", "z.ome.zarr");
    place.run(&mixed).with_code(2).complains(&[
        "z.ome.zarr/0: got axes CYX",
        "says ZYX",
        "as in",
        "a.ome.zarr",
    ]);
    let missing = with(&config, "a.ome.zarr", "c.ome.zarr");
    place.run(&missing).with_code(2).complains(&["predict.input[0]: ", "c.ome.zarr"]);
}

/// Images that are not there yet have the axes of their plan, also behind folders and patterns.
#[test]
fn simulated_images_need_no_axes() {
    let config = with(SMALL, "  axes: YX\n  target_axes: CYX\n", "");
    let explicit = Place::new();
    explicit.run(SMALL).with_code(0);
    let place = Place::new();
    place.run(&config).with_code(0);
    let name = "out/training_patches.png";
    assert!(fs::read(place.path(name)).unwrap() == fs::read(explicit.path(name)).unwrap());
    let pattern = Place::new();
    pattern
        .run(&with(&config, "input: out/data/mixed.tiff\n  target", "input: out/data/mix*.tiff\n  target"))
        .with_code(0);
    assert!(fs::read(pattern.path(name)).unwrap() == fs::read(explicit.path(name)).unwrap());
}

#[test]
fn urls_are_handed_over_as_they_are() {
    let config =
        with(&with(PREDICT, "image.tiff", "s3://bucket/a*/x.tif"), "data_type: tiff", "data_type: tiff");
    Place::new().run(&config).with_code(2).complains(&["predict.input[0]: s3://bucket/a*/x.tif"]);
}

/// A Zarr group of images of one chunk each, one array for each name.
fn group(place: &Place, name: &str, side: usize, arrays: &[&str]) {
    let root = place.path(name);
    fs::create_dir_all(&root).unwrap();
    fs::write(root.join(".zgroup"), r#"{"zarr_format": 2}"#).unwrap();
    for array in arrays {
        fs::create_dir(root.join(array)).unwrap();
        let metadata = format!(
            r#"{{"zarr_format": 2, "shape": [{side}, {side}], "chunks": [{side}, {side}], "dtype": "|u1",
            "fill_value": 7, "order": "C", "filters": null, "compressor": null}}"#
        );
        fs::write(root.join(array).join(".zarray"), metadata).unwrap();
    }
}

#[test]
fn images_inside_of_files_pair_by_their_names() {
    let config = with(PAIRS, "data_type: tiff", "data_type: zarr");
    let config = with(&config, "input: noisy, target: clean", "input: noisy.zarr, target: clean.zarr");
    let place = Place::new();
    group(&place, "noisy.zarr", 20, &["a", "b"]);
    group(&place, "clean.zarr", 20, &["b", "a"]);
    place.run(&config).with_code(0).says("from 2 images");

    let place = Place::new();
    group(&place, "noisy.zarr", 20, &["a", "b"]);
    group(&place, "clean.zarr", 20, &["b", "c"]);
    let complaint = "holds 2 images (b, c), expected 2 images (a, b) as in ";
    place.run(&config).with_code(2).complains(&["train.target", complaint]);

    let place = Place::new();
    group(&place, "noisy.zarr", 20, &["a", "b"]);
    group(&place, "clean.zarr", 20, &["a"]);
    place.run(&config).with_code(2).complains(&["holds 1 image, expected 2 images (a, b) as in "]);
}

#[test]
fn limits_of_reading_are_those_of_the_configuration() {
    let place = Place::new();
    group(&place, "images.zarr", 1100, &["a"]);
    let config = with(PREDICT, "data_type: tiff", "data_type: zarr");
    let config = with(&config, "input: image.tiff", "input: images.zarr");
    let reading = |block: &str| with(&config, "data_config:", &format!("reading: {block}\ndata_config:"));
    place.run(&reading("{cache_mib: 0, chunk_mib: 2}")).with_code(0);
    let complaint = "got chunks of [1100, 1100] pixels of uint8, expected at most 1048576 bytes decoded";
    place.run(&reading("{chunk_mib: 1}")).with_code(2).complains(&["predict.input", complaint]);
    place.run(&reading("{cache_mib: -1}")).with_code(2).complains(&["reading.cache_mib"]);
    place.run(&reading("{cache: 1}")).with_code(2).complains(&["reading.cache: unknown key"]);
}
