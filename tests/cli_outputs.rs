//! Where `patchweave run` puts results, and what it does about results that are there already.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]
#![allow(clippy::cast_possible_truncation, reason = "pixels may wrap around")]

mod support;

use std::fs;

use support::{PREDICT, Place, read_image, with};

/// A folder with an image that was predicted.
fn predicted() -> Place {
    let place = Place::new();
    place.image("image.tiff", "tiff", "YX", &[40, 48], |i| i as u16);
    place.run(PREDICT).with_code(0);
    place
}

#[test]
fn results_that_exist_are_kept_and_told_at_once() {
    let place = predicted();
    let before = place.files("out");
    place.image("image.tiff", "tiff", "YX", &[40, 48], |i| (i * 3) as u16);
    let ended = place.run(PREDICT).with_code(2);
    ended.complains(&[
        "run.yaml:1:9: output: 3 results exist: ",
        "image_identity.tiff, ",
        "image_identity.png, expected a folder without them; `overwrite: true` replaces them",
        "1 problem in ",
    ]);
    assert!(place.files("out") == before);
    fs::remove_file(place.path("out/image_identity.png")).unwrap();
    fs::remove_dir_all(place.path("out/image_identity.ome.zarr")).unwrap();
    place.run(PREDICT).with_code(2).complains(&["output: 1 result exists: "]);
    let two = with(PREDICT, "[identity]", "[identity, {name: gaussian, sigma: 1}]");
    place.run(&format!("{two}overwrite: true\n")).with_code(0);
    place.run(&two).with_code(2).complains(&["output: 6 results exist: ", " and 3 more, expected"]);
    // Those who only check are warned.
    let checked = place.patchweave(&["validate", "run.yaml"]).with_code(0);
    checked.says("6 results exist: ");
    checked.says("a run replaces them only with `overwrite: true`");
}

#[test]
fn results_are_replaced_where_that_is_asked_for() {
    for on_the_command_line in [false, true] {
        let place = predicted();
        place.image("image.tiff", "tiff", "YX", &[40, 48], |i| (i * 3) as u16);
        if on_the_command_line {
            place.patchweave(&["run", "run.yaml", "--overwrite"]).with_code(0);
        } else {
            place.run(&format!("{PREDICT}overwrite: true\n")).with_code(0);
        }
        let input = read_image(&place.path("image.tiff"), "YX");
        for name in ["out/image_identity.tiff", "out/image_identity.ome.zarr"] {
            assert_eq!(read_image(&place.path(name), "YX"), input);
        }
    }
}

/// Whatever is asked for, what is read is not replaced.
#[test]
fn inputs_are_kept_where_results_are_replaced() {
    let place = Place::new();
    for name in ["ramp.tiff", "ramp_identity.tiff"] {
        place.image(name, "tiff", "YX", &[40, 48], |i| i as u16);
    }
    let before = place.files("");
    let here =
        with(&with(PREDICT, "output: out", "output: ."), "image.tiff", "[ramp.tiff, ramp_identity.tiff]");
    let ended = place.run(&format!("{here}overwrite: true\n")).with_code(2);
    ended.complains(&["ramp_identity.tiff would be overwritten, which the run reads", "1 problem in "]);
    fs::remove_file(place.path("run.yaml")).unwrap();
    assert!(place.files("") == before);
}

#[test]
fn places_in_a_store_are_kept() {
    let place = Place::new();
    place.image("well.ome.zarr", "ome_zarr", "YX", &[40, 48], |i| i as u16);
    let input = read_image(&place.path("well.ome.zarr"), "YX");
    let wells = ["plate.zarr/A/1", "plate.zarr/A/2"];
    for well in wells {
        fs::create_dir_all(place.path(well)).unwrap();
        fs::rename(place.path("well.ome.zarr"), place.path(well).join("0")).unwrap();
        place.image("well.ome.zarr", "ome_zarr", "YX", &[40, 48], |i| i as u16);
    }
    let zarr = with(PREDICT, "data_type: tiff", "data_type: zarr");
    let config = with(&zarr, "image.tiff", "[plate.zarr/A/1/0, plate.zarr/A/2/0]");
    place.run(&config).with_code(0);
    for well in ["A/1", "A/2"] {
        assert_eq!(read_image(&place.path(format!("out/plate/{well}/0_identity.tiff")), "YX"), input);
    }
}

/// A result is told to be in the way of the folder of another before anything is written.
#[test]
fn results_in_the_way_of_each_other_are_told() {
    let place = Place::new();
    fs::create_dir(place.path("X_identity.tiff")).unwrap();
    for name in ["x.tiff", "X_identity.tiff/y.tiff"] {
        place.image(name, "tiff", "YX", &[40, 48], |i| i as u16);
    }
    let config = with(PREDICT, "image.tiff", "[x.tiff, X_identity.tiff/y.tiff]");
    place.run(&config).with_code(2).complains(&[
        "predict.input: ",
        "y_identity.tiff would be written for ",
        "X_identity.tiff/y.tiff and stands in the way of a result of ",
        "x.tiff, expected inputs of other names",
    ]);
    assert!(!place.path("out").exists());
    // Nor is a file replaced by a folder.
    fs::create_dir_all(place.path("a")).unwrap();
    fs::create_dir_all(place.path("out")).unwrap();
    place.image("a/z.tiff", "tiff", "YX", &[40, 48], |i| i as u16);
    place.write("out/a", "a file");
    let config = with(PREDICT, "image.tiff", "[x.tiff, a/z.tiff]");
    place.run(&config).with_code(2).complains(&["is a file, where results of a subfolder belong"]);
}

/// The picture of the tiles that are left out stands beside results that are called after their models.
#[test]
fn a_model_that_is_called_as_the_picture_of_coverage_is_told_by_name() {
    let place = Place::new();
    place.image("image.tiff", "tiff", "YX", &[40, 48], |i| i as u16);
    let network = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/models/unmix.onnx");
    let with_model = |model: &str, more: &str| {
        let text =
            with(PREDICT, "[identity]", &format!("[identity, {{onnx: {}, {model}}}]", network.display()));
        with(&text, "  pixel_type: input\n", &format!("  pixel_type: float32\n{more}"))
    };
    let skip = "  skip: {below: 3}\n";
    for name in ["coverage", "Coverage"] {
        let ended = place.run(&with_model(&format!("name: {name}"), skip)).with_code(2);
        ended.complains(&[
            "run.yaml:11:",
            &format!("predict.models[1].name: model {name} would write "),
            "out/image_coverage.png, which is the picture of the tiles that predict.skip leaves out, expected another name: rename the model, with `name: NAME` beside its path",
            "1 problem in ",
        ]);
    }
    fs::copy(&network, place.path("coverage.onnx")).unwrap();
    let of_file =
        with(&with_model("name: x", skip), &format!("{}, name: x", network.display()), "coverage.onnx");
    place.run(&of_file).with_code(2).complains(&["predict.models[1]: model coverage would write "]);
    assert!(!place.path("out").exists());
    // Without that picture, or without others, there is nothing in its way.
    place.write("run.yaml", &with_model("name: coverage", ""));
    place.patchweave(&["validate", "run.yaml"]).with_code(0);
    place.write("run.yaml", &with_model("name: covered", skip));
    place.patchweave(&["validate", "run.yaml"]).with_code(0);
}
