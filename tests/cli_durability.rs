//! What a run brings to the disk, and what it does with what killed runs have left.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

mod support;

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;
use support::{Place, SMALL, signal, with};

/// The paths that a run has synced, as its trace tells, from the folder of the test on.
fn synced(place: &Place, durability: Option<&str>) -> BTreeSet<String> {
    let _ = fs::remove_dir_all(place.path("out"));
    let line = durability.map_or(String::new(), |durability| format!("durability: {durability}\n"));
    let config = place.write("run.yaml", &format!("{line}{SMALL}"));
    let arguments =
        ["run".as_ref(), config.as_os_str(), "--trace".as_ref(), "t.json".as_ref(), "--state".as_ref()];
    let state = place.path("state.json");
    let _ = fs::remove_file(&state);
    place.patchweave(&[&arguments[..], &[state.as_os_str()]].concat()).with_code(0);
    let trace: Value = serde_json::from_slice(&fs::read(place.path("t.json")).unwrap()).unwrap();
    let root = place.path("").canonicalize().unwrap().display().to_string();
    let spans = trace.as_array().unwrap().iter().filter(|entry| entry["name"] == "sync");
    let path = |entry: &Value| {
        let path = entry["args"]["path"].as_str().unwrap().to_owned();
        let path = path.strip_prefix(&root).unwrap_or(&path).trim_matches('/');
        // Temporary names are others every time.
        let path = path.split_once("/scratch/").map_or(path, |(folder, _)| folder);
        let parts = path.split('/').map(|part| if part.starts_with(".patchweave-") { "part" } else { part });
        parts.collect::<Vec<_>>().join("/")
    };
    spans.map(path).collect()
}

/// Every write of a run waits for the disk as far as it is asked to: statistics, state, pictures, images, records.
#[test]
fn every_file_and_folder_of_a_run_is_synced_or_none() {
    let place = Place::new();
    assert!(synced(&place, Some("none")).is_empty());
    let files = synced(&place, Some("files"));
    let full = synced(&place, None);
    assert_eq!(full, synced(&place, Some("full")), "it is the default");
    assert!(files.is_subset(&full));
    for written in place.files("out").keys().map(|path| format!("out/{}", path.display())) {
        // Chunks are synced under the temporary name of their store.
        let inside = written.split_once(".zarr/").map(|(_, inside)| format!("/new/{inside}"));
        let is_it = |path: &String| match &inside {
            Some(inside) => path.ends_with(inside.as_str()),
            None => *path == written,
        };
        assert!(files.iter().any(is_it), "{written} is not in {files:?}");
    }
    assert!(files.contains("state.json"));
    let folders: BTreeSet<_> = full.difference(&files).map(String::as_str).collect();
    for folder in ["", "out", "out/data"] {
        assert!(folders.contains(folder), "{folder:?} is not in {folders:?}");
    }
    assert!(folders.iter().any(|folder| folder.ends_with("/new/0/c/0")), "{folders:?}");
}

#[test]
fn durability_is_one_of_three() {
    let place = Place::new();
    let ended = place.run(&format!("durability: disk\n{SMALL}")).with_code(2);
    ended.complains(&["run.yaml:1:13: durability: got \"disk\", expected full, files or none"]);
}

/// A trace stands under its temporary name as long as the run lives.
#[test]
fn leftovers_go_with_the_next_run_and_not_before_their_own_is_dead() {
    let place = Place::new();
    let parts = || place.names("out").iter().filter(|name| name.ends_with(".part")).count();
    let endless = place.write("endless.yaml", &with(SMALL, "epochs: 2", "epochs: 100000000"));
    let mut child = signal::start(
        &place,
        &[
            "run".as_ref(),
            endless.as_os_str(),
            "--trace".as_ref(),
            "out/t.json".as_ref(),
            "--state".as_ref(),
            "s".as_ref(),
        ],
    );
    signal::wait_until(|| place.path("s").exists());
    let ended = place.run(SMALL).with_code(0);
    assert!(!ended.stdout.contains("removed"), "{}", ended.stdout);
    assert_eq!(parts(), 1, "that of the living run");
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(parts(), 1, "a killed run leaves it");
    fs::create_dir_all(place.path("out/data/.patchweave-x.part/new")).unwrap();
    let _ = fs::remove_file(place.path("out/data/simulation.json"));
    fs::remove_dir_all(place.path("out/data/mixed.ome.zarr")).unwrap();
    fs::write(place.path("out/data/simulation.json"), "{}").unwrap();
    let ended = place.run(&format!("{SMALL}overwrite: true\n"));
    ended.says("removed 1 unfinished file or folder of killed runs from out");
    assert_eq!(parts(), 0);
}
