//! The packed golden cases: every check agrees, and none of them was lost.
#![allow(clippy::unwrap_used, reason = "a failed test is a panic")]

use std::fs;
use std::path::{Path, PathBuf};

use patchweave_testkit::golden::{CaseFiles, GoldenCase, PackList, find_cases, pack_cases, run};
use patchweave_testkit::operations::operation;
use serde_json::{Value, json};

fn packs() -> [PathBuf; 2] {
    ["careamics", "qlty"]
        .map(|maker| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden").join(maker))
}

#[test]
fn every_packed_check_passes() {
    for packs in packs() {
        let list = PackList::read(&packs).unwrap();
        let report = run(&find_cases(&packs).unwrap(), operation);
        assert_eq!(report.n_failed(), 0, "\n{report}");
        assert_eq!(report.n_passed(), list.n_checks);
    }
}

#[test]
fn the_packs_hold_what_the_manifest_lists() {
    for packs in packs() {
        check_manifest(&packs);
    }
}

fn check_manifest(packs: &Path) {
    let list = PackList::read(packs).unwrap();
    let mut packed: Vec<(String, String, usize)> = find_cases(packs)
        .unwrap()
        .iter()
        .map(|files| GoldenCase::read(files).unwrap())
        .map(|case| (case.id, case.op, case.checks.len()))
        .collect();
    let mut listed: Vec<(String, String, usize)> =
        list.cases.iter().map(|case| (case.id.clone(), case.op.clone(), case.checks)).collect();
    packed.sort();
    listed.sort();
    assert_eq!(packed, listed);
    assert_eq!(list.n_cases, listed.len());
    assert_eq!(list.n_checks, listed.iter().map(|(_, _, checks)| checks).sum::<usize>());
}

/// A folder with one case of `tile_axis` that has these checks, and the list that packing needs.
fn folder_with(checks: &Value) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let case = folder.path().join("tile_axis/own");
    fs::create_dir_all(&case).unwrap();
    let text = json!({"format": 1, "id": "tile_axis/own", "op": "tile_axis", "checks": checks}).to_string();
    fs::write(case.join("case.json"), text).unwrap();
    let list = json!({"format": 1, "reference": {"maker": "1.0"}, "cases": []}).to_string();
    fs::write(folder.path().join("manifest.json"), list).unwrap();
    folder
}

fn tile(n: i64, expect: &Value) -> Value {
    json!({"params": {"axis_size": n, "patch_size": 8, "overlap": 0}, "expect": expect})
}

#[test]
fn wrong_results_fail() {
    let checks = json!([
        tile(8, &json!({"rows": [[0, 0, 0, 8]]})),
        tile(8, &json!({"rows": [[0, 0, 0, 7]]})),
        tile(-1, &json!({"rows": []})),
        tile(8, &json!({"colour": 3})),
        {"params": {"axis_size": 8, "patch_size": 8, "overlap": 8}, "error": "value"},
        {"params": {"axis_size": 8, "patch_size": 8, "overlap": 0}, "error": "value"},
        {"params": {"axis_size": 8, "patch_size": 8}, "error": "value"},
    ]);
    let folder = folder_with(&checks);
    let cases = find_cases(folder.path()).unwrap();
    let report = run(&cases, operation);
    assert_eq!(
        report.to_string(),
        "tile_axis: 2 passed, 5 failed\n  \
         tile_axis/own check 1: rows[0][3]: got 8, expected 7\n  \
         tile_axis/own check 2: refused: axis_size is -1, expected at least 0\n  \
         tile_axis/own check 3: colour: got no such result, expected 3\n  \
         tile_axis/own check 5: got results, expected a refusal (value)\n  \
         tile_axis/own check 6: overlap: got null, expected a value\n\
         2 passed, 5 failed\n"
    );
    let report = run(&cases, |_| None);
    assert_eq!(report.operations["tile_axis"].failures[0].reason, "not supported yet");
    assert_eq!((report.n_passed(), report.n_failed()), (0, 7));
    let report = run(&cases, |_| Some(|_| panic!("out of wool")));
    assert_eq!(report.operations["tile_axis"].failures[4].reason, "panicked: out of wool");
    assert_eq!((report.n_passed(), report.n_failed()), (0, 7));
}

#[test]
fn unreadable_cases_fail() {
    let folder = folder_with(&json!([{"params": {}}]));
    let report = run(&find_cases(folder.path()).unwrap(), operation);
    let reason = &report.operations["unreadable cases"].failures[0].reason;
    assert_eq!(reason, "tile_axis/own check 0: got neither, expected either expect or error");
    assert!(find_cases(&folder.path().join("nowhere")).is_err());
}

#[test]
fn packing_twice_gives_the_same_bytes() {
    let folder = folder_with(&json!([tile(8, &json!({"rows": [[0, 0, 0, 8]]}))]));
    let selection = ["tile_axis".to_owned()];
    let first = folder.path().join("first");
    let second = folder.path().join("second");
    let list = pack_cases(folder.path(), &first, &selection).unwrap();
    assert_eq!(list, pack_cases(folder.path(), &second, &["tile_axis/own".to_owned()]).unwrap());
    assert_eq!((list.n_cases, list.n_checks, list.reference["maker"].as_str()), (1, 1, "1.0"));
    assert_eq!(list, PackList::read(&first).unwrap());
    let bytes = |folder: &Path| fs::read(folder.join("tile_axis.zip")).unwrap();
    assert!(bytes(&first) == bytes(&second));
    let cases = find_cases(&first).unwrap();
    assert!(matches!(cases.as_slice(), [CaseFiles::Packed { .. }]));
    assert_eq!(run(&cases, operation).n_passed(), 1);
    let error = pack_cases(folder.path(), &first, &["first".to_owned()]).unwrap_err();
    assert_eq!(error.to_string(), "\"first\" names no case");
}
