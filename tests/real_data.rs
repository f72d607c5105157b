//! Training and prediction on real microscopy images, one configuration for each kind.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

mod support;

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use patchweave_testkit::real_data;
use support::{Ended, PATCHWEAVE, files_below};

/// Names the folder of real images.
const DATA: &str = "PATCHWEAVE_TEST_DATA";
/// Names the folder for results; a temporary one unless it is set.
const OUTPUT: &str = "PATCHWEAVE_TEST_OUTPUT";

/// Runs a configuration; checks its results and that everything listed is there.
#[track_caller]
fn run(name: &str, n_pixels: &str, files: &[&str]) {
    let Some(data) = real_data() else { return };
    let temporary = tempfile::tempdir().unwrap();
    let output = std::env::var_os(OUTPUT).map_or_else(|| temporary.path().to_owned(), PathBuf::from);
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/configs").join(format!("{name}.yaml"));
    let mut command = Command::new(PATCHWEAVE);
    command.arg("run").arg(config).env(DATA, data).env(OUTPUT, &output).current_dir(&output);
    let ended = Ended::of(&mut command).with_code(0);
    assert_eq!(ended.stderr, "");
    for ending in ["tiff", "ome.zarr"] {
        let check = format!("identity check: all {n_pixels} uint16 pixels of ");
        let result = format!("_identity.{ending} equal the input");
        let is_check = |line: &str| line.contains(&check) && line.ends_with(&result);
        assert!(ended.stdout.lines().any(is_check), "{}", ended.stdout);
    }
    ended.says("prediction: gaussian on 1 image");
    assert!(!ended.stdout.contains("seams may show"), "{}", ended.stdout);
    let listed: Vec<_> = ended.listed().into_iter().map(|path| output.join(path)).collect();
    assert!(listed.iter().all(|path| path.exists()), "{listed:?}");
    let written = files_below(&output.join(name));
    for file in files {
        assert!(written.contains_key(Path::new(file)), "no {file} in {:?}", written.keys());
    }
}

#[test]
fn channels() {
    let stem = "xyc_16bit__cell_dna_mts_actin";
    let files =
        [format!("{stem}_identity.tiff"), format!("{stem}_gaussian.png"), "training_patches.png".into()];
    run("channels", "367 500", &files.each_ref().map(String::as_str));
}

#[test]
fn noise() {
    let stem = "xy_calibrated_16bit__cells_eres_noisy";
    let files =
        [format!("{stem}_identity.tiff"), format!("{stem}_gaussian.png"), "training_patches.png".into()];
    run("noise", "262 144", &files.each_ref().map(String::as_str));
}

#[test]
fn volume() {
    let stem = "xyz_calibrated_16bit__golgi_bfa";
    let files =
        [format!("{stem}_identity.tiff"), format!("{stem}_gaussian.png"), "training_patches.png".into()];
    run("volume", "503 475", &files.each_ref().map(String::as_str));
}

#[test]
fn zarr() {
    let stem = "derived_dna_mts_actin_v04";
    let files =
        [format!("{stem}_identity.tiff"), format!("{stem}_gaussian.png"), "training_patches.png".into()];
    run("zarr", "367 500", &files.each_ref().map(String::as_str));
}

/// Of the damaged copy nothing is predicted, and the message names the file.
#[test]
fn damaged_chunks_end_the_run() {
    let Some(data) = real_data() else { return };
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/configs/zarr.yaml"));
    let damaged = text.unwrap().replace("_v04.ome.zarr", "_v04_damaged.ome.zarr");
    let place = support::Place::new();
    let config = place.write("damaged.yaml", &damaged);
    let mut command = Command::new(PATCHWEAVE);
    command.arg("run").arg(config).env(DATA, data).env(OUTPUT, place.path("out"));
    Ended::of(&mut command).with_code(1).complains(&["_v04_damaged.ome.zarr"]);
    assert!(place.names("out/zarr").iter().all(|name| !name.starts_with('.')));
}
