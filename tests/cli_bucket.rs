//! `patchweave predict` into a bucket: alone, killed and gone on with, shared out among processes that know nothing of each
//! other, and refused where it would mix up results; the objects are the files of a folder.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

#[path = "support/bucket.rs"]
mod bucket;
mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use bucket::{KEY, with_bucket};
use patchweave_testkit::{Faults, Server};
use support::{Ended, Place, files_below, signal, with};

/// Two images, one of them in a subfolder, two models, two formats with many units each.
const SHARED: &str = "\
output: s3://bucket/results
data_config:
  mode: predicting
  data_type: tiff
  axes: YX
  patching: {name: tiled, patch_size: [32, 32], overlaps: [16, 16]}
  normalization: {name: mean_std}
  num_workers: 2
predict:
  input: [in/a.tiff, in/deep/b.tiff]
  models: [identity, {name: gaussian, sigma: 1}]
  blend: hann
  formats:
    - {name: ome_zarr, chunks: {y: 48, x: 48}, levels: 2, sharding: none}
    - {name: zarr_array, array: pixels, chunks: {y: 64, x: 64}}
  pixel_type: float32
";

/// A folder with the images, and the server of a bucket that is empty.
struct Bucket {
    place: Place,
    server: Server,
}

impl Bucket {
    fn new(faults: Faults) -> Self {
        let place = Place::new();
        for folder in ["in/deep", "served/bucket"] {
            fs::create_dir_all(place.path(folder)).unwrap();
        }
        place.image("in/a.tiff", "tiff", "YX", &[230, 190], |at| u16::try_from(at * at % 60_013).unwrap());
        place.image("in/deep/b.tiff", "tiff", "YX", &[100, 140], |at| u16::try_from(at * 7 % 977).unwrap());
        place.write("run.yaml", SHARED);
        let server = Server::start(&place.path("served"), faults);
        Bucket { place, server }
    }

    fn predict(&self, more: &[&str]) -> Ended {
        with_bucket(&self.place, &self.server, &KEY, &[&["predict", "run.yaml"], more].concat())
    }

    fn start(&self, more: &[&str]) -> Child {
        let arguments = [&["predict", "run.yaml"], more].concat();
        let mut command = bucket::command(&self.place, &self.server, &KEY, &arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    fn objects(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        files_below(&self.place.path("served/bucket/results"))
    }

    /// How many units are known to be written, smaller levels not counted.
    fn n_written(&self) -> usize {
        let is_unit = |path: &Path| path.to_string_lossy().contains("/done/0/");
        paths_below(&self.place.path("served")).iter().filter(|path| is_unit(path)).count()
    }

    /// Whether something has its name.
    fn has_results(&self) -> bool {
        let is_root = |path: &PathBuf| {
            let text = path.to_string_lossy();
            text.ends_with("zarr/zarr.json") || text.ends_with("zarr_array/zarr.json")
        };
        let is_hidden = |path: &PathBuf| path.to_string_lossy().contains("/.patchweave");
        paths_below(&self.place.path("served")).iter().any(|path| is_root(path) && !is_hidden(path))
    }

    #[track_caller]
    fn has(&self, whole: &BTreeMap<PathBuf, Vec<u8>>) {
        let objects = self.objects();
        assert_eq!(objects.keys().collect::<Vec<_>>(), whole.keys().collect::<Vec<_>>());
        for (path, bytes) in &objects {
            assert!(bytes == &whole[path], "{} differs", path.display());
        }
    }
}

/// Every file below a folder in which others write.
fn paths_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                _ => found.push(entry.path()),
            }
        }
    }
    found
}

/// What a prediction into a folder leaves.
fn in_folder() -> BTreeMap<PathBuf, Vec<u8>> {
    let bucket = Bucket::new(Faults::default());
    bucket.place.write("run.yaml", &with(SHARED, "s3://bucket/results", "out"));
    bucket.predict(&[]).with_code(0);
    bucket.place.files("out")
}

#[test]
fn objects_are_the_files_of_a_folder() {
    let whole = in_folder();
    for name in ["a_identity.ome.zarr/zarr.json", "deep/b_gaussian.png", "normalization.yaml"] {
        assert!(whole.contains_key(Path::new(name)), "{name} in {:?}", whole.keys());
    }
    // Connections break, and nobody notices.
    let bucket = Bucket::new(Faults { drop_connection: 29, ..Faults::default() });
    let ended = bucket.predict(&[]).with_code(0);
    ended.says("s3://bucket/results/deep/b_gaussian.ome.zarr");
    ended.says("identity check: ");
    bucket.has(&whole);
    assert!(bucket.server.n_faults() > 0);

    let refused = bucket.predict(&[]).with_code(2);
    refused.complains(&[
        "1:9: output: 8 results exist: s3://bucket/results/a_identity.ome.zarr",
        "`overwrite: true` replaces them",
    ]);
    let refused = bucket.predict(&["--shard", "0/2", "--overwrite"]).with_code(1);
    refused.complains(&[
        "s3://bucket/results/a_identity.ome.zarr exists, and parts replace nothing in an object store",
    ]);
    bucket.has(&whole);
    bucket.predict(&["--overwrite"]).with_code(0);
    bucket.has(&whole);
}

/// At several moments, one after the other in one prediction.
#[test]
fn what_was_killed_is_gone_on_with_to_the_same_bytes() {
    let whole = in_folder();
    for steps in [&[0, 1, 9, 30][..], &[4, 50], &[100]] {
        let bucket = Bucket::new(Faults::default());
        let mut more: &[&str] = &[];
        for n_units in steps {
            let before = bucket.n_written();
            let child = std::cell::RefCell::new(bucket.start(more));
            let has_ended = || child.borrow_mut().try_wait().unwrap().is_some();
            signal::wait_until(|| bucket.n_written() >= before + n_units || has_ended());
            child.borrow_mut().kill().unwrap();
            child.borrow_mut().wait().unwrap();
            more = &["--resume"];
        }
        if bucket.n_written() > 0 {
            bucket
                .predict(&[])
                .with_code(2)
                .complains(&["s3://bucket/results", "was begun and not finished"]);
        }
        bucket.predict(&["--resume", "--overwrite"]).with_code(0);
        bucket.has(&whole);
    }
}

#[test]
fn parts_run_at_once_twice_and_killed_make_the_same_bytes() {
    let whole = in_folder();
    let bucket = Bucket::new(Faults { drop_connection: 53, ..Faults::default() });
    let [first, twin, third, mut second] =
        ["0/3", "0/3", "2/3", "1/3"].map(|part| bucket.start(&["--shard", part]));
    signal::wait_until(|| bucket.n_written() > 5);
    second.kill().unwrap();
    second.wait().unwrap();
    for child in [first, twin, third] {
        let (code, complaint) = signal::wait(child);
        assert_eq!(code, Some(0), "{complaint}");
    }
    assert!(!bucket.has_results(), "nothing has its name yet");
    let n_units = 2 * (5 * 4 + 3 * 3 + 4 * 3 + 2 * 3);
    // What was killed may have been through all the same.
    if bucket.n_written() < n_units {
        let ended = bucket.predict(&["--finish"]).with_code(1);
        ended.complains(&[
            "s3://bucket/results/",
            " is not finished: ",
            "units are missing",
            "run the parts again",
        ]);
        assert!(!bucket.has_results());
    }
    for part in ["1/3", "0/3"] {
        let ended = bucket.predict(&["--shard", part]).with_code(0);
        ended.says(&format!("prediction: part {} of 3 is written", &part[..1]));
    }
    assert_eq!(bucket.n_written(), n_units);
    bucket.predict(&["--finish"]).with_code(0).says("s3://bucket/results/a_gaussian.ome.zarr");
    bucket.has(&whole);
    bucket
        .predict(&["--finish"])
        .with_code(2)
        .complains(&["there is nothing to finish in s3://bucket/results"]);
}

/// A part that stands still meanwhile must neither undo nor change what others have finished.
#[test]
fn a_part_that_comes_late_changes_nothing() {
    let whole = in_folder();
    let bucket = Bucket::new(Faults::default());
    let late = bucket.start(&["--shard", "0/2"]);
    signal::wait_until(|| bucket.n_written() > 2);
    signal::send(&late, "-STOP");
    for part in ["0/2", "1/2"] {
        bucket.predict(&["--shard", part]).with_code(0);
    }
    bucket.predict(&["--finish"]).with_code(0);
    signal::send(&late, "-CONT");
    let (code, complaint) = signal::wait(late);
    // It may have had nothing left to do.
    assert!(code == Some(0) || complaint.contains("has finished it, this one stops"), "{code:?} {complaint}");
    let objects = bucket.objects();
    let visible: Vec<&PathBuf> =
        objects.keys().filter(|path| !path.to_string_lossy().contains(".patchweave")).collect();
    assert_eq!(visible, whole.keys().collect::<Vec<_>>());
    for path in visible {
        assert!(objects[path] == whole[path], "{} differs", path.display());
    }
}

/// Servers that replace what is there whatever is asked for.
#[test]
fn parts_need_no_conditional_writes_if_one_begins() {
    let whole = in_folder();
    let bucket = Bucket::new(Faults { no_conditions: true, ..Faults::default() });
    bucket.predict(&["--shard", "1/3"]).with_code(0);
    for child in ["0/3", "2/3"].map(|part| bucket.start(&["--shard", part])) {
        let (code, complaint) = signal::wait(child);
        assert_eq!(code, Some(0), "{complaint}");
    }
    bucket.predict(&["--finish"]).with_code(0);
    bucket.has(&whole);
}

#[test]
fn what_was_begun_is_neither_lost_nor_mixed_with_others() {
    let whole = in_folder();
    let bucket = Bucket::new(Faults::default());
    bucket.predict(&["--shard", "0/2"]).with_code(0);
    let before = bucket.objects();
    let offered = "s3://bucket/results holds a prediction that was begun and not finished: --resume goes on with it, --restart begins anew";
    bucket.predict(&[]).with_code(2).complains(&[offered]);
    for (from, to, told) in [
        ("blend: hann", "blend: linear", "predict.blend was hann, is linear"),
        ("sigma: 1", "sigma: 2", "predict.models[1].sigma was 1, is 2"),
    ] {
        bucket.place.write("run.yaml", &with(SHARED, from, to));
        for more in [&["--resume"][..], &["--shard", "1/2"], &["--finish"]] {
            bucket.predict(more).with_code(2).complains(&[
                "s3://bucket/results holds what was begun otherwise and is not finished: ",
                told,
            ]);
        }
    }
    assert!(bucket.objects() == before);
    // Another prediction takes its place if that is said.
    bucket.predict(&["--restart", "--shard", "0/2"]).with_code(2).complains(&["cannot be used with"]);
    bucket.predict(&["--restart"]).with_code(0);
    assert!(bucket.objects() != whole && bucket.has_results());
    bucket.place.write("run.yaml", SHARED);
    bucket.predict(&["--restart", "--overwrite"]).with_code(0);
    bucket.has(&whole);
}

#[test]
fn what_cannot_be_in_a_bucket_is_refused_before_any_work() {
    let bucket = Bucket::new(Faults::default());
    let config =
        with(SHARED, "- {name: zarr_array, array: pixels, chunks: {y: 64, x: 64}}", "- tiff\n    - npy");
    bucket.place.write("run.yaml", &config);
    let told = "which is not written behind a URL, expected ome_zarr or zarr_array, or a folder as `output`";
    let ended = bucket.predict(&[]).with_code(2);
    ended.complains(&[&format!("run.yaml:15:7: predict.formats[1]: got \"tiff\", {told}")]);
    ended.complains(&[&format!("run.yaml:16:7: predict.formats[2]: got \"npy\", {told}")]);
    let start = SHARED.find("  formats:").unwrap();
    let end = SHARED.find("  pixel_type:").unwrap();
    // TIFF is the default.
    bucket.place.write("run.yaml", &SHARED.replace(&SHARED[start..end], ""));
    bucket.predict(&[]).with_code(2).complains(&[": predict.formats: got \"tiff\"", told]);
    for (output, expected) in [
        ("http://127.0.0.1:1/out", "expected a folder, or one in an object store with s3:// or gs://"),
        ("s3://other/refused", "run.yaml:1:9: output: could not connect to s3://"),
    ] {
        bucket.place.write("run.yaml", &with(SHARED, "s3://bucket/results", output));
        let ended = with_bucket(&bucket.place, &bucket.server, &[], &["predict", "run.yaml"]);
        ended.with_code(2).complains(&[expected]);
    }
    assert!(bucket.objects().is_empty());
}

#[test]
fn inputs_in_a_bucket_stay() {
    let bucket = Bucket::new(Faults::default());
    let image = |name: &str| {
        bucket.place.image(&format!("served/bucket/in/{name}"), "ome_zarr", "YX", &[60, 50], |at| {
            u16::try_from(at % 999).unwrap()
        });
    };
    image("c.ome.zarr");
    image("c_identity.ome.zarr");
    let before = files_below(&bucket.place.path("served"));
    let config = with(
        SHARED,
        "[in/a.tiff, in/deep/b.tiff]",
        "[s3://bucket/in/c.ome.zarr, s3://bucket/in/c_identity.ome.zarr]",
    );
    let config = with(&config, "data_type: tiff", "data_type: zarr");
    for (output, told) in [
        ("s3a://bucket/in/", "s3://bucket/in/c_identity.ome.zarr would be overwritten, which the run reads"),
        (
            "s3://bucket/in/c.ome.zarr/out",
            "s3://bucket/in/c.ome.zarr/out lies in s3://bucket/in/c.ome.zarr, which the run reads",
        ),
    ] {
        bucket.place.write("run.yaml", &with(&config, "s3://bucket/results", output));
        bucket.predict(&["--overwrite"]).with_code(2).complains(&["run.yaml:1:9: output: ", told]);
    }
    assert!(files_below(&bucket.place.path("served")) == before);
    bucket.place.write("run.yaml", &with(&config, "s3://bucket/results", "s3://bucket/in/results/"));
    bucket.predict(&[]).with_code(0).says("s3://bucket/in/results/c_identity_gaussian.ome.zarr");
}

/// What could not be read is told beside the results, as in a folder.
#[test]
fn what_is_left_out_is_told_in_the_bucket() {
    let bucket = Bucket::new(Faults::default());
    for name in ["a", "b"] {
        bucket.place.image(&format!("in/{name}.ome.zarr"), "ome_zarr", "YX", &[300, 200], |at| {
            u16::try_from(at % 999 + 1).unwrap()
        });
    }
    fs::write(bucket.place.path("in/b.ome.zarr/0/c/1/1"), vec![0xab; 100]).unwrap();
    let config = with(SHARED, "[in/a.tiff, in/deep/b.tiff]", "[in/a.ome.zarr, in/b.ome.zarr]");
    let config = with(&config, "data_type: tiff", "data_type: zarr");
    let config = with(&config, "{name: mean_std}", "{name: none}");
    for (on_failure, has_b) in [("skip", false), ("{fill: 7}", true)] {
        let config = format!("{config}  on_failure: {on_failure}\n");
        bucket.place.write("run.yaml", &with(&config, "s3://bucket/results", "out"));
        bucket.predict(&["--overwrite"]).with_code(3);
        let local: Vec<PathBuf> = bucket.place.files("out").into_keys().collect();
        assert!(local.contains(&"left_out.json".into()));
        bucket.place.write("run.yaml", &config);
        for part in ["0/2", "1/2"] {
            // Of one of them no tile is in the damaged chunk.
            assert!([0, 3].contains(&bucket.predict(&["--shard", part]).code));
        }
        bucket.predict(&["--finish"]).with_code(3).says("s3://bucket/results/left_out.json");
        assert_eq!(bucket.objects().into_keys().collect::<Vec<_>>(), local, "{on_failure}");
        assert_eq!(bucket.objects().contains_key(Path::new("b_identity.ome.zarr/zarr.json")), has_b);
        fs::remove_dir_all(bucket.place.path("served/bucket/results")).unwrap();
        fs::remove_dir_all(bucket.place.path("out")).unwrap();
    }
}

/// Parts that know nothing of each other, one of them twice at the same time.
#[test]
fn tiles_that_parts_leave_out_are_told_when_they_are_finished() {
    let bucket = Bucket::new(Faults { drop_connection: 41, ..Faults::default() });
    for (name, size) in [("a", [230, 190]), ("b", [100, 140])] {
        let pixel = |at: usize| u8::from((at / size[1] / 60 + at % size[1] / 60).is_multiple_of(2));
        bucket.place.image(&format!("in/{name}_mask.tiff"), "tiff", "YX", &size, pixel);
    }
    let config = with(SHARED, "blend: hann", "skip: {mask: [in/a_mask.tiff, in/b_mask.tiff]}");
    bucket.place.write("run.yaml", &with(&config, "s3://bucket/results", "out"));
    let told = |ended: Ended| {
        let line = ended.stdout.lines().find(|line| line.starts_with("left out: ")).map(str::to_owned);
        line.unwrap_or_else(|| panic!("nothing is told of tiles that were left out: {ended:#?}"))
    };
    let in_one_go = told(bucket.predict(&[]).with_code(0));
    assert!(!in_one_go.starts_with("left out: 0 "), "{in_one_go}");
    let whole = bucket.place.files("out");
    assert!(whole.contains_key(Path::new("deep/b_coverage.png")));
    bucket.place.write("run.yaml", &config);
    for child in ["0/2", "0/2", "1/2"].map(|part| bucket.start(&["--shard", part])) {
        let (code, complaint) = signal::wait(child);
        assert_eq!(code, Some(0), "{complaint}");
    }
    assert_eq!(told(bucket.predict(&["--finish"]).with_code(0)), in_one_go);
    bucket.has(&whole);
}

/// Where a run begins in a store, nothing of an earlier one is left that could be taken for its own.
#[test]
fn results_of_an_earlier_run_are_gone_where_their_image_is_left_out() {
    let bucket = Bucket::new(Faults::default());
    for name in ["a", "b"] {
        bucket.place.image(&format!("in/{name}.ome.zarr"), "ome_zarr", "YX", &[300, 200], |at| {
            u16::try_from(at % 999 + 1).unwrap()
        });
    }
    let config = with(SHARED, "[in/a.tiff, in/deep/b.tiff]", "[in/a.ome.zarr, in/b.ome.zarr]");
    let config = with(&config, "data_type: tiff", "data_type: zarr");
    let config = with(&config, "{name: mean_std}", "{name: none}");
    bucket.place.write("run.yaml", &format!("{config}  on_failure: skip\n"));
    bucket.predict(&[]).with_code(0);
    assert!(bucket.objects().contains_key(Path::new("b_identity.ome.zarr/zarr.json")));
    fs::write(bucket.place.path("in/b.ome.zarr/0/c/1/1"), vec![0xab; 100]).unwrap();
    bucket.predict(&["--overwrite"]).with_code(3);
    let objects = bucket.objects();
    let is_of_b =
        |path: &&PathBuf| path.starts_with("b_identity.ome.zarr") || path.starts_with("b_identity.zarr");
    assert_eq!(objects.keys().find(is_of_b), None);
    let report: serde_json::Value = serde_json::from_slice(&objects[Path::new("left_out.json")]).unwrap();
    assert!(!report["tiles"].as_array().unwrap().is_empty());
    assert!(report.get("earlier_results").is_none(), "{report}");
}

/// Whether results exist is asked for side by side.
#[test]
fn several_results_are_looked_for_at_once() {
    let bucket = Bucket::new(Faults { gather: Some(("results", 4)), ..Faults::default() });
    let variables = [KEY[0], KEY[1], ("RAYON_NUM_THREADS", "4")];
    let ended = with_bucket(&bucket.place, &bucket.server, &variables, &["validate", "run.yaml"]);
    ended.with_code(0).says("run.yaml is fine");
    assert_eq!(bucket.server.most_at_once(), 4);
}
