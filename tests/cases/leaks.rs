//! Images that are the same under other names.

use std::fs;

use crate::case;
use crate::support::{Ended, Place, read_image, with};

/// A training with validation images of its own; paths and axes are put in.
const OWN: &str = "\
output: out
data_config:
  mode: training
  data_type: custom
  axes: YX
  patching: {name: random, patch_size: [16, 16]}
  normalization: {name: mean_std}
  batch_size: 4
  num_workers: 1
  seed: 1
train:
  input: [TRAIN]
  val_input: [VAL]
";

fn leaks(place: &Place, text: &str) -> Ended {
    let config = place.write("run.yaml", text);
    place.patchweave(&["validate".as_ref(), "--leaks".as_ref(), config.as_os_str()])
}

fn own(place: &Place, train: &str, val: &str) -> Ended {
    leaks(place, &with(&with(OWN, "TRAIN", train), "VAL", val))
}

/// A shared pixel is named, whichever image is trained on.
#[track_caller]
fn leak_between(place: &Place, a: &str, b: &str) {
    for (train, val) in [(a, b), (b, a)] {
        own(place, train, val).with_code(2).complains(&["leak: pixel ", "is used by validation patch"]);
    }
}

#[track_caller]
fn none_between(place: &Place, a: &str, b: &str) {
    for (train, val) in [(a, b), (b, a)] {
        own(place, train, val).with_code(0).says("leaks: none");
    }
}

fn plane(place: &Place, name: &str, seed: usize) {
    let format = if name.ends_with("zarr") { "ome_zarr" } else { "tiff" };
    place.image::<u16>(name, format, "YX", &[48, 48], |at| u16::try_from((at * 7 + seed) % 60_000).unwrap());
}

#[test]
fn files_of_one_ome_tiff_are_one_image() {
    let place = case("leak-multifile-ome");
    place.patchweave(&["validate", "--leaks", "val_other_file.yaml"]).with_code(2).complains(&[
        "leak: pixel ",
        "t0.ome.tif, which validation reads as",
        "t1.ome.tif",
    ]);
    let folder = place.patchweave(&["validate", "--leaks", "leak_free.yaml"]).with_code(0);
    folder.says("2 of 3 images are in the list before and are left out");
    folder.says("leaks: none; no pixel that one of the 4 validation patches");
    let told = place.patchweave(&["info", "set"]).with_code(0);
    assert_eq!(told.stdout.lines().last(), Some("1 image in 3 files"), "{told:#?}");
    let run = place.patchweave(&["run", "leak_free.yaml"]).with_code(0);
    // 27 patches without the 4 of validation, and those that touch them.
    run.says("from 1 image");

    let predicted = place.patchweave(&["run", "predict.yaml"]).with_code(0);
    predicted.says("prediction: identity on 1 image");
    let written: Vec<String> =
        place.names("out").into_iter().filter(|name| name.ends_with(".tiff")).collect();
    assert_eq!(written, ["t0_identity.tiff"]);
    let (_, samples) = read_image(&place.path("out/t0_identity.tiff"), "TYX");
    assert_eq!(samples.len(), 3);
}

/// A note is told once: not for every name of an image, nor for every image that has the same.
#[test]
fn notes_are_told_once() {
    let place = case("leak-multifile-ome");
    fs::remove_file(place.path("set/t1.ome.tif")).unwrap();
    let text = fs::read_to_string(place.path("predict.yaml")).unwrap();
    place.write("zeros.yaml", &format!("{text}reading: {{missing_planes: zeros}}\n"));
    let told = place.patchweave(&["validate", "zeros.yaml"]).with_code(0);
    let lines = |told: &Ended, what: &str| -> Vec<String> {
        told.stdout
            .lines()
            .chain(told.stderr.lines())
            .filter(|line| line.contains(what))
            .map(str::to_owned)
            .collect()
    };
    let missing = lines(&told, "1 of 3 planes are missing");
    assert!(missing.len() == 1 && missing[0].contains("t0.ome.tif: "), "{told:#?}");
    assert_eq!(lines(&told, "1 of 2 images are in the list before and are left out").len(), 1, "{told:#?}");

    let place = case("zarr-no-chunk-found");
    fs::create_dir(place.path("stores")).unwrap();
    for name in ["a", "b", "c"] {
        crate::copy(&place.path("nested.zarr"), &place.path("stores").join(format!("{name}.zarr")));
    }
    let text = fs::read_to_string(place.path("run.yaml")).unwrap();
    place.write("stores.yaml", &text.replace("nested.zarr", "stores"));
    let told = place.patchweave(&["validate", "stores.yaml"]).with_code(0);
    let empty = lines(&told, "0 of 4 chunks are there");
    assert!(empty.len() == 1 && empty[0].contains("a.zarr and 2 more images: "), "{told:#?}");
}

/// What would replace a file of the set that is read for one of its images is refused.
#[test]
fn a_companion_is_not_overwritten() {
    let place = case("leak-multifile-ome");
    fs::create_dir(place.path("out")).unwrap();
    fs::hard_link(place.path("set/t2.ome.tif"), place.path("out/t0_identity.tiff")).unwrap();
    let text =
        with(&fs::read_to_string(place.path("predict.yaml")).unwrap(), "input: set", "input: set/t0.ome.tif");
    place.run(&text).with_code(2).complains(&["t0_identity.tiff would be overwritten, which the run reads"]);
}

#[test]
fn links_lead_to_the_same_pixels() {
    let place = case("leak-links");
    fs::remove_file(place.path("hard.tif")).unwrap();
    fs::hard_link(place.path("i.tif"), place.path("hard.tif")).unwrap();
    for config in ["hardlink.yaml", "h5soft.yaml"] {
        place
            .patchweave(&["validate", "--leaks", config])
            .with_code(2)
            .complains(&["leak: pixel ", "which validation reads as"]);
    }
    fs::create_dir(place.path("x")).unwrap();
    leak_between(&place, "i.h5/raw", "i.h5/soft");
    leak_between(&place, "i.tif", "./x/../i.tif/0");
}

/// Lists hold an image once, together with what belongs to it.
#[test]
fn lists_hold_an_image_once() {
    let place = Place::new();
    for (name, seed) in [("a.tif", 0), ("b.tif", 5), ("ta.tif", 1), ("tb.tif", 2)] {
        plane(&place, name, seed);
    }
    for (from, to) in [("a.tif", "hard.tif"), ("ta.tif", "thard.tif")] {
        fs::hard_link(place.path(from), place.path(to)).unwrap();
    }
    let run = |input: &str, target: &str| {
        let lists = format!("input: [{input}]\n  target: [{target}]\n  epochs: 1\n");
        place.run(&with(OWN, "input: [TRAIN]\n  val_input: [VAL]\n", &lists)).with_code(0)
    };
    let all = run("a.tif, b.tif, hard.tif", "ta.tif, tb.tif, thard.tif");
    all.says("warning: ");
    all.says("1 of 3 images are in the list before and are left out");
    all.says("hard.tif is ");
    all.says("from 2 images");
    // Another target of the same image is another example.
    let other = run("a.tif, hard.tif", "ta.tif, tb.tif");
    assert!(!other.stdout.contains("left out"), "{}", other.stdout);
    other.says("from 2 images");
    // So is another image of the same target.
    run("a.tif, b.tif", "ta.tif, thard.tif").says("from 2 images");
    // The input may be its own target.
    run("a.tif, b.tif", "hard.tif, b.tif").says("from 2 images");

    // One line for many.
    fs::create_dir(place.path("many")).unwrap();
    for number in 0..300 {
        fs::hard_link(place.path("a.tif"), place.path(format!("many/{number}.tif"))).unwrap();
    }
    let many = leaks(&place, &with(&with(OWN, "[TRAIN]", "many"), "[VAL]", "b.tif")).with_code(0);
    many.says("299 of 300 images are in the list before and are left out");
    assert_eq!(many.stdout.matches("left out").count(), 1);
}

/// Hard, soft and external links inside of HDF5, in groups of both kinds.
#[test]
fn links_inside_of_hdf5_lead_to_the_same_pixels() {
    let place = case("hdf5-links");
    for file in ["old.h5", "new.h5"] {
        let at = |inside: &str| format!("{file}/{inside}");
        for inside in ["hard", "chain", "folder/hard"] {
            own(&place, &at("raw"), &at(inside)).with_code(2).complains(&["leak: pixel "]);
        }
        for inside in ["outside", "elsewhere/raw", "through"] {
            own(&place, "linked.h5/raw", &at(inside)).with_code(2).complains(&["leak: pixel "]);
        }
        none_between(&place, &at("raw"), &at("other"));
        none_between(&place, &at("raw"), &at("outside"));
    }
    own(&place, "new.h5/outside", "old.h5/through").with_code(2).complains(&["leak: pixel "]);
    own(&place, "new.h5/raw", "old.h5/raw").with_code(0).says("leaks: none");
    // What is written must not take the place of a file that is linked to.
    fs::create_dir(place.path("out")).unwrap();
    fs::hard_link(place.path("linked.h5"), place.path("out/new_identity.tiff")).unwrap();
    let predict = with(crate::support::PREDICT, "input: image.tiff", "input: new.h5/outside");
    let predict = with(&predict, "data_type: tiff", "data_type: hdf5");
    place
        .run(&predict)
        .with_code(2)
        .complains(&["new_identity.tiff would be overwritten, which the run reads"]);
}

/// Data sets that are mixed in are trained with.
#[test]
fn a_link_in_a_data_set_that_is_mixed_in_is_found() {
    let place = Place::new();
    plane(&place, "a.tif", 0);
    plane(&place, "b.tif", 1);
    fs::hard_link(place.path("b.tif"), place.path("c.tif")).unwrap();
    let other = with(&with(OWN, "TRAIN", "c.tif"), "\n  val_input: [VAL]", "");
    place.write("other.yaml", &other);
    let text = with(&with(OWN, "TRAIN", "a.tif"), "VAL", "b.tif") + "  mix: [{config: other.yaml}]\n";
    leaks(&place, &text).with_code(2).complains(&[
        "leak: pixel ",
        "c.tif, which validation reads as",
        "b.tif",
    ]);
}

/// An output that is an input under another name is refused, whatever kind of link it is.
#[cfg(unix)]
#[test]
fn inputs_are_not_overwritten_through_links() {
    let place = Place::new();
    plane(&place, "a.tif", 0);
    fs::create_dir(place.path("out")).unwrap();
    let predict = with(crate::support::PREDICT, "input: image.tiff", "input: a.tif");
    let output = place.path("out/a_identity.tiff");
    let refused = || {
        place
            .run(&predict)
            .with_code(2)
            .complains(&["a_identity.tiff would be overwritten, which the run reads"]);
        fs::remove_file(&output).unwrap();
    };
    fs::hard_link(place.path("a.tif"), &output).unwrap();
    refused();
    std::os::unix::fs::symlink("../a.tif", &output).unwrap();
    refused();
    let predict = format!("{predict}overwrite: true\n");
    place.run(&predict).with_code(0);
    place.run(&predict).with_code(0);
}

/// The files of one image may belong to a single file, be it a folder or a list.
#[test]
fn files_of_one_image_have_one_target() {
    let place = case("leak-multifile-ome");
    fs::create_dir(place.path("target")).unwrap();
    place.image::<u16>("target/t.tif", "tiff", "TYX", &[3, 48, 48], |at| u16::try_from(at % 60_000).unwrap());
    let text = fs::read_to_string(place.path("val_other_file.yaml")).unwrap();
    for (input, target) in [("set", "target"), ("[set/t0.ome.tif, set/t2.ome.tif]", "target/t.tif")] {
        let lists = format!("input: {input}\n  target: {target}\n");
        let text = with(&text, "input: [set/t0.ome.tif]\n  val_input: [set/t1.ome.tif]\n", &lists);
        let run = place.run(&text).with_code(0);
        run.says("from 1 image");
        assert_eq!(run.stdout.matches("are left out").count(), 1, "{}", run.stdout);
    }
    // Files that go together in no way are refused as before.
    plane(&place, "target/u.tif", 3);
    let text = with(
        &text,
        "input: [set/t0.ome.tif]\n  val_input: [set/t1.ome.tif]\n",
        "input: set\n  target: target\n",
    );
    place.run(&text).with_code(2).complains(&["pairs are made by name"]);
}
