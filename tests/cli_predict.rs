//! `patchweave predict`: killed, continued, shared out among processes, and refused where it would mix up results.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

mod support;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use support::signal::{self, JOURNAL, n_written};
use support::{Ended, PREDICT, Place, read_image, with};

/// Two images, two models, one of which needs more than a tile, two formats with many units each.
const SHARED: &str = "\
output: out
data_config:
  mode: predicting
  data_type: tiff
  axes: YX
  patching: {name: tiled, patch_size: [32, 32], overlaps: [16, 16]}
  normalization: {name: mean_std}
  num_workers: 2
predict:
  input: [a.tiff, b.tiff]
  models: [identity, {name: gaussian, sigma: 1}]
  blend: hann
  formats:
    - {name: ome_zarr, chunks: {y: 48, x: 48}, levels: 2, sharding: none}
    - {name: tiff, compression: none}
  pixel_type: float32
";

/// What does not stop: a random number from the one before.
fn next(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *seed >> 33
}

fn place() -> Place {
    let place = Place::new();
    let mut seed = 7;
    place.image("a.tiff", "tiff", "YX", &[230, 190], |_| u16::try_from(next(&mut seed) % 60_000).unwrap());
    place.image("b.tiff", "tiff", "YX", &[100, 140], |_| u16::try_from(next(&mut seed) % 900).unwrap());
    place.write("run.yaml", SHARED);
    place
}

fn predict(place: &Place, more: &[&str]) -> Ended {
    place.patchweave(&[&["predict", "run.yaml"], more].concat())
}

/// What a prediction that nobody disturbs leaves: its files and nothing else.
fn undisturbed() -> BTreeMap<PathBuf, Vec<u8>> {
    let place = place();
    predict(&place, &[]).with_code(0);
    let files = place.files("out");
    let stays = |path: &Path| !path.iter().any(|part| part.to_string_lossy().starts_with('.'));
    assert!(files.keys().all(|path| stays(path)), "{:?}", files.keys());
    files
}

#[track_caller]
fn same(place: &Place, whole: &BTreeMap<PathBuf, Vec<u8>>) {
    let files = place.files("out");
    assert_eq!(files.keys().collect::<Vec<_>>(), whole.keys().collect::<Vec<_>>());
    for (path, bytes) in &files {
        assert!(bytes == &whole[path], "{} differs", path.display());
    }
}

/// Starts a prediction and kills it once so many units more are written, or it has ended.
fn killed_after(place: &Place, more: &[&str], n_units: usize) {
    let before = n_written(place);
    let arguments = [&["predict", "run.yaml"], more].concat();
    signal::killed_when(place, &arguments, || n_written(place) >= before + n_units);
}

/// At 25 moments, one after the other in one prediction, and each in one of its own.
#[test]
fn what_was_killed_is_gone_on_with_to_the_same_bytes() {
    let whole = undisturbed();
    let mut seed = 11;
    let mut n_kills = 0;
    while n_kills < 25 {
        let place = place();
        let mut more: &[&str] = &[];
        loop {
            let n_units = usize::try_from(next(&mut seed) % 20).unwrap();
            n_kills += 1;
            killed_after(&place, more, n_units);
            if !place.path(JOURNAL).exists() || n_kills >= 25 {
                break;
            }
            more = &["--resume"];
        }
        predict(&place, &["--resume", "--overwrite"]).with_code(0);
        same(&place, &whole);
    }
}

#[test]
fn three_processes_share_a_prediction_one_is_killed_and_one_runs_twice() {
    let whole = undisturbed();
    let place = place();
    let start = |part: &str| signal::start(&place, &["predict", "run.yaml", "--shard", part]);
    let [first, mut second, third] = ["0/3", "1/3", "2/3"].map(start);
    signal::wait_until(|| n_written(&place) > 3);
    second.kill().unwrap();
    second.wait().unwrap();
    for child in [first, third] {
        let (code, complaint) = signal::wait(child);
        assert_eq!(code, Some(0), "{complaint}");
    }
    assert!(place.names("out").iter().all(|name| name.starts_with('.')), "nothing has its name yet");
    // What was killed may have been through all the same.
    if n_written(&place) < n_units() {
        let ended = predict(&place, &["--finish"]).with_code(1);
        ended.complains(&[
            "is not finished: ",
            "units are missing",
            "run the parts again that did not end well",
        ]);
    }
    for part in ["1/3", "0/3"] {
        let ended = predict(&place, &["--shard", part]).with_code(0);
        ended.says(&format!("prediction: part {} of 3 is written", &part[..1]));
    }
    predict(&place, &["--finish"]).with_code(0).says("out/a_gaussian.ome.zarr");
    same(&place, &whole);
    predict(&place, &["--finish"]).with_code(2).complains(&["there is nothing to finish in "]);
}

/// How many units the two images have in both formats, in all.
fn n_units() -> usize {
    let place = place();
    for part in ["0/2", "1/2"] {
        predict(&place, &["--shard", part]).with_code(0);
    }
    n_written(&place)
}

/// Of parts as many as there are units most have one or none.
#[test]
fn any_number_of_parts_makes_the_same() {
    let whole = undisturbed();
    for n_parts in [2, 5, 40] {
        let place = place();
        for part in (0..n_parts).rev() {
            predict(&place, &["--shard", &format!("{part}/{n_parts}")]).with_code(0);
        }
        predict(&place, &["--finish"]).with_code(0);
        same(&place, &whole);
    }
}

/// Units that are no multiples of the smallest level are joined to larger ones.
#[test]
fn parts_and_what_is_gone_on_with_know_units_that_levels_join() {
    let joined = |place: &Place| {
        place.write(
            "run.yaml",
            &with(SHARED, "chunks: {y: 48, x: 48}, levels: 2", "chunks: {y: 25, x: 35}, levels: 3"),
        )
    };
    let alone = place();
    joined(&alone);
    predict(&alone, &[]).with_code(0);
    let whole = alone.files("out");
    let place = place();
    joined(&place);
    for part in ["0/3", "1/3", "0/3"] {
        predict(&place, &["--shard", part]).with_code(0);
    }
    predict(&place, &["--finish"]).with_code(1).complains(&["units"]);
    predict(&place, &["--shard", "2/3"]).with_code(0);
    predict(&place, &["--finish"]).with_code(0);
    same(&place, &whole);
    std::fs::remove_dir_all(place.path("out")).unwrap();
    killed_after(&place, &[], 20);
    predict(&place, &["--resume"]).with_code(0);
    same(&place, &whole);
}

#[test]
fn one_process_goes_on_with_what_parts_have_left() {
    let whole = undisturbed();
    let place = place();
    predict(&place, &["--shard", "1/3"]).with_code(0);
    let ended = predict(&place, &["--resume"]).with_code(0);
    ended.says(" tiles had to be predicted");
    ended.says("(mean ± std, of what the prediction was begun with)");
    same(&place, &whole);
}

/// Files larger than a limit cannot be written: as on a full disk, but for one process.
#[test]
fn failing_writes_leave_what_can_be_gone_on_with() {
    let whole = undisturbed();
    for n_blocks in [0, 1, 4, 9, 30] {
        let place = place();
        let script = format!("trap '' XFSZ; ulimit -f {n_blocks}; exec \"$0\" predict run.yaml");
        let mut command = assert_cmd::Command::new("sh");
        let ended = Ended::of(command.args(["-c", &script, support::PATCHWEAVE]).current_dir(place.path("")));
        assert_eq!(ended.code, 1, "{ended:#?}");
        ended.complains(&["File too large"]);
        for name in place.names("out") {
            assert!(name.starts_with('.') || whole.keys().any(|path| path.starts_with(&name)), "{name}");
        }
        predict(&place, &["--resume"]).with_code(0);
        same(&place, &whole);
    }
}

#[test]
fn an_input_that_fails_and_comes_back_is_gone_on_with() {
    let whole = undisturbed();
    let place = place();
    let changed = fs::metadata(place.path("b.tiff")).unwrap().modified().unwrap();
    let bytes = fs::read(place.path("b.tiff")).unwrap();
    // The first image is predicted, the second one is not there.
    predict(&place, &["--shard", "0/3"]).with_code(0);
    let n_before = n_written(&place);
    assert!(n_before > 0);
    fs::remove_file(place.path("b.tiff")).unwrap();
    predict(&place, &["--resume"]).with_code(2).complains(&["predict.input[1]", "b.tiff does not exist"]);
    assert_eq!(n_written(&place), n_before);
    fs::write(place.path("b.tiff"), &bytes).unwrap();
    let ended = predict(&place, &["--resume"]).with_code(2);
    ended.complains(&["holds what was begun otherwise and is not finished: image b was ", "changed"]);
    File::options().write(true).open(place.path("b.tiff")).unwrap().set_modified(changed).unwrap();
    predict(&place, &["--resume"]).with_code(0);
    same(&place, &whole);
}

#[test]
fn what_was_begun_is_neither_lost_nor_mixed_with_others() {
    let whole = undisturbed();
    let place = place();
    predict(&place, &["--shard", "0/2"]).with_code(0);
    let before = place.files("out");
    let offered = [
        "out holds a prediction that was begun and not finished: --resume goes on with it, --restart begins anew",
    ];
    predict(&place, &[]).with_code(2).complains(&offered);
    place.run(SHARED).with_code(2).complains(&offered);
    let others = [
        ("blend: hann", "blend: linear", "predict.blend was hann, is linear"),
        ("overlaps: [16, 16]", "overlaps: [16, 8]", "data_config.patching.overlaps[1] was 16, is 8"),
        ("sigma: 1", "sigma: 2", "predict.models[1].sigma was 1, is 2"),
        ("mean_std", "min_max", "data_config.normalization.name was mean_std, is min_max"),
        ("  blend: hann\n", "", "predict.blend was hann, is not given"),
    ];
    for (from, to, told) in others {
        place.write("run.yaml", &with(SHARED, from, to));
        for more in [&["--resume"][..], &["--shard", "1/2"], &["--finish"]] {
            predict(&place, more)
                .with_code(2)
                .complains(&["out holds what was begun otherwise and is not finished: ", told]);
        }
    }
    assert!(place.files("out") == before);
    // What changes no pixel is no other prediction.
    let same_pixels = with(SHARED, "num_workers: 2", "num_workers: 1\n  batch_size: 3");
    place.write("run.yaml", &format!("{}  prefetch_mib: 16\n", same_pixels));
    predict(&place, &["--resume"]).with_code(0);
    same(&place, &whole);

    // Results exist now.
    predict(&place, &["--shard", "0/2"]).with_code(2).complains(&["12 results exist"]);
    for more in [&[][..], &["--resume"]] {
        predict(&place, more).with_code(2).complains(&["12 results exist"]);
    }
    predict(&place, &["--overwrite"]).with_code(0);
    same(&place, &whole);
}

#[test]
fn beginning_anew_removes_what_was_begun() {
    let whole = undisturbed();
    let place = place();
    place.write("run.yaml", &with(SHARED, "sigma: 1", "sigma: 2"));
    predict(&place, &["--shard", "0/2"]).with_code(0);
    place.write("run.yaml", SHARED);
    predict(&place, &["--restart"]).with_code(0);
    same(&place, &whole);
}

#[test]
fn nobody_else_works_on_what_one_process_does() {
    let place = Place::new();
    // Larger than what is done before somebody looks.
    place.image("image.tiff", "tiff", "YX", &[2000, 2000], |i| u8::try_from(i % 251).unwrap());
    let config = with(PREDICT, "[identity]", "[{name: gaussian, sigma: 60}]");
    // Units of which the first is there long before the last.
    let formats = "  formats: [{name: ome_zarr, chunks: {y: 128, x: 128}, sharding: none}]\n";
    place.write("run.yaml", &format!("{config}{formats}"));
    let child = signal::start(&place, &["predict", "run.yaml"]);
    signal::wait_until(|| n_written(&place) > 0);
    signal::send(&child, "-STOP");
    for more in [&["--resume"][..], &["--shard", "0/2"], &["--finish"], &["--restart"]] {
        let ended = predict(&place, more).with_code(1);
        ended.complains(&["another process writes out"]);
    }
    signal::send(&child, "-INT");
    signal::send(&child, "-CONT");
    let (code, complaint) = signal::wait(child);
    assert_eq!(code, Some(1));
    assert!(complaint.contains("interrupted; `--resume` goes on with what was written"), "{complaint}");
    predict(&place, &["--resume"]).with_code(0);
    assert!(!place.path(JOURNAL).exists());
}

/// What appears under the name of a result meanwhile is not replaced, unless it is said.
#[test]
fn what_appears_meanwhile_stays() {
    let whole = undisturbed();
    let place = place();
    predict(&place, &["--shard", "0/2"]).with_code(0);
    fs::write(place.path("out/a_gaussian.tiff"), "somebody's").unwrap();
    let ended = predict(&place, &["--resume"]).with_code(1);
    ended.complains(&["a_gaussian.tiff has appeared since the work on it began and is not replaced"]);
    assert_eq!(fs::read(place.path("out/a_gaussian.tiff")).unwrap(), b"somebody's");
    fs::remove_file(place.path("out/a_gaussian.tiff")).unwrap();
    predict(&place, &["--resume"]).with_code(0);
    same(&place, &whole);
}

#[test]
fn the_command_line_is_checked() {
    let place = place();
    let part = "expected the number of a part, counted from 0, and how many there are: 0/3, 1/3 or 2/3";
    for wrong in ["3/3", "1", "-1/3", "0/0", "a/b", "1/"] {
        predict(&place, &[&format!("--shard={wrong}")]).with_code(2).complains(&[part]);
    }
    for pair in [
        ["--resume", "--restart"],
        ["--resume", "--finish"],
        ["--shard=0/2", "--finish"],
        ["--shard=0/2", "--restart"],
    ] {
        predict(&place, &pair).with_code(2).complains(&["cannot be used with"]);
    }
    predict(&place, &["--finish"]).with_code(2).complains(&["there is nothing to finish in "]);
    let training = "output: out\ndata_config:\n  {mode: training, data_type: tiff, axes: YX, patching: {name: random, patch_size: [32, 32]}, normalization: {name: none}}\ntrain: {input: a.tiff}\n";
    place.write("run.yaml", training);
    predict(&place, &[]).with_code(2).complains(&["predict needs a predict section in run.yaml"]);
    assert!(!place.path("out").exists());
}

/// A training gives its statistics and loads nothing.
#[test]
fn a_prediction_alone_is_that_of_the_run() {
    let run = Place::new();
    run.run(support::SMALL).with_code(0);
    let alone = Place::new();
    alone.write("run.yaml", support::SMALL);
    let ended = predict(&alone, &[]).with_code(0);
    assert!(!ended.stdout.contains("epoch"), "{}", ended.stdout);
    for (path, bytes) in alone.files("out") {
        assert!(bytes == run.files("out")[&path], "{}", path.display());
    }
    assert!(alone.path("out/mixed_gaussian.tiff").exists());
}

/// Two of three images are fine; of the other one a chunk cannot be decoded.
#[test]
fn damaged_images_are_left_out_or_filled_if_that_is_said() {
    let place = Place::new();
    for name in ["a", "b", "c"] {
        let pixel = |i: usize| u16::try_from(i % 999 + 1).unwrap();
        place.image(&format!("{name}.ome.zarr"), "ome_zarr", "YX", &[300, 200], pixel);
    }
    let chunk = place.path("b.ome.zarr/0/c/1/1");
    fs::write(&chunk, vec![0xab; 100]).unwrap();
    let config = with(PREDICT, "data_type: tiff", "data_type: zarr");
    let config = with(&config, "image.tiff", "[a.ome.zarr, b.ome.zarr, c.ome.zarr]");
    for (on_failure, batch_size, has_b) in
        [("skip", 1, false), ("skip", 7, false), ("{fill: 5}", 1, true), ("{fill: 5}", 64, true)]
    {
        let text = format!(
            "{config}  formats: tiff\n  on_failure: {on_failure}\n  batch_size: {batch_size}\noverwrite: true\n"
        );
        let _ = fs::remove_dir_all(place.path("out"));
        place.write("run.yaml", &text);
        let ended = predict(&place, &[]).with_code(3);
        ended.complains(&["tiles could not be read", "left_out.json names them, all else is written"]);
        ended.says("could not be read");
        let names = place.names("out");
        let images = |names: &[String]| -> Vec<String> {
            names.iter().filter(|name| name.ends_with(".tiff")).cloned().collect()
        };
        let expected: &[&str] = match has_b {
            true => &["a_identity.tiff", "b_identity.tiff", "c_identity.tiff"],
            false => &["a_identity.tiff", "c_identity.tiff"],
        };
        assert_eq!(images(&names), expected);
        assert!(names.iter().all(|name| !name.starts_with('.')), "{names:?}");
        let report = fs::read(place.path("out/left_out.json")).unwrap();
        let whole_run = place.files("out");
        let report: serde_json::Value = serde_json::from_slice(&report).unwrap();
        assert_eq!(report["on_failure"], if has_b { "fill" } else { "skip" });
        let tiles = report["tiles"].as_array().unwrap();
        assert!(!tiles.is_empty());
        for tile in tiles {
            assert!(tile["image"].as_str().unwrap().contains("b.ome.zarr"), "{tile}");
            assert!(tile["reason"].as_str().unwrap().contains("b.ome.zarr"), "{tile}");
        }
        let whole = read_image(&place.path("a.ome.zarr"), "YX").1.remove(0);
        assert_eq!(read_image(&place.path("out/c_identity.tiff"), "YX").1[0], whole);
        if has_b {
            let filled = read_image(&place.path("out/b_identity.tiff"), "YX").1.remove(0);
            let mut n_filled = 0;
            for ((place, pixel), is) in filled.indexed_iter().zip(&whole) {
                // Tiles of 16 pixels that reach into the chunk are filled.
                let is_in_chunk = (128..256).contains(&place.2) && place.3 >= 128;
                assert!(*pixel == 5.0 || pixel == is, "{place:?}");
                assert!(*pixel == 5.0 || !is_in_chunk, "{place:?}");
                n_filled += usize::from(*pixel == 5.0);
            }
            assert!((128 * 72..140 * 90).contains(&n_filled), "{n_filled}");
        }
        // Parts remember what they could not read until somebody finishes.
        fs::remove_dir_all(place.path("out")).unwrap();
        for part in ["1/2", "0/2"] {
            predict(&place, &["--shard", part]).with_code(0);
            assert!(!place.path("out/left_out.json").exists());
        }
        if has_b {
            // Nobody takes what was filled for predicted.
            place.write("run.yaml", &text.replace("on_failure: {fill: 5}", "on_failure: fail"));
            let told = "predict.on_failure.fill was 5, is not given";
            predict(&place, &["--finish"]).with_code(2).complains(&[told]);
            place.write("run.yaml", &text);
        }
        predict(&place, &["--finish"]).with_code(3).says("could not be read");
        same_but_report(&place, &whole_run);
        // So does a run that goes on.
        fs::remove_dir_all(place.path("out")).unwrap();
        predict(&place, &["--shard", "1/2"]).with_code(0);
        predict(&place, &["--resume"]).with_code(3).says("could not be read");
        same_but_report(&place, &whole_run);
    }
    // What could be read after all leaves no report.
    place.image("b.ome.zarr", "ome_zarr", "YX", &[300, 200], |i| u16::try_from(i % 999 + 1).unwrap());
    predict(&place, &["--overwrite"]).with_code(0);
    assert!(!place.path("out/left_out.json").exists());
    fs::write(&chunk, vec![0xab; 100]).unwrap();
    // Without a word it is a failure, and what was written stays.
    let _ = fs::remove_dir_all(place.path("out"));
    place.write("run.yaml", &format!("{config}  formats: tiff\n"));
    predict(&place, &[]).with_code(1).complains(&["b.ome.zarr"]);
    assert!(place.path(JOURNAL).exists());
    place.write("run.yaml", &format!("{config}  formats: tiff\n  on_failure: skip\n"));
    predict(&place, &["--resume"]).with_code(3).says("1 image is left out");
    assert!(place.path("out/c_identity.tiff").exists() && !place.path("out/b_identity.tiff").exists());
}

/// Nobody takes what an earlier run has written of an image for a result of this one.
#[test]
fn results_of_an_earlier_run_are_told_where_their_image_is_left_out() {
    let (place, repair) = damaged_place();
    let damaged = fs::read(place.path("b.ome.zarr/0/c/1/1")).unwrap();
    let text = fs::read_to_string(place.path("run.yaml")).unwrap();
    place.write("run.yaml", &with(&text, "{fill: 5}", "skip"));
    predict(&place, &[]).with_code(3);
    let report: serde_json::Value =
        serde_json::from_slice(&fs::read(place.path("out/left_out.json")).unwrap()).unwrap();
    assert!(report.get("earlier_results").is_none(), "{report}");
    ["0/0", "1/1"].iter().for_each(|chunk| repair(&place, chunk));
    predict(&place, &["--overwrite"]).with_code(0);
    let whole = place.files("out");
    fs::write(place.path("b.ome.zarr/0/c/1/1"), damaged).unwrap();
    let ended = predict(&place, &["--overwrite"]).with_code(3);
    ended.says("1 image is left out");
    ended.says("warning: 2 results of them are of an earlier run and still there: out/b_identity.ome.zarr");
    let report: serde_json::Value =
        serde_json::from_slice(&fs::read(place.path("out/left_out.json")).unwrap()).unwrap();
    let told = serde_json::json!(["out/b_identity.ome.zarr", "out/b_identity.tiff"]);
    assert_eq!(report["earlier_results"], told);
    same_but_report(&place, &whole.into_iter().chain([("left_out.json".into(), Vec::new())]).collect());
}

/// Three images, of one of which two chunks cannot be decoded; how they are repaired so that nobody notices.
fn damaged_place() -> (Place, impl Fn(&Place, &str)) {
    let place = Place::new();
    for name in ["a", "b", "c"] {
        let pixel = |i: usize| u16::try_from(i % 999 + 1).unwrap();
        place.image(&format!("{name}.ome.zarr"), "ome_zarr", "YX", &[300, 200], pixel);
    }
    let mut whole = BTreeMap::new();
    for chunk in ["0/0", "1/1"] {
        let path = place.path(format!("b.ome.zarr/0/c/{chunk}"));
        let changed = fs::metadata(&path).unwrap().modified().unwrap();
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, vec![0xab; bytes.len()]).unwrap();
        File::options().write(true).open(&path).unwrap().set_modified(changed).unwrap();
        whole.insert(chunk, (bytes, changed));
    }
    let repair = move |place: &Place, chunk: &str| {
        let (bytes, changed) = &whole[chunk];
        let path = place.path(format!("b.ome.zarr/0/c/{chunk}"));
        fs::write(&path, bytes).unwrap();
        File::options().write(true).open(&path).unwrap().set_modified(*changed).unwrap();
    };
    let config = with(PREDICT, "data_type: tiff", "data_type: zarr");
    let config = with(&config, "image.tiff", "[a.ome.zarr, b.ome.zarr, c.ome.zarr]");
    let formats = "[{name: ome_zarr, chunks: {y: 48, x: 48}, levels: 2, sharding: none}, {name: tiff, compression: zstd}]";
    place.write("run.yaml", &format!("{config}  formats: {formats}\n  on_failure: {{fill: 5}}\n"));
    (place, repair)
}

fn left_out(place: &Place) -> Vec<serde_json::Value> {
    let report: serde_json::Value =
        serde_json::from_slice(&fs::read(place.path("out/left_out.json")).unwrap()).unwrap();
    report["tiles"].as_array().unwrap().clone()
}

/// What was filled and is not finished becomes what the image is once that can be read.
#[test]
fn filled_tiles_of_images_that_were_repaired_are_predicted_anew() {
    let (whole, repair) = damaged_place();
    ["0/0", "1/1"].iter().for_each(|chunk| repair(&whole, chunk));
    predict(&whole, &[]).with_code(0);
    let whole = whole.files("out");
    let half = {
        let (half, repair) = damaged_place();
        repair(&half, "0/0");
        predict(&half, &[]).with_code(3);
        (left_out(&half).len(), half.files("out"))
    };
    let (place, repair) = damaged_place();
    for part in ["0/2", "1/2"] {
        predict(&place, &["--shard", part]).with_code(0).says("tiles could not be read, 5 stands in");
    }
    repair(&place, "0/0");
    // Those of the other chunk are filled again.
    let ended = predict(&place, &["--resume"]).with_code(3);
    ended.says(" tiles that were filled before can be read now, predicted anew");
    assert_eq!(left_out(&place).len(), half.0);
    same_but_report(&place, &half.1);

    let (place, repair) = damaged_place();
    for part in ["0/2", "1/2"] {
        predict(&place, &["--shard", part]).with_code(0);
    }
    ["0/0", "1/1"].iter().for_each(|chunk| repair(&place, chunk));
    predict(&place, &["--resume"]).with_code(0).says("predicted anew");
    same(&place, &whole);
}

#[test]
fn filled_tiles_of_finished_results_are_told() {
    let (place, repair) = damaged_place();
    for part in ["0/2", "1/2"] {
        predict(&place, &["--shard", part]).with_code(0);
    }
    // The first two images get their names, the third one does not.
    fs::write(place.path("out/c_identity.tiff"), "somebody's").unwrap();
    predict(&place, &["--resume"]).with_code(1).complains(&["c_identity.tiff has appeared"]);
    assert!(place.path("out/b_identity.tiff").exists());
    fs::remove_file(place.path("out/c_identity.tiff")).unwrap();
    ["0/0", "1/1"].iter().for_each(|chunk| repair(&place, chunk));
    predict(&place, &["--resume"]).with_code(3);
    let told = left_out(&place);
    assert!(!told.is_empty());
    for tile in told {
        let reason = tile["reason"].as_str().unwrap();
        assert!(reason.contains("it can be read now, but ") && reason.contains("b_identity.tiff"), "{tile}");
        assert!(reason.contains("had been finished with what was filled: predict the image again"), "{tile}");
    }
}

/// Also if the run is killed once what was predicted anew has its name.
#[test]
fn what_was_predicted_anew_is_not_told_as_filled() {
    let (whole, repair) = damaged_place();
    ["0/0", "1/1"].iter().for_each(|chunk| repair(&whole, chunk));
    predict(&whole, &[]).with_code(0);
    let (place, repair) = damaged_place();
    // The second half of b and all of c is left, so that c is finished last.
    predict(&place, &["--shard", "0/2"]).with_code(0).says("tiles could not be read, 5 stands in");
    ["0/0", "1/1"].iter().for_each(|chunk| repair(&place, chunk));
    let is_finished = || place.path("out/b_identity.tiff").exists();
    signal::killed_when(&place, &["predict", "run.yaml", "--resume"], is_finished);
    if place.path(JOURNAL).exists() {
        predict(&place, &["--resume"]).with_code(0);
    }
    same(&place, &whole.files("out"));
}

/// A repair that can be seen is another image, as for every prediction that is gone on with.
#[test]
fn images_that_changed_since_they_were_filled_are_refused() {
    let (place, repair) = damaged_place();
    predict(&place, &["--shard", "0/2"]).with_code(0);
    repair(&place, "0/0");
    let chunk = File::options().write(true).open(place.path("b.ome.zarr/0/c/0/0")).unwrap();
    chunk.set_modified(std::time::SystemTime::now()).unwrap();
    predict(&place, &["--resume"]).with_code(2).complains(&["image b was ", "changed"]);
}

/// The statistics of all images to predict are those of none if one of them cannot be read.
#[test]
fn statistics_of_all_images_need_all_of_them() {
    let (place, repair) = damaged_place();
    let text = fs::read_to_string(place.path("run.yaml")).unwrap();
    let text = with(&text, "normalization: {name: none}", "normalization: {name: mean_std}");
    for on_failure in ["{fill: 5}", "skip", "fail"] {
        place.write("run.yaml", &with(&text, "on_failure: {fill: 5}", &format!("on_failure: {on_failure}")));
        predict(&place, &[]).with_code(1).complains(&[
            "the normalization has statistics of all images to predict, one of which cannot be read",
            "predict.on_failure neither skips nor fills it",
            "repair it, take it out of predict.input, or give the statistics in data_config.normalization",
            "b.ome.zarr/0/c/",
        ]);
    }
    ["0/0", "1/1"].iter().for_each(|chunk| repair(&place, chunk));
    predict(&place, &[]).with_code(0);
}

/// The same results; parts may have met a tile at their border twice or in another order.
#[track_caller]
fn same_but_report(place: &Place, whole: &BTreeMap<PathBuf, Vec<u8>>) {
    let files = place.files("out");
    assert_eq!(files.keys().collect::<Vec<_>>(), whole.keys().collect::<Vec<_>>());
    for (path, bytes) in files.iter().filter(|(path, _)| !path.ends_with("left_out.json")) {
        assert!(bytes == &whole[path], "{} differs", path.display());
    }
}
